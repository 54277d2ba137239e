import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Channel, type ChannelLink } from '../../src/client/channel.ts';
import { SignalboxError } from '../../src/client/types.ts';

/** One end of a data channel. What it sends arrives at the other end at once, unless the line is dead. */
class Line extends EventTarget {
  readyState = 'open';
  isDead = false;
  other: Line | undefined;

  send(data: string): void {
    if (!this.isDead) this.other?.dispatchEvent(new MessageEvent('message', { data }));
  }

  close(): void {
    if (this.readyState === 'closed') return;
    this.readyState = 'closed';
    this.dispatchEvent(new Event('close'));
  }
}

/** Two channels, a data channel between them, and the server's way. `relayed` counts what goes that way. */
class Pair {
  readonly got: unknown[] = [];
  relayed = 0;
  /** What waits for the server, while that is away. */
  held: (() => void)[] | undefined;
  /** The longest frame that the server takes. */
  maxRelayed = Number.POSITIVE_INFINITY;
  lost = 0;
  readonly lines = [new Line(), new Line()] as const;
  readonly ada: Channel;
  ben: Channel;

  constructor() {
    this.ada = new Channel(
      'x',
      this.#link('a1', () => this.ben),
    );
    this.ben = new Channel(
      'x',
      this.#link('b1', () => this.ada),
    );
    this.ben.on('message', (data) => this.got.push(data));
  }

  connect([one, other] = this.lines): void {
    one.other = other;
    other.other = one;
    this.ada.attach(one as unknown as RTCDataChannel);
    this.ben.attach(other as unknown as RTCDataChannel);
  }

  setDead(isDead: boolean): void {
    for (const line of this.lines) line.isDead = isDead;
  }

  #link(mark: string, other: () => Channel): ChannelLink {
    return {
      mark,
      limit: { characters: Number.POSITIVE_INFINITY },
      relay: async ({ frame }) => {
        this.relayed += 1;
        const { length } = JSON.stringify(frame);
        if (length > this.maxRelayed) {
          throw new SignalboxError({ message: 'Too large.', extensions: { code: 'PAYLOAD_TOO_LARGE' } });
        }
        const deliver = () => other().receive(frame as unknown as Parameters<Channel['receive']>[0]);
        if (this.held) this.held.push(deliver);
        else deliver();
      },
      changed() {},
      lost: () => {
        this.lost += 1;
      },
    };
  }
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('messages go through the server until the data channel is open, and then over it', () => {
  const pair = new Pair();
  pair.ada.send(1);
  expect([pair.ada.direct, pair.relayed]).toEqual([false, 1]);
  pair.connect();
  pair.ada.send(2);
  expect([pair.ada.direct, pair.relayed]).toEqual([true, 1]);
  expect(pair.got).toEqual([1, 2]);
});

it('a data channel that goes silent is not used until it answers again, and nothing is lost or doubled', async () => {
  const pair = new Pair();
  pair.connect();
  pair.ada.send(1);
  await vi.advanceTimersByTimeAsync(1000);
  pair.setDead(true);
  pair.ada.send(2);
  pair.ada.send(3);
  expect(pair.got).toEqual([1]);
  await vi.advanceTimersByTimeAsync(4500);
  expect(pair.got).toEqual([1, 2, 3]);
  pair.ada.send(4);
  expect([pair.ada.direct, pair.relayed, pair.got.length]).toEqual([false, 3, 4]);

  pair.setDead(false);
  await vi.advanceTimersByTimeAsync(4500);
  expect(pair.ada.direct).toBe(true);
  pair.ada.send(5);
  expect(pair.relayed).toBe(3);
  expect(pair.got).toEqual([1, 2, 3, 4, 5]);
});

it('what was not confirmed when the data channel closes goes through the server', async () => {
  const pair = new Pair();
  pair.connect();
  for (let n = 0; n < 100; n++) pair.ada.send(n);
  pair.setDead(true);
  for (let n = 100; n < 200; n++) pair.ada.send(n);
  pair.lines[0].close();
  expect(pair.got).toEqual(Array.from({ length: 200 }, (_, n) => n));
  expect(pair.relayed).toBeLessThan(140);
  expect(pair.lost).toBe(1);
});

it('after a silence of the data channel, messages do not wait for a server that is away', async () => {
  const pair = new Pair();
  pair.connect();
  pair.ada.send(1);
  pair.setDead(true);
  pair.held = [];
  pair.ada.send(2);
  await vi.advanceTimersByTimeAsync(4500);
  pair.ada.send(3);
  expect([pair.ada.direct, pair.got]).toEqual([false, [1]]);
  pair.setDead(false);
  await vi.advanceTimersByTimeAsync(4500);
  pair.ada.send(4);
  expect(pair.got).toEqual([1, 2, 3, 4]);
  for (const deliver of pair.held) deliver();
  expect(pair.got).toEqual([1, 2, 3, 4]);
});

it('if another data channel takes the place of the first, frames that are not confirmed go through the server', () => {
  const pair = new Pair();
  pair.connect();
  pair.setDead(true);
  pair.ada.send(1);
  // A browser tells of the end later.
  for (const line of pair.lines) line.close = () => undefined;
  pair.connect([new Line(), new Line()]);
  expect(pair.got).toEqual([1]);
  pair.ada.send(2);
  expect([pair.got, pair.relayed]).toEqual([[1, 2], 1]);
});

it('a frame that was lost goes through the server, however often the peer confirms those before it', async () => {
  const pair = new Pair();
  pair.connect();
  pair.ada.send(1);
  pair.setDead(true);
  pair.ada.send(2);
  pair.setDead(false);
  for (let n = 3; n < 23; n++) {
    pair.ada.send(n);
    await vi.advanceTimersByTimeAsync(300);
  }
  expect(pair.got).toEqual(Array.from({ length: 22 }, (_, n) => n + 1));
});

it('more frames than a dead data channel may hold are never lost', () => {
  const pair = new Pair();
  pair.connect();
  pair.setDead(true);
  for (let n = 0; n < 2500; n++) pair.ada.send(n);
  expect(pair.got).toEqual(Array.from({ length: 2500 }, (_, n) => n));
});

it('a sender that has begun anew is understood from its first message on', () => {
  const pair = new Pair();
  const { ben, got } = pair;
  ben.receive(['old', 7, '"stale"', 0]);
  ben.receive(['new', 1, '"one"', 0]);
  for (let n = 2; n < 10; n++) ben.receive(['new', n, String(n), 0]);
  expect(got).toEqual(['one', 2, 3, 4, 5, 6, 7, 8, 9]);
});

it('a large message goes in parts, and is one message again', () => {
  const pair = new Pair();
  const text = '😀"\\'.repeat(20_000);
  pair.ada.send(text);
  expect(pair.relayed).toBeGreaterThan(5);
  expect(pair.got).toEqual([text]);
});

it('large messages go in pieces through a server that takes only small ones, and stay in order', async () => {
  const pair = new Pair();
  pair.maxRelayed = 700;
  const messages = ['a'.repeat(30_000), 1, '"'.repeat(5000), 'b'.repeat(13_000), 2];
  for (const message of messages) pair.ada.send(message);
  await vi.waitFor(() => expect(pair.got).toEqual(messages));
  // What the server takes is learned once.
  const { relayed } = pair;
  pair.ada.send('c'.repeat(1000));
  await vi.waitFor(() => expect(pair.got.at(-1)).toBe('c'.repeat(1000)));
  expect(pair.relayed - relayed).toBeLessThan(10);
});

it('pieces of a frame are dropped if the whole frame has come over the data channel', async () => {
  const { ben, got } = new Pair();
  ben.receive(['m', 1, '"ab', 0, 1]);
  ben.receive(['m', 1, '"abcd"', 0]);
  ben.receive(['m', 1, 'cd"', 0, 0]);
  ben.receive(['m', 2, '"e', 0, 1]);
  ben.receive(['m', 2, 'f"', 0, 0]);
  expect(got).toEqual(['abcd', 'ef']);
});

it('a channel emits an error if the server refuses even the smallest piece of a message', async () => {
  const pair = new Pair();
  pair.maxRelayed = 10;
  const error = pair.ada.once('error');
  pair.ada.send('hello');
  expect(await error).toMatchObject([{ code: 'PAYLOAD_TOO_LARGE' }]);
  expect(pair.got).toEqual([]);
});

it('G8: a peer cannot fill a page with messages to a channel that nobody listens to, or with long frames', () => {
  const link = { mark: 'b', limit: { characters: 1 }, relay: async () => null, changed() {}, lost() {} };
  const channel = new Channel('x', link as ChannelLink);
  const part = 'a'.repeat(12_000);
  const parts = 700;
  let n = 0;
  // Three messages of 8.4 million characters, of which the channel keeps at most 16 million.
  for (let message = 0; message < 3; message++) {
    for (let i = 0; i < parts; i++) {
      const text = (i === 0 ? '"' : '') + part.slice(2) + (i === parts - 1 ? '"' : '');
      channel.receive(['a', ++n, text, i === parts - 1 ? 0 : 1]);
    }
  }
  const got: unknown[] = [];
  channel.on('message', (data) => got.push(String(data).length));
  expect(got).toEqual([parts * 11_998]);
  channel.receive(['a', ++n, `"${part}"`, 0]);
  expect(got.length, 'no client sends such a frame').toBe(1);
});

it('a frame that was missing is taken, however many wait for it', () => {
  const link = { mark: 'b', limit: { characters: 1 }, relay: async () => null, changed() {}, lost() {} };
  const channel = new Channel('x', link as ChannelLink);
  const got: unknown[] = [];
  channel.on('message', (data) => got.push(data));
  for (let n = 2; n <= 1001; n++) channel.receive(['a', n, String(n), 0]);
  expect(got).toEqual([]);
  channel.receive(['a', 1, '1', 0]);
  expect(got.length).toBe(1001);
});
