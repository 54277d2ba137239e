import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'vitest';
import type { EntryId, Hub } from '../../../src/hub/hub.ts';
import { isCut, type Stream } from '../../../src/hub/stream.ts';
import { until } from '../../support/until.ts';
import { payload } from '../peer.ts';
import { again, type TwoNodes } from './support.ts';

/** What one session of the receiver is owed, and what it got. */
interface Session {
  /** Numbers from here on are of this session. */
  readonly from: number;
  readonly got: number[];
}

/** A peer that stays, as a client does: where its stream is cut it resumes, and where it must, joins again. */
class Stayer {
  readonly id: string;
  /** One more for each time that it was told `resumed: false`. */
  readonly sessions: Session[] = [];
  readonly #hub: Hub;
  readonly #sent: () => number;
  #cursor: EntryId | undefined;
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
    // Looked at when it stops; until then a failure is not for the process to end on.
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
          this.#cursor = message.id;
          if (message.type === 'Signal') this.sessions.at(-1)?.got.push(Number(message.data));
        }
      } catch (error) {
        if (!isCut(error)) throw error;
      }
      if (this.#stopped) return;
    }
  }

  async #open(): Promise<Stream> {
    const stream = await again(() => this.#hub.open({ id: this.id, username: this.id }, this.#cursor));
    this.#stream = stream;
    const { value } = await stream.next();
    if (value?.type !== 'Connected') throw new Error('A stream begins with Connected.');
    this.#cursor = value.id;
    if (!value.resumed) {
      await again(() => this.#hub.joinRoom(this.id, 'r', payload(null)));
      this.sessions.push({ from: this.#sent(), got: [] });
    }
    return stream;
  }
}

/**
 * Numbered messages from a peer on one node to a peer on the other, through whatever happens. What was
 * acknowledged arrives, once and in order, or the receiver is told that its session is over (G3).
 */
export class Traffic {
  readonly #hubs: TwoNodes;
  readonly #sender: Stayer;
  readonly #receiver: Stayer;
  readonly #acknowledged = new Set<number>();
  #next = 0;
  #refused = 0;
  #stopped = false;
  #paused = false;
  #onPause: () => void = () => undefined;
  #sending: Promise<void> = Promise.resolve();

  constructor(hubs: TwoNodes) {
    this.#hubs = hubs;
    this.#sender = new Stayer(hubs[0], 'sender', () => this.#next);
    this.#receiver = new Stayer(hubs[1], 'receiver', () => this.#next);
  }

  /** How many were acknowledged so far. */
  get acknowledged(): number {
    return this.#acknowledged.size;
  }

  /** How many were refused with UNAVAILABLE so far. */
  get refused(): number {
    return this.#refused;
  }

  /** How many times the receiver was told that its session was over. */
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

  /** Resolves when more was acknowledged than now. */
  async goesOn(): Promise<void> {
    const enough = this.acknowledged + 50;
    await until(() => this.acknowledged >= enough, 'messages are acknowledged');
  }

  /** Sends nothing until `resume`. Resolves when nothing is under way. */
  async pause(): Promise<void> {
    this.#paused = true;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onPause = resolve;
    await promise;
  }

  resume(): void {
    this.#paused = false;
  }

  /** Resolves when something was refused. */
  async stalls(): Promise<void> {
    const { refused } = this;
    await until(() => this.#refused > refused, 'messages are refused');
  }

  /** Ends it, and fails where anything that was acknowledged is missing, or came twice. */
  async check(): Promise<void> {
    this.#stopped = true;
    await this.#sending;
    const last = Math.max(...this.#acknowledged);
    await until(() => this.#receiver.sessions.at(-1)?.got.at(-1) === last, 'the last message has come');
    await this.#receiver.stop();
    await this.#sender.stop();
    for (const { from, got } of this.#receiver.sessions) {
      expect(got).toEqual([...new Set(got)].sort((a, b) => a - b));
      const upto = got.at(-1) ?? -1;
      const owed = [...this.#acknowledged].filter((n) => n > from && n <= upto);
      expect(owed.filter((n) => !got.includes(n))).toEqual([]);
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
