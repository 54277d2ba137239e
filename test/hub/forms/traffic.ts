import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'vitest';
import type { Cursor, Hub } from '../../../src/hub/hub.ts';
import { isCut, type Stream } from '../../../src/hub/stream.ts';
import { until } from '../../support/until.ts';
import { payload } from '../peer.ts';
import { again, type TwoNodes } from './support.ts';

/** The numbers that one session of the receiver received. */
interface Session {
  /** The last number sent before the session was in its room. Later numbers belong to the session. */
  readonly from: number;
  readonly received: number[];
}

/** A peer that behaves like a client: it resumes a cut stream, and joins again in a new session. */
class PersistentPeer {
  readonly id: string;
  /** One session for each `Connected` with `resumed: false`. */
  readonly sessions: Session[] = [];
  readonly #hub: Hub;
  readonly #sent: () => number;
  #cursor: Cursor | undefined;
  #stream: Stream | undefined;
  #stopped = false;
  #living: Promise<void> = Promise.resolve();

  constructor(hub: Hub, id: string, sent: () => number) {
    this.#hub = hub;
    this.id = id;
    this.#sent = sent;
  }

  async start(): Promise<void> {
    const stream = await this.#open();
    this.#living = this.#live(stream);
    // `stop` reports a failure. Until then it must not end the process as an unhandled rejection.
    this.#living.catch(() => undefined);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#stream?.return();
    await this.#living;
  }

  async #live(first: Stream): Promise<void> {
    for (let stream = first; ; stream = await this.#open()) {
      try {
        for await (const message of stream) {
          this.#cursor = message.cursor;
          if (message.type === 'Signal') this.sessions.at(-1)?.received.push(Number(message.data.text));
        }
      } catch (error) {
        if (!isCut(error)) throw error;
      }
      if (this.#stopped) return;
    }
  }

  async #open(): Promise<Stream> {
    const stream = await again(() =>
      this.#hub.open({ id: this.id, username: this.id, guest: false }, this.#cursor),
    );
    this.#stream = stream;
    const { value } = await stream.next();
    if (value?.type !== 'Connected') throw new Error('A stream begins with Connected.');
    this.#cursor = value.cursor;
    if (!value.resumed) {
      await again(() => this.#hub.joinRoom(this.id, 'r', payload(null)));
      this.sessions.push({ from: this.#sent(), received: [] });
    }
    return stream;
  }
}

/**
 * Sends numbered signals from a peer on one node to a peer on the other while a test breaks things. Each
 * acknowledged number must arrive once and in order, or the receiver must get a new session (G3).
 */
export class Traffic {
  readonly #hubs: TwoNodes;
  readonly #sender: PersistentPeer;
  readonly #receiver: PersistentPeer;
  readonly #acknowledged = new Set<number>();
  #next = 0;
  #refused = 0;
  #stopped = false;
  #paused = false;
  #onPause: () => void = () => undefined;
  #sending: Promise<void> = Promise.resolve();

  constructor(hubs: TwoNodes) {
    this.#hubs = hubs;
    this.#sender = new PersistentPeer(hubs[0], 'sender', () => this.#next);
    this.#receiver = new PersistentPeer(hubs[1], 'receiver', () => this.#next);
  }

  /** How many signals were acknowledged so far. */
  get acknowledged(): number {
    return this.#acknowledged.size;
  }

  /** How many signals were refused with UNAVAILABLE so far. */
  get refused(): number {
    return this.#refused;
  }

  /** How many times the receiver got a new session. */
  get restarts(): number {
    return this.#receiver.sessions.length - 1;
  }

  async start(): Promise<void> {
    await this.#receiver.start();
    await this.#sender.start();
    this.#sending = this.#send();
    this.#sending.catch(() => undefined);
    await this.goesOn();
  }

  /** Resolves when 50 more signals are acknowledged. */
  async goesOn(): Promise<void> {
    const enough = this.acknowledged + 50;
    await until(() => this.acknowledged >= enough, 'more signals are acknowledged');
  }

  /** Stops sending until `resume`. Resolves when no call is under way. */
  async pause(): Promise<void> {
    this.#paused = true;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onPause = resolve;
    await promise;
  }

  resume(): void {
    this.#paused = false;
  }

  /** Resolves when another signal is refused. */
  async stalls(): Promise<void> {
    const { refused } = this;
    await until(() => this.#refused > refused, 'a signal is refused');
  }

  /** Stops the traffic. Fails if an acknowledged number is missing, arrived twice or arrived out of order. */
  async check(): Promise<void> {
    this.#stopped = true;
    await this.#sending;
    const last = Math.max(...this.#acknowledged);
    await until(
      () => this.#receiver.sessions.at(-1)?.received.at(-1) === last,
      'the last signal has arrived',
    );
    await this.#receiver.stop();
    await this.#sender.stop();
    for (const { from, received } of this.#receiver.sessions) {
      expect(received).toEqual([...new Set(received)].sort((a, b) => a - b));
      const lastReceived = received.at(-1) ?? -1;
      const expected = [...this.#acknowledged].filter((n) => n > from && n <= lastReceived);
      expect(expected.filter((n) => !received.includes(n))).toEqual([]);
    }
  }

  async #send(): Promise<void> {
    for (; !this.#stopped; await pause(2)) {
      if (this.#paused) {
        this.#onPause();
        continue;
      }
      this.#next += 1;
      const n = this.#next;
      try {
        await this.#hubs[0].relay(this.#sender.id, 'r', this.#receiver.id, 'n', payload(n));
        this.#acknowledged.add(n);
      } catch (error) {
        const { code = '' } = error as { code?: string };
        if (code === 'UNAVAILABLE') this.#refused += 1;
        else if (!/^(?:NOT_CONNECTED|NOT_IN_ROOM|PEER_NOT_IN_ROOM)$/.test(code)) throw error;
      }
    }
  }
}
