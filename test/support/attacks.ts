import { setTimeout as sleep } from 'node:timers/promises';
import { AddressedGuest, aliases } from './addressed-guest.ts';
import type { Body } from './client.ts';

/** What an attack came to. */
export interface Toll {
  /** Requests that the node did. */
  done: number;
  /** Requests that it refused with `RATE_LIMITED`. */
  limited: number;
}

export interface Attack {
  readonly name: string;
  /** Whether the attacker meets a limit within a second. */
  readonly limitedSoon: boolean;
  /** Attacks the room `r`, in which others are too, until the time is over. */
  readonly run: (url: string, seconds: number) => Promise<Toll>;
}

export const page = 'x'.repeat(60_000);
/** Half of what the bound of a room allows. */
const largeStates = 20;

/** Asks again and again, at most so often a second, until the time is over. */
export async function repeat(seconds: number, perSecond: number, ask: () => Promise<Body>): Promise<Toll> {
  const toll = { done: 0, limited: 0 };
  const start = performance.now();
  for (let n = 0; ; n++) {
    const waitMs = (n / perSecond) * 1000 - (performance.now() - start);
    if (waitMs > 1) await sleep(waitMs);
    if (performance.now() - start > seconds * 1000) return toll;
    const { errors } = await ask();
    if (errors?.some(({ extensions }) => extensions?.code === 'RATE_LIMITED')) toll.limited += 1;
    else toll.done += 1;
  }
}

export function sumOf(tolls: readonly Toll[]): Toll {
  return tolls.reduce((all, { done, limited }) => ({
    done: all.done + done,
    limited: all.limited + limited,
  }));
}

/** One guest with a stream. */
export async function attacker(url: string): Promise<AddressedGuest> {
  const guest = await AddressedGuest.arrive(url, 'mallory');
  await guest.open();
  return guest;
}

export async function alone(url: string, work: (guest: AddressedGuest) => Promise<Toll>): Promise<Toll> {
  const guest = await attacker(url);
  try {
    return await work(guest);
  } finally {
    guest.leave();
  }
}

/** Guests with large states in a room. */
export async function fillRoom(url: string, roomId: string): Promise<AddressedGuest[]> {
  const guests: AddressedGuest[] = [];
  for (let i = 0; i < largeStates; i++) {
    const guest = await attacker(url);
    await guest.ask(
      'mutation ($roomId: ID!, $state: JSON) { joinRoom(roomId: $roomId, state: $state) { id } }',
      {
        roomId,
        state: page,
      },
    );
    guests.push(guest);
  }
  return guests;
}

/** Each is one client that asks for more than its share. */
export const attacks: readonly Attack[] = [
  {
    name: '20 aliases of a 60 KB broadcast, at 10 Mb/s',
    limitedSoon: true,
    run: (url, seconds) =>
      alone(url, async (guest) => {
        await guest.ask('mutation { joinRoom(roomId: "r") { id } }');
        const query = aliases(
          'mutation ($d: JSON)',
          20,
          'broadcast(roomId: "r", event: "m", data: $d) { cursor }',
        );
        return repeat(seconds, 20, () => guest.ask(query, { d: page }));
      }),
  },
  {
    name: 'joins and leaves in a loop',
    limitedSoon: true,
    run: (url, seconds) =>
      alone(url, async (guest) => {
        const pair = (i: number) => `j${i}: joinRoom(roomId: "r") { id } l${i}: leaveRoom(roomId: "r")`;
        const query = `mutation { ${Array.from({ length: 10 }, (_, i) => pair(i)).join(' ')} }`;
        return repeat(seconds, 1000, () => guest.ask(query));
      }),
  },
  {
    name: 'joins and leaves of a room of large states',
    limitedSoon: true,
    run: async (url, seconds) => {
      const guests = await fillRoom(url, 'large');
      try {
        return await alone(url, async (guest) => {
          const pair = (i: number) =>
            `j${i}: joinRoom(roomId: "large") { id } l${i}: leaveRoom(roomId: "large")`;
          const query = `mutation { ${Array.from({ length: 10 }, (_, i) => pair(i)).join(' ')} }`;
          return repeat(seconds, 1000, () => guest.ask(query));
        });
      } finally {
        for (const guest of guests) guest.leave();
      }
    },
  },
  {
    name: 'rooms of large states read again and again',
    limitedSoon: true,
    run: async (url, seconds) => {
      const guests = await fillRoom(url, 'read');
      try {
        return await alone(url, async (guest) => {
          await guest.ask('mutation { joinRoom(roomId: "read") { id } }');
          return repeat(seconds, 1000, () => guest.ask('{ rooms { members { state } } }'));
        });
      } finally {
        for (const guest of guests) guest.leave();
      }
    },
  },
  {
    name: '60 streams with selections of their own',
    limitedSoon: true,
    run: async (url, seconds) => {
      const toll = { done: 0, limited: 0 };
      const guests: AddressedGuest[] = [];
      try {
        for (let i = 0; i < 60; i++) {
          const guest = await AddressedGuest.arrive(url, `mallory ${i}`);
          const names = Array.from({ length: 200 }, (_, n) => `s${i}x${n}: cursor`).join(' ');
          if (await guest.open(`subscription { messages { ${names} } }`)) toll.done += 1;
          else toll.limited += 1;
          await guest.ask('mutation { joinRoom(roomId: "r") { id } }');
          guests.push(guest);
        }
        const [first] = guests;
        await repeat(seconds, 1000, async () => {
          return (await first?.ask('mutation { broadcast(roomId: "r", event: "m") { cursor } }')) ?? {};
        });
        return toll;
      } finally {
        for (const guest of guests) guest.leave();
      }
    },
  },
  {
    name: 'a resume repeated with one cursor',
    limitedSoon: true,
    run: (url, seconds) =>
      alone(url, async (guest) => {
        const other = await attacker(url);
        for (const each of [guest, other]) await each.ask('mutation { joinRoom(roomId: "own") { id } }');
        const { data } = await other.ask('mutation { broadcast(roomId: "own", event: "m") { cursor } }');
        const { cursor: after } = (data as { broadcast: { cursor: string } }).broadcast;
        const query = aliases(
          'mutation ($d: JSON)',
          12,
          'broadcast(roomId: "own", event: "m", data: $d) { cursor }',
        );
        await other.ask(query, { d: page });
        const toll = { done: 0, limited: 0 };
        await repeat(seconds, 200, async () => {
          const opened = await guest.open(
            'subscription ($after: ID) { messages(after: $after) { cursor ... on Signal { data } } }',
            { after },
          );
          if (opened) toll.done += 1;
          else toll.limited += 1;
          return {};
        });
        other.leave();
        return toll;
      }),
  },
  {
    name: 'guests without end',
    limitedSoon: false,
    run: (url, seconds) =>
      alone(url, async (guest) => {
        const query = aliases('mutation', 20, 'access(username: "x") { token }');
        const both = await Promise.all(
          Array.from({ length: 4 }, () => repeat(seconds, 1000, () => guest.ask(query))),
        );
        return sumOf(both);
      }),
  },
];
