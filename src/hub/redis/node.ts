import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { RedisPubSub } from 'graphql-redis-subscriptions';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { SignalboxError } from '../../errors.ts';
import type { EntryId, Profile } from '../hub.ts';
import { fullOfStreams, goingDown } from '../refusals.ts';
import type { Stream } from '../stream.ts';
import { connected, connectForCommands, connectForMessages, startFailure } from './connection.ts';
import { type DispatchJson, type SnapshotReply, toDispatch, toSnapshot } from './dispatch.ts';
import { Liveness } from './liveness.ts';
import type { LocalSession } from './local-session.ts';
import { Scripts } from './scripts.ts';
import { Switchboard } from './switchboard.ts';

export interface NodeOptions {
  readonly url: string;
  /** Deployments with other prefixes share a Redis and know nothing of one another. */
  readonly prefix: string;
  readonly log: Logger;
  readonly graceMs: number;
  readonly maxStreams: number;
}

/** So many snapshots are asked for at once when a node has missed something. */
const snapshotsAtOnce = 64;

/**
 * One process of a deployment: the streams that it holds, and its life in the eyes of the others.
 *
 * The scripts tell it on a channel of its own what is for its streams. What it misses there it notices,
 * and catches up with; what Redis could not be told while it was away is told later.
 */
export class RedisNode {
  readonly scripts: Scripts;
  readonly #options: NodeOptions;
  readonly #log: Logger;
  readonly #id = randomUUID().slice(0, 8);
  readonly #commands: Redis;
  readonly #subscriber: Redis;
  readonly #pubsub: RedisPubSub;
  readonly #board: Switchboard;
  readonly #liveness: Liveness;
  /** Streams that are gone, and that Redis has not been told of yet: name -> peer. */
  readonly #departed = new Map<string, string>();
  #catchingUp = false;
  #draining = false;
  #closed = false;

  constructor(options: NodeOptions) {
    this.#options = options;
    this.#log = options.log.child({ node: this.#id });
    this.#commands = connectForCommands(options.url, this.#log, this.#channel);
    this.#subscriber = connectForMessages(options.url, this.#log, this.#channel);
    this.#pubsub = new RedisPubSub({ publisher: this.#commands, subscriber: this.#subscriber });
    this.scripts = new Scripts(this.#commands, options.prefix, options.graceMs);
    this.#board = new Switchboard(this.#id, (session) => {
      if (!session.replaced) void this.#depart(session);
    });
    this.#liveness = new Liveness(
      this.scripts,
      this.#id,
      options.graceMs,
      {
        beaten: () => this.#settleAccounts(),
        givenUp: () => {
          this.#log.warn('this node was given up by the others, or forgotten by Redis: its streams are cut');
          this.#board.cutAll('hub');
        },
        mute: () => {
          if (this.#commands.status !== 'ready') return;
          this.#log.warn('redis: no answer: connecting anew');
          this.#commands.disconnect(true);
        },
        deaf: () => {
          this.#log.warn('redis: beats do not come back: listening anew');
          this.#subscriber.disconnect(true);
        },
      },
      this.#log,
    );
  }

  async start(): Promise<void> {
    try {
      await Promise.all([connected(this.#commands), connected(this.#subscriber)]);
      // Refused here, it is refused to us: the pub/sub leaves a rejection of its own unhandled.
      await this.#subscriber.subscribe(this.#channel);
      await this.#pubsub.subscribe(this.#channel, (message: DispatchJson) => this.#receive(message));
      await this.#liveness.start();
    } catch (error) {
      this.#closed = true;
      this.#disconnect();
      throw startFailure(this.#commands, error);
    }
    this.#commands.on('ready', () => void this.#liveness.beat());
    this.#subscriber.on('ready', () => void this.#listenAgain());
  }

  get ready(): boolean {
    return !this.#draining && this.scripts.available && this.#liveness.alive;
  }

  async open(profile: Profile, after?: EntryId): Promise<Stream> {
    if (this.#draining) throw new SignalboxError('UNAVAILABLE', goingDown);
    if (this.#board.size >= this.#options.maxStreams) throw new SignalboxError('UNAVAILABLE', fullOfStreams);
    if (!this.scripts.available) throw new SignalboxError('UNAVAILABLE');
    const session = this.#board.admit(profile.id);
    const { holes } = this.#board;
    try {
      const reply = await this.scripts.run(
        'open',
        profile.id,
        JSON.stringify({ id: profile.id, username: profile.username }),
        this.#id,
        session.name,
        after ?? '',
      );
      const [resumed, id, ...snapshotReply] = reply as [number, EntryId, ...SnapshotReply];
      const snapshot = toSnapshot(snapshotReply, profile.id);
      const { rooms } = snapshot;
      this.#liveness.saw(Number(id));
      session.settle(snapshot, { type: 'Connected', id, peer: profile, resumed: resumed === 1, rooms });
      this.#settled(session, holes);
      return session.stream;
    } catch (error) {
      await session.stream.return();
      throw error;
    }
  }

  /** Redis has told of an id. */
  saw(id: EntryId): void {
    this.#liveness.saw(Number(id));
  }

  async drain(overMs: number): Promise<void> {
    this.#draining = true;
    const begun = performance.now();
    const sessions = this.#board.sessions;
    for (const [i, session] of sessions.entries()) {
      const early = (overMs * i) / sessions.length - (performance.now() - begun);
      // Several that are due within one tick of a timer go together.
      if (early > 0) await setTimeout(early);
      session.cut('shutdown');
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    await this.drain(0);
    this.#closed = true;
    this.#liveness.stop();
    try {
      await Promise.all(Array.from(this.#departed, ([name, peerId]) => this.#tellDeparted(name, peerId)));
      await this.scripts.run('retire', this.#id);
    } catch (error) {
      this.#log.warn({ reason: String(error) }, 'redis: could not take leave; the other nodes will notice');
    }
    this.#disconnect();
  }

  /** The scripts make the same name, for `PUBLISH`. */
  get #channel(): string {
    return `{${this.#options.prefix}}:node:${this.#id}`;
  }

  #receive(message: DispatchJson): void {
    const dispatch = toDispatch(message);
    this.#liveness.saw(dispatch.newest, dispatch.run);
    if (dispatch.kind === 'beat') this.#liveness.heard();
    if (this.#board.receive(dispatch)) void this.#catchUp();
  }

  /** The connection that listens was lost and is back: what came in between is to be caught up with. */
  async #listenAgain(): Promise<void> {
    try {
      await this.#subscriber.subscribe(this.#channel);
      this.#board.holdAll();
      await this.#catchUp();
    } catch (error) {
      this.#log.warn({ reason: String(error) }, 'redis: could not listen again; trying when connected');
    }
  }

  /** A session has its snapshot. Where something was missed after that was asked for, it needs another. */
  #settled(session: LocalSession, holes: number): void {
    if (holes !== this.#board.holes) session.hold();
    this.#board.settled(session);
    if (session.waiting) void this.#catchUp();
  }

  /** Asks for a snapshot of every session that waits for one. What fails is tried again with the next beat. */
  async #catchUp(): Promise<void> {
    if (this.#catchingUp) return;
    this.#catchingUp = true;
    try {
      const waiting = this.#board.waiting.filter(({ lastId }) => lastId !== '0');
      for (let i = 0; i < waiting.length; i += snapshotsAtOnce) {
        await Promise.all(waiting.slice(i, i + snapshotsAtOnce).map((session) => this.#sync(session)));
      }
    } catch (error) {
      this.#log.warn({ reason: String(error) }, 'could not catch up; trying again');
    } finally {
      this.#catchingUp = false;
    }
  }

  async #sync(session: LocalSession): Promise<void> {
    const { holes } = this.#board;
    const reply = await this.scripts.run('sync', session.peerId, this.#id, session.name, session.lastId);
    if (session.stream.closed) return;
    if (reply === null) {
      session.cut('hub');
      return;
    }
    session.settle(toSnapshot(reply as SnapshotReply, session.peerId));
    this.#settled(session, holes);
  }

  /** What could not be done while Redis was away. */
  #settleAccounts(): void {
    for (const [name, peerId] of this.#departed) this.#tellDeparted(name, peerId).catch(() => {});
    void this.#catchUp();
  }

  /** A stream is gone, or may have been opened in Redis by a script whose answer did not come. */
  async #depart(session: LocalSession): Promise<void> {
    this.#departed.set(session.name, session.peerId);
    await this.#tellDeparted(session.name, session.peerId).catch((error: Error) => {
      this.#log.debug({ reason: error.message }, 'a stream is gone, which Redis cannot be told now');
    });
  }

  async #tellDeparted(name: string, peerId: string): Promise<void> {
    await this.scripts.run('detach', peerId, name);
    this.#departed.delete(name);
  }

  #disconnect(): void {
    this.#commands.disconnect();
    this.#subscriber.disconnect();
  }
}
