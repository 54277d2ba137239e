import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { SignalboxError } from '../../errors.ts';
import { NewestTurn } from '../../limits/newest-turn.ts';
import type { Census } from '../../monitor.ts';
import { Backlogs } from '../backlogs.ts';
import { CutLog } from '../cut-log.ts';
import { draining, spread, tooManyStreams } from '../drain.ts';
import { heapShare } from '../heap-share.ts';
import type { Connected, Cursor, HubOptions, Join, Peer } from '../hub.ts';
import type { Pass } from '../pass.ts';
import type { RoomView } from '../room-view.ts';
import { fullIdOf, idIn } from '../spaces.ts';
import type { CutReason, Stream } from '../stream.ts';
import { StreamAges } from '../stream-ages.ts';
import { Beats, beatMs, lastBeatMs } from './beats.ts';
import { connected, connectForCommands, startFailure } from './connect/connection.ts';
import { Listener } from './listener.ts';
import { Neighbours, type Reach, type Readiness } from './neighbours.ts';
import type { Dispatch } from './scripts/dispatch.ts';
import { Scripts, turnTimeoutMs } from './scripts/scripts.ts';
import { CatchUp } from './streams/catch-up.ts';
import { ClosedStreams } from './streams/closed-streams.ts';
import { KeyRenewal } from './streams/key-renewal.ts';
import type { LocalStream } from './streams/local-stream.ts';
import { LocalStreams } from './streams/local-streams.ts';
import { WriteTimes } from './write-times.ts';

export interface NodeOptions extends HubOptions {
  readonly url: string;
  /** Deployments with different prefixes can share a Redis. They know nothing of one another. */
  readonly prefix: string;
  /** How nodes reach one another without Redis. Without it, no node finds out that it alone has lost Redis. */
  readonly reach?: Reach;
}

/** The most streams beyond MAX_STREAMS are those of sessions that go on, and no more than as many again. */
const sessionsPerStream = 2;

/**
 * This node: it coordinates the streams that it holds, its beats, its listener, and its door to Redis.
 *
 * Scripts send it the dispatches for its streams. If it misses some, it notices, and catches up with snapshots. Streams
 * that close while Redis is away are reported when Redis is back.
 */
export class RedisNode {
  readonly scripts: Scripts;
  readonly #options: NodeOptions;
  readonly #log: Logger;
  readonly #id = randomUUID().slice(0, 8);
  readonly #commands: Redis;
  readonly #listener: Listener;
  readonly #streams: LocalStreams;
  readonly #cuts: CutLog;
  readonly #ages: StreamAges;
  readonly #beats: Beats;
  readonly #neighbours: Neighbours;
  readonly #catchUp: CatchUp;
  readonly #keys: KeyRenewal;
  readonly #closedStreams: ClosedStreams;
  readonly #writes: WriteTimes | undefined;
  /** A peer has one session, so only its newest open matters. */
  readonly #opens = new NewestTurn(turnTimeoutMs);
  #draining = false;
  #closed = false;

  constructor(options: NodeOptions) {
    const { url, prefix, graceMs, monitor } = options;
    this.#options = options;
    this.#writes = monitor && new WriteTimes(monitor);
    const log = options.log.child({ node: this.#id });
    this.#log = log;
    // The scripts make the same name, for `PUBLISH`.
    const channel = `{${prefix}}:node:${this.#id}`;
    this.#commands = connectForCommands(url, log, channel);
    this.scripts = new Scripts(this.#commands, prefix, this.#id, options);
    this.#closedStreams = new ClosedStreams(this.scripts, log);
    this.#cuts = new CutLog(log, monitor);
    this.#ages = new StreamAges(options.maxStreamMs);
    this.#streams = new LocalStreams(
      this.#id,
      (stream, reason) => this.#onStreamClosed(stream, reason),
      new Backlogs(heapShare('backlogs'), log),
    );
    this.#neighbours = new Neighbours(
      { reach: options.reach, graceMs, beatMs },
      (other) => {
        log.warn({ other }, 'redis: another node hears it, and this one does not: its streams are cut');
        this.#streams.cutAll('alone');
        this.#cuts.summarize();
      },
      log,
    );
    this.#beats = new Beats(
      this.scripts,
      graceMs,
      this.#neighbours,
      {
        beaten: () => this.#onBeaten(),
        failed: () => monitor?.beat(false),
        givenUp: () => {
          log.warn('this node was given up by the others, or forgotten by Redis: its streams are cut');
          this.#streams.cutAll('hub');
          this.#cuts.summarize();
        },
        takenOver: () => {
          log.info('redis: another Redis answers than before: catching up with all that it knows');
          this.#streams.holdAll();
          this.#closedStreams.suspect();
        },
        misplaced: (message) => {
          log.error(`${message} This node does not serve: its streams are cut`);
          this.#streams.cutAll('hub');
          this.#cuts.summarize();
        },
        commandsDead: () => {
          if (this.#commands.status !== 'ready') return;
          log.warn('redis: no answer: connecting anew');
          this.#commands.disconnect(true);
        },
        listenerDead: () => this.#listener.reconnect(),
      },
      log,
    );
    this.#listener = new Listener(
      { url, channel, commands: this.#commands, answers: (run) => this.#beats.answeredBy(run), log },
      {
        connected: () => this.#beats.listenerConnected(),
        resubscribed: () => {
          this.#streams.holdAll();
          void this.#catchUpNow();
        },
        disagreed: () => {
          this.#streams.holdAll();
          void this.#beats.beat();
        },
        dispatched: (dispatch) => this.#onDispatch(dispatch),
      },
    );
    this.#keys = new KeyRenewal(this.#streams, this.scripts, log);
    this.#catchUp = new CatchUp({
      streams: this.#streams,
      scripts: this.scripts,
      mayAsk: () => !this.#listener.connectionsDisagree,
      log,
      monitor,
    });
  }

  /** Rejects with UNAVAILABLE and the reason. */
  async start(): Promise<void> {
    try {
      await Promise.all([connected(this.#commands), this.#listener.connect()]);
      await this.#listener.subscribe();
      await this.#beats.start();
    } catch (error) {
      this.#closed = true;
      this.#disconnect();
      throw startFailure(this.#commands, error);
    }
    this.#commands.on('ready', () => {
      // Redis may have run scripts of the connection before, without an answer.
      this.#closedStreams.suspect();
      void this.#beats.beat();
    });
  }

  get ready(): boolean {
    return !this.#draining && this.scripts.available && this.#beats.alive;
  }

  get census(): Census {
    return this.#streams.census;
  }

  /** How the node presents itself to others. */
  get sign(): Readiness {
    return { nodeId: this.#id, silentMs: this.#beats.silentMs };
  }

  open(
    peer: Peer,
    after: Cursor | undefined,
    joins: readonly Join[],
    view: RoomView,
    pass: Pass,
  ): Promise<Stream> {
    return this.#opens.run(fullIdOf(peer), () => this.#open(peer, after, joins, view, pass));
  }

  async #open(
    peer: Peer,
    after: Cursor | undefined,
    joins: readonly Join[],
    view: RoomView,
    pass: Pass,
  ): Promise<Stream> {
    const peerId = fullIdOf(peer);
    if (this.#draining) throw new SignalboxError('UNAVAILABLE', draining);
    // A session keeps its place for the grace period: only Redis can tell whether this one goes on. If the peer's older
    // stream is here, it makes way.
    const full = this.#streams.size >= this.#options.maxStreams && !this.#streams.hasStreamOf(peerId);
    const noPlace = this.#streams.size >= sessionsPerStream * this.#options.maxStreams;
    if (full && (after === undefined || noPlace)) throw new SignalboxError('UNAVAILABLE', tooManyStreams);
    // The stream would receive nothing.
    if (this.#beats.listenerDead || this.#neighbours.alone) throw new SignalboxError('UNAVAILABLE');
    const local = this.#streams.admit(peerId);
    const ticket = this.#streams.begin(local);
    try {
      const opened = await this.scripts.open({ peer, stream: local.name, after, joins, view, full, pass });
      const { cursor, resumed, rooms, openedMs, snapshot } = opened;
      local.openedMs = openedMs;
      const opening: Connected = { type: 'Connected', cursor, peer, resumed, rooms };
      if (!ticket.settle(snapshot, opening)) void this.#catchUpNow();
      return this.#ages.add(local.stream);
    } catch (error) {
      await local.stream.return();
      throw error;
    }
  }

  async drain(overMs: number): Promise<void> {
    this.#draining = true;
    await spread(this.#streams.all, overMs, (stream) => stream.cut('shutdown'));
    this.#cuts.summarize();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    await this.drain(0);
    this.#closed = true;
    this.#ages.stop();
    this.#beats.stop();
    await this.#tellPrimary();
    try {
      await this.#closedStreams.tell();
      await this.scripts.retire();
    } catch (error) {
      const reason = String(error);
      this.#log.warn({ reason }, 'redis: could not sign off; the other nodes will notice');
    }
    this.#disconnect();
  }

  /**
   * The primary may have changed a moment ago, and this node may be the only one that knows of ids which the one before
   * gave. So it connects anew, to the primary of now, and tells them (G3).
   */
  async #tellPrimary(): Promise<void> {
    const over = AbortSignal.timeout(lastBeatMs);
    if (this.#commands.status === 'ready') this.#commands.disconnect(true);
    try {
      do await once(this.#commands, 'ready', { signal: over });
      while (!(await this.#beats.beat()));
    } catch {
      this.#log.warn('redis: no last beat, because it cannot be reached');
    }
  }

  #onStreamClosed({ replaced, peerId, name }: LocalStream, reason: CutReason | undefined): void {
    this.#cuts.add(idIn(peerId), reason);
    // Redis has already taken this stream from the session.
    if (replaced) return;
    // Do this also if `open` failed: the script may have run, and only its reply was lost.
    this.#closedStreams.add(peerId, name);
    void this.#closedStreams.tell();
  }

  #onDispatch(dispatch: Dispatch): void {
    this.#writes?.arrived();
    this.scripts.noteNewestId(dispatch.newest);
    if (dispatch.kind === 'beat') this.#beats.heard();
    if (this.#streams.receive(dispatch)) void this.#catchUpNow();
    if (dispatch.kind === 'disowned') this.#cuts.summarize();
  }

  /** Redis answers. Does the work that had to wait while Redis was away. */
  #onBeaten(): void {
    this.#options.monitor?.beat(true);
    void this.#closedStreams.tell();
    void this.#catchUpNow();
    void this.#keys.run();
    if (!this.#draining) this.#ages.look();
    void this.#closedStreams.reconcile((name) => this.#streams.has(name));
  }

  async #catchUpNow(): Promise<void> {
    await this.#catchUp.run();
    this.#cuts.summarize();
  }

  #disconnect(): void {
    this.#commands.disconnect();
    this.#listener.disconnect();
  }
}
