import { randomUUID } from 'node:crypto';
import { RedisPubSub } from 'graphql-redis-subscriptions';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { SignalboxError } from '../../errors.ts';
import { fullOfStreams, goingDown, spread } from '../drain.ts';
import type { Connected, EntryId, HubOptions, Profile } from '../hub.ts';
import type { Stream } from '../stream.ts';
import { inBatches } from './batches.ts';
import { connected, connectForCommands, connectForMessages, startFailure } from './connection.ts';
import { Departures } from './departures.ts';
import { type DispatchJson, type OpenReply, type SnapshotReply, toDispatch, toSnapshot } from './dispatch.ts';
import { Liveness } from './liveness.ts';
import type { LocalSession } from './local-session.ts';
import { Scripts } from './scripts.ts';
import { Switchboard } from './switchboard.ts';

export interface NodeOptions extends HubOptions {
  readonly url: string;
  /** Deployments with other prefixes share a Redis and know nothing of one another. */
  readonly prefix: string;
  readonly log: Logger;
}

/** How long it may take to make the connection that listens, with all that is said on it before it does. */
const listenLimitMs = 8000;
/** So many snapshots are asked for at once when a node has missed something. */
const atOnce = 64;

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
  readonly #departures: Departures;
  #catchingUp = false;
  /** Which Redis told what came last, by the beginning of its run id; empty: nothing came yet. */
  #teller = '';
  /** Whether Redis may know of streams that this node has no more. */
  #outdated = false;
  /** When the connection that listens was lost, or could not be made, the last time. */
  #unconnectedSince = 0;
  #draining = false;
  #closed = false;

  constructor(options: NodeOptions) {
    this.#options = options;
    this.#log = options.log.child({ node: this.#id });
    this.#commands = connectForCommands(options.url, this.#log, this.#channel);
    this.#subscriber = connectForMessages(options.url, this.#log, this.#channel);
    this.#pubsub = new RedisPubSub({ publisher: this.#commands, subscriber: this.#subscriber });
    this.scripts = new Scripts(this.#commands, options.prefix, options);
    this.#departures = new Departures(this.scripts, this.#log);
    this.#board = new Switchboard(this.#id, ({ replaced, peerId, name }) => {
      if (replaced) return;
      // It is gone, or was opened in Redis by a script whose answer did not come.
      this.#departures.add(peerId, name);
      void this.#departures.tell();
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
        takenOver: () => {
          this.#log.info('redis: another process serves than before: catching up with all that it knows');
          this.#board.holdAll();
          this.#outdated = true;
        },
        mute: () => {
          if (this.#commands.status !== 'ready') return;
          this.#log.warn('redis: no answer: connecting anew');
          this.#commands.disconnect(true);
        },
        deaf: () => {
          // One that is being made takes several round trips, and on a slow line has not heard anything yet.
          const isMade = this.#subscriber.status === 'ready';
          if (!isMade && performance.now() - this.#unconnectedSince < listenLimitMs) return;
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
    this.#commands.on('ready', () => {
      // What was asked on the connection before may have come, without an answer.
      this.#outdated = true;
      void this.#liveness.beat();
    });
    this.#subscriber.on('close', () => {
      this.#unconnectedSince = performance.now();
    });
    this.#subscriber.on('ready', () => {
      this.#liveness.listening();
      void this.#listenAgain();
    });
  }

  get ready(): boolean {
    return !this.#draining && this.scripts.available && this.#liveness.alive;
  }

  async open(profile: Profile, after?: EntryId): Promise<Stream> {
    if (this.#draining) throw new SignalboxError('UNAVAILABLE', goingDown);
    if (this.#board.size >= this.#options.maxStreams) throw new SignalboxError('UNAVAILABLE', fullOfStreams);
    // A stream would bring nothing.
    if (this.#liveness.isDeaf) throw new SignalboxError('UNAVAILABLE');
    const session = this.#board.admit(profile.id);
    const { holes } = this.#board;
    try {
      const reply = await this.scripts.open(
        profile.id,
        JSON.stringify({ id: profile.id, username: profile.username }),
        this.#id,
        session.name,
        after ?? '',
      );
      const [resumed, id, told, opened, ...snapshotReply] = reply as OpenReply;
      session.openedMs = opened;
      const snapshot = toSnapshot(snapshotReply, profile.id, id);
      const rooms = told === 1 ? snapshot.rooms : undefined;
      this.#liveness.saw(Number(id));
      const isResumed = resumed === 1;
      const opening: Connected = { type: 'Connected', id, peer: profile, resumed: isResumed, rooms };
      if (this.#board.settle(session, snapshot, holes, opening)) void this.#catchUp();
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
    await spread(this.#board.sessions, overMs, (session) => session.cut('shutdown'));
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    await this.drain(0);
    this.#closed = true;
    this.#liveness.stop();
    try {
      await this.#departures.tell();
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

  /**
   * Whether one Redis tells and another one answers: there is another primary, and one of the connections
   * has not moved yet. What is told then follows on what is not known here.
   */
  get #astray(): boolean {
    return !this.#liveness.isOf(this.#teller);
  }

  #receive(message: DispatchJson): void {
    const dispatch = toDispatch(message);
    const wasAstray = this.#astray;
    this.#teller = dispatch.run;
    if (this.#astray) {
      if (wasAstray) return;
      this.#board.holdAll();
      void this.#liveness.beat();
      return;
    }
    this.#liveness.saw(dispatch.newest);
    if (dispatch.kind === 'beat') this.#liveness.heard();
    if (this.#board.receive(dispatch)) void this.#catchUp();
  }

  /** The connection that listens was lost and is back: what came in between is to be caught up with. */
  async #listenAgain(): Promise<void> {
    try {
      await this.#subscriber.subscribe(this.#channel);
      this.#teller = '';
      this.#board.holdAll();
      await this.#catchUp();
    } catch (error) {
      this.#log.warn({ reason: String(error) }, 'redis: could not listen again; trying when connected');
    }
  }

  /** Asks for a snapshot of every session that waits for one. What fails is tried again with the next beat. */
  async #catchUp(): Promise<void> {
    if (this.#catchingUp || this.#astray) return;
    this.#catchingUp = true;
    try {
      await inBatches(this.#board.waiting, atOnce, (session) => this.#sync(session));
    } catch (error) {
      this.#log.warn({ reason: String(error) }, 'could not catch up; trying again');
    }
    this.#catchingUp = false;
  }

  /** Resolves to how many bytes that brought. */
  async #sync(session: LocalSession): Promise<number> {
    const { holes } = this.#board;
    const { peerId, name, lastId, openedMs } = session;
    try {
      const reply = await this.scripts.run('sync', peerId, this.#id, name, lastId, openedMs);
      if (session.stream.closed) return 0;
      if (reply === null) {
        session.cut('hub');
        return 0;
      }
      const snapshot = toSnapshot(reply as SnapshotReply, peerId, lastId);
      this.#board.settle(session, snapshot, holes);
      return snapshot.missed.reduce((sum, { bytes }) => sum + bytes, 0);
    } catch (error) {
      if (!(error instanceof SignalboxError) || error.code !== 'REPLACED') throw error;
      session.replace();
      return 0;
    }
  }

  /** What could not be done while Redis was away. */
  #settleAccounts(): void {
    void this.#departures.tell();
    void this.#catchUp();
    if (this.#outdated) void this.#disclaim();
  }

  /** Compares the streams that Redis takes for this node's with those that there are. */
  async #disclaim(): Promise<void> {
    this.#outdated = false;
    try {
      await this.#departures.discover(this.#id, (name) => this.#board.has(name));
    } catch (error) {
      this.#outdated = true;
      this.#log.warn({ reason: String(error) }, 'could not compare streams with Redis; trying again');
    }
    await this.#departures.tell();
  }

  #disconnect(): void {
    this.#commands.disconnect();
    this.#subscriber.disconnect();
  }
}
