import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Body, type Peer, readBody } from './client.ts';

/** The attackers' address, as a proxy in front would write it. The node needs TRUST_PROXY=1. */
const attackers = '10.6.6.6';

/** What an attack came to. */
export interface Toll {
  /** Requests that the node did. */
  done: number;
  /** Requests that it refused with `RATE_LIMITED`. */
  limited: number;
}

/** A guest from one address, which need not be that of its connection. */
export class AddressedGuest {
  readonly peer: Peer;
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 4 });
  readonly #streams: IncomingMessage[] = [];

  private constructor(url: string, peer: Peer, headers: Readonly<Record<string, string>>) {
    this.#url = url;
    this.peer = peer;
    this.#headers = headers;
  }

  static async arrive(url: string, username: string, address = attackers): Promise<AddressedGuest> {
    const anonymous = new AddressedGuest(
      url,
      { id: '', username, guest: true },
      { 'x-forwarded-for': address },
    );
    const query =
      'mutation ($name: String!) { access(username: $name) { token peer { id username guest } } }';
    const { data, errors } = await anonymous.ask(query, { name: username });
    if (!data) throw new Error(`No access: ${errors?.[0]?.message}`);
    const { token, peer } = (data as { access: { token: string; peer: Peer } }).access;
    anonymous.#agent.destroy();
    return new AddressedGuest(url, peer, { 'x-forwarded-for': address, authorization: `Bearer ${token}` });
  }

  get headers(): Readonly<Record<string, string>> {
    return this.#headers;
  }

  async ask(query: string, variables: object = {}): Promise<Body> {
    const response = await this.#post('application/json', JSON.stringify({ query, variables }));
    return readBody(response);
  }

  /** Opens a stream and reads it, without a look at what comes. Resolves to whether it was opened. */
  async open(query = 'subscription { messages { cursor } }', variables: object = {}): Promise<boolean> {
    const response = await this.#post('text/event-stream', JSON.stringify({ query, variables }), false);
    response.on('error', () => undefined).resume();
    this.#streams.push(response);
    return response.headers['content-type']?.startsWith('text/event-stream') ?? false;
  }

  /** Closes its connections. */
  leave(): void {
    for (const stream of this.#streams) stream.destroy();
    this.#agent.destroy();
  }

  async #post(accept: string, text: string, shared = true): Promise<IncomingMessage> {
    const req = request(`${this.#url}/graphql`, {
      method: 'POST',
      agent: shared ? this.#agent : false,
      headers: { accept, 'content-type': 'application/json', ...this.#headers },
    });
    req.end(text);
    const [response] = (await once(req, 'response')) as [IncomingMessage];
    return response;
  }
}

/** An operation with one root field under many names. */
export function aliases(kind: string, count: number, field: string): string {
  return `${kind} { ${Array.from({ length: count }, (_, i) => `a${i}: ${field}`).join(' ')} }`;
}

export interface Attack {
  readonly name: string;
  /** Whether the attacker meets a limit within a second. */
  readonly limitedSoon: boolean;
  /** Attacks the room `r`, in which others are too, until the time is over. */
  readonly run: (url: string, seconds: number) => Promise<Toll>;
}

const page = 'x'.repeat(60_000);
/** Half of what the bound of a room allows. */
const largeStates = 20;

/** Asks again and again, at most so often a second, until the time is over. */
async function repeat(seconds: number, perSecond: number, ask: () => Promise<Body>): Promise<Toll> {
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

/** One guest with a stream. */
async function attacker(url: string): Promise<AddressedGuest> {
  const guest = await AddressedGuest.arrive(url, 'mallory');
  await guest.open();
  return guest;
}

async function alone(url: string, work: (guest: AddressedGuest) => Promise<Toll>): Promise<Toll> {
  const guest = await attacker(url);
  try {
    return await work(guest);
  } finally {
    guest.leave();
  }
}

/** Guests with large states in a room. */
async function fillRoom(url: string, roomId: string): Promise<AddressedGuest[]> {
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

/** Each is one client that takes more than its share. */
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
        return {
          done: both.reduce((sum, { done }) => sum + done, 0),
          limited: both.reduce((sum, { limited }) => sum + limited, 0),
        };
      }),
  },
];
