import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { AddressedGuest, aliases, attackersAddress } from './addressed-guest.ts';
import { type Attack, alone, attacker, fillRoom, page, repeat, sumOf, type Toll } from './attacks.ts';

/** Sockets of the attackers' address. When there are more than `max`, the oldest is closed. */
class Sockets {
  opened = 0;
  readonly #port: number;
  readonly #max: number;
  readonly #open = new Set<Socket>();

  constructor(url: string, max: number) {
    this.#port = Number(new URL(url).port);
    this.#max = max;
  }

  get size(): number {
    return this.#open.size;
  }

  /** Opens one, writes the text, and reads nothing. Undefined if the node does not take it. */
  async open(text: string): Promise<Socket | undefined> {
    const socket = connect({ port: this.#port, host: '127.0.0.1', localAddress: attackersAddress });
    // `close` follows an error.
    socket.on('error', () => undefined);
    socket.on('close', () => this.#open.delete(socket));
    this.#open.add(socket);
    try {
      await once(socket, 'connect');
    } catch {
      return undefined;
    }
    this.opened += 1;
    socket.pause();
    socket.write(text);
    const [oldest] = this.#open;
    if (this.#open.size > this.#max) oldest?.destroy();
    return socket;
  }

  close(): void {
    for (const socket of this.#open) socket.destroy();
  }
}

/** Opens sockets with this text at a rate per second until the time is over, and holds at most `max` of them. */
async function flood(
  url: string,
  seconds: number,
  perSecond: number,
  max: number,
  text: string,
): Promise<Toll> {
  const sockets = new Sockets(url, max);
  await repeat(seconds, perSecond, async () => {
    await sockets.open(text);
    return {};
  });
  sockets.close();
  return { done: sockets.opened, limited: 0 };
}

function post(body: string, headers: Readonly<Record<string, string>> = {}, length = body.length): string {
  const lines = Object.entries({
    ...headers,
    'Content-Type': 'application/json',
    Accept: 'application/json',
  });
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return `POST /graphql HTTP/1.1\r\nHost: localhost\r\n${head}Content-Length: ${length}\r\n\r\n${body}`;
}

const getPage = 'GET /draw/r HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\n\r\n';
const halfTokens = 'eyJ-'.repeat(3000);
/** 60 KB of JSON that takes a hundred times as much in memory if it is parsed. */
const emptyObjects = `[${'{},'.repeat(20_000)}{}]`;

const unfinishedHead = `GET /health HTTP/1.1\r\nX: ${'x'.repeat(15_000)}`;

/** Each makes a node hold, parse or log as much as one address can. */
export const floods: readonly Attack[] = [
  {
    name: 'pages that nobody reads',
    limitedSoon: false,
    run: (url, seconds) => flood(url, seconds, 20, 40, getPage.repeat(200)),
  },
  {
    name: 'answers that nobody reads',
    limitedSoon: false,
    run: async (url, seconds) => {
      const guests = await fillRoom(url, 'unread');
      const [first] = guests;
      const ask = post(JSON.stringify({ query: '{ rooms { members { state } } }' }), first?.headers);
      try {
        return await flood(url, seconds, 20, 100, ask.repeat(20));
      } finally {
        for (const guest of guests) guest.leave();
      }
    },
  },
  {
    name: 'bodies that never end',
    limitedSoon: false,
    run: (url, seconds) => flood(url, seconds, 50, 600, post('x'.repeat(250_000), {}, 300_000)),
  },
  {
    name: 'idle connections',
    limitedSoon: false,
    run: (url, seconds) => flood(url, seconds, 200, 7000, ''),
  },
  {
    name: 'headers that never end',
    limitedSoon: false,
    run: (url, seconds) => flood(url, seconds, 400, 7000, unfinishedHead),
  },
  {
    name: 'connections that are not HTTP, and half tokens',
    limitedSoon: false,
    run: async (url, seconds) => {
      const [one, other] = await Promise.all([
        flood(url, seconds, 100, 50, 'nonsense\r\n\r\n'),
        flood(url, seconds, 20, 50, post('{}', { Authorization: `Bearer ${halfTokens}` })),
      ]);
      return { done: one.done + other.done, limited: 0 };
    },
  },
  {
    name: 'streams without end',
    limitedSoon: false,
    run: async (url, seconds) => {
      const guests: AddressedGuest[] = [];
      const toll = { done: 0, limited: 0 };
      try {
        await repeat(seconds, 100, async () => {
          const guest = await AddressedGuest.arrive(url, 'mallory');
          guests.push(guest);
          if (await guest.open()) toll.done += 1;
          else toll.limited += 1;
          if (guests.length > 3000) guests.shift()?.leave();
          return {};
        });
      } finally {
        for (const guest of guests) guest.leave();
      }
      return toll;
    },
  },
  {
    name: 'cursors that are made up',
    limitedSoon: false,
    run: (url, seconds) =>
      alone(url, async (guest) => {
        const toll = { done: 0, limited: 0 };
        await repeat(seconds, 100, async () => {
          const after = String(Math.round((Date.now() + (Math.random() - 0.5) * 100_000) * 1000));
          const query = 'subscription ($after: ID) { messages(after: $after) { cursor } }';
          if (await guest.open(query, { after })) toll.done += 1;
          else toll.limited += 1;
          return {};
        });
        return toll;
      }),
  },
  {
    name: 'large states in as many rooms as allowed',
    limitedSoon: false,
    run: async (url, seconds) => {
      const guests: AddressedGuest[] = [];
      let n = 0;
      const join = (i: number) => `a${i}: joinRoom(roomId: "states ${n} ${i}", state: $s) { id }`;
      try {
        return await repeat(seconds, 20, async () => {
          n += 1;
          const guest = await attacker(url);
          guests.push(guest);
          if (guests.length > 500) guests.shift()?.leave();
          const joins = Array.from({ length: 16 }, (_, i) => join(i)).join(' ');
          return guest.ask(`mutation ($s: JSON) { ${joins} }`, { s: `${n} ${page}` });
        });
      } finally {
        for (const guest of guests) guest.leave();
      }
    },
  },
  {
    name: 'large messages to peers that are away',
    limitedSoon: false,
    run: (url, seconds) =>
      alone(url, async (guest) => {
        await guest.ask('mutation { joinRoom(roomId: "away") { id } }');
        return repeat(seconds, 20, async () => {
          const away = await attacker(url);
          await away.ask('mutation { joinRoom(roomId: "away") { id } }');
          away.leave();
          const query = 'mutation ($d: JSON) { broadcast(roomId: "away", event: "m", data: $d) { cursor } }';
          return guest.ask(query, { d: `${Math.random()} ${page}` });
        });
      }),
  },
  {
    name: 'small messages to guests of its own',
    limitedSoon: false,
    run: (url, seconds) =>
      alone(url, async (guest) => {
        await guest.ask('mutation { joinRoom(roomId: "small") { id } }');
        const others: AddressedGuest[] = [];
        for (let i = 0; i < 20; i++) {
          const other = await AddressedGuest.arrive(url, 'mallory');
          await other.open(`subscription { messages { s${i}: cursor ... on Signal { data } } }`);
          await other.ask('mutation { joinRoom(roomId: "small") { id } }');
          others.push(other);
        }
        const query = aliases('mutation', 20, 'broadcast(roomId: "small", event: "m", data: 1) { cursor }');
        const tolls = await Promise.all(others.map((other) => repeat(seconds, 20, () => other.ask(query))));
        for (const other of others) other.leave();
        return sumOf(tolls);
      }),
  },
  {
    name: 'large requests beyond the limit',
    limitedSoon: false,
    run: (url, seconds) =>
      alone(url, async (guest) => {
        const variables = `{"a":${emptyObjects},"b":${emptyObjects},"c":${emptyObjects}}`;
        const text = `{"query":"{ me { id } }","variables":${variables}}`;
        return sumOf(
          await Promise.all(
            Array.from({ length: 4 }, () => repeat(seconds, 1000, () => guest.askText(text))),
          ),
        );
      }),
  },
];
