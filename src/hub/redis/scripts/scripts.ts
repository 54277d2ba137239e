import type { Redis } from 'ioredis';
import { SignalboxError } from '../../../errors.ts';
import type { JsonText } from '../../../json-text.ts';
import type { Bounds } from '../../bounds.ts';
import type { Cursor, Join, Member, Peer, Receipt, Room } from '../../hub.ts';
import { commandTimeoutMs } from '../connect/connection.ts';
import { type Argument, Commands } from './commands.ts';
import { ConcurrencyLimit } from './concurrency-limit.ts';
import { type ConstantOptions, luaConstants, type ScriptName } from './lua-source.ts';
import * as replies from './replies.ts';

/**
 * At most this many replies with rooms are awaited at a time. Each may have megabytes, which Redis keeps in memory
 * until the node has read them (G8). A reply of `sync` may too, but its caller sends it in batches.
 */
const maxRoomReplies = 64;
/** A call that waits longer for its turn fails, in time for an answer within 2 s (G10). */
const turnTimeoutMs = 400;

export interface Open {
  readonly peer: Peer;
  readonly nodeId: string;
  /** A name for the stream, which no other stream ever has. */
  readonly stream: string;
  readonly after: Cursor | undefined;
  /** The rooms to enter (G15). */
  readonly joins?: readonly Join[];
}

export interface Broadcast {
  /** The id of the sender. */
  readonly from: string;
  readonly roomId: string;
  readonly event: string;
  readonly data: JsonText;
  /** A message of the session with the same key is not sent again (G14). */
  readonly key?: string | undefined;
}

export interface Relay extends Broadcast {
  /** The id of the receiver. */
  readonly to: string;
}

export interface Sync {
  readonly peerId: string;
  readonly nodeId: string;
  readonly stream: string;
  /** The cursor of the last message that the stream was given. */
  readonly after: Cursor;
  readonly openedMs: number;
}

export interface Beat {
  readonly nodeId: string;
  /** How often a node beats. */
  readonly beatMs: number;
  /** A node that is silent for longer is given up. */
  readonly leaseMs: number;
  /** About how many sessions and rooms to look after at most. */
  readonly batch: number;
  /** The run id of the Redis that answered the last beat; empty: none. */
  readonly run: string;
  /** The newest id that Redis has told of; 0: none. */
  readonly newestId: number;
}

/**
 * The one door to Redis. Each method is one script: one round trip, atomic.
 *
 * Methods reject with the error codes that the script's header names, or with UNAVAILABLE if Redis cannot serve. After
 * each new connection a beat has to go first. Another Redis may answer than before, and until a beat has shown what
 * it knows, nothing else is sent to it.
 */
export class Scripts {
  readonly #commands: Commands;
  readonly #roomReplies = new ConcurrencyLimit(maxRoomReplies, turnTimeoutMs);
  #available = false;
  /** The number of the present connection. */
  #connection = 1;
  /** How far Redis's clock is ahead of `performance.now`, or less, by the time that a reply takes. */
  #clockMs = 0;
  #newestId = 0;

  constructor(redis: Redis, prefix: string, options: ConstantOptions, logBounds?: Bounds) {
    this.#commands = new Commands(redis, prefix, luaConstants(options, logBounds));
    redis.on('close', () => {
      this.#available = false;
      this.#connection += 1;
    });
  }

  /** Whether Redis can be reached, and a beat has shown what it knows. */
  get available(): boolean {
    return this.#available;
  }

  /** The newest id that Redis has told this node of, in a reply or in a dispatch; 0: none (G3). */
  get newestId(): number {
    return this.#newestId;
  }

  /** Redis has told of an id. Before a beat, it does not count: it may come from another Redis than the last beat's. */
  noteNewestId(id: number): void {
    if (id > this.#newestId && this.#available) this.#newestId = id;
  }

  /** Opens a stream: on the present connection and while the reply is awaited, or not at all. */
  open({ peer, nodeId, stream, after = '', joins = [] }: Open): Promise<replies.Opened> {
    const { id, username, guest } = peer;
    const json = JSON.stringify({ id, username, guest });
    return this.#roomReplies.through(() => {
      const deadline = Math.floor(performance.now() + this.#clockMs + commandTimeoutMs);
      const rooms = joins.flatMap(({ roomId, state }) => [roomId, state.text]);
      const args = [id, json, nodeId, stream, after, this.#connection, deadline, ...rooms];
      return this.#run('open', args, replies.toOpened(id));
    });
  }

  join(peerId: string, roomId: string, state: JsonText): Promise<Room> {
    return this.#roomReplies.through(() => this.#run('join', [peerId, roomId, state.text], replies.toJoined));
  }

  /** Resolves to false if the peer was not in the room. */
  leave(peerId: string, roomId: string): Promise<boolean> {
    return this.#run('leave', [peerId, roomId], replies.toLeft);
  }

  relay({ from, roomId, to, event, data, key = '' }: Relay): Promise<Receipt> {
    return this.#run('relay', [from, roomId, to, JSON.stringify(event), data.text, key], replies.toReceipt);
  }

  broadcast({ from, roomId, event, data, key = '' }: Broadcast): Promise<Receipt> {
    return this.#run('broadcast', [from, roomId, JSON.stringify(event), data.text, key], replies.toReceipt);
  }

  setState(peerId: string, roomId: string, state: JsonText): Promise<Member> {
    return this.#run('set_state', [peerId, roomId, state.text], replies.toMember);
  }

  /** Resolves to undefined if the peer is not in the room. */
  async room(peerId: string, roomId: string): Promise<Room | undefined> {
    const rooms = await this.#rooms(peerId, roomId);
    return rooms?.[0];
  }

  /** Resolves to undefined if the rooms are too large for one answer. */
  rooms(peerId: string): Promise<readonly Room[] | undefined> {
    return this.#rooms(peerId, '');
  }

  /** What became of a session whose stream has missed dispatches. */
  sync({ peerId, nodeId, stream, after, openedMs }: Sync): Promise<replies.Synced> {
    const args = [peerId, nodeId, stream, after, openedMs];
    return this.#run('sync', args, replies.toSynced(peerId, after));
  }

  /**
   * A stream has been closed for so many milliseconds. Resolves to false if that changed nothing, because the session
   * has another stream or has ended.
   */
  detach(peerId: string, stream: string, closedForMs: number): Promise<boolean> {
    return this.#run('detach', [peerId, stream, closedForMs], replies.toDetached);
  }

  /** The streams that the node holds according to Redis, about `count` of them. Without `page`: the first. */
  heldStreams(nodeId: string, count: number, page = '0'): Promise<replies.HeldStreams> {
    return this.#run('held', [nodeId, page, count], replies.toHeldStreams);
  }

  /** The node shuts down. */
  retire(nodeId: string): Promise<undefined> {
    return this.#run('retire', [nodeId], replies.toRetired);
  }

  /** The node lives. After this, the other scripts may run. */
  async beat({ nodeId, beatMs, leaseMs, batch, run, newestId }: Beat): Promise<replies.Beaten> {
    const args = [nodeId, beatMs, leaseMs, batch, run, newestId, this.#connection];
    const beaten = await this.#send('beat', args, replies.toBeaten);
    this.#clockMs = beaten.nowMs - performance.now();
    this.#available = true;
    return beaten;
  }

  #rooms(peerId: string, roomId: string): Promise<readonly Room[] | undefined> {
    return this.#roomReplies.through(() => this.#run('rooms', [peerId, roomId], replies.toRooms));
  }

  async #run<Reply, Result>(
    name: Exclude<ScriptName, 'beat'>,
    args: readonly Argument[],
    parse: (reply: Reply) => replies.Told<Result>,
  ): Promise<Result> {
    if (!this.#available || this.#commands.full) throw new SignalboxError('UNAVAILABLE');
    return this.#send(name, args, parse);
  }

  async #send<Reply, Result>(
    name: ScriptName,
    args: readonly Argument[],
    parse: (reply: Reply) => replies.Told<Result>,
  ): Promise<Result> {
    const { newestId, result } = parse((await this.#commands.send(name, args)) as Reply);
    this.noteNewestId(newestId);
    return result;
  }
}
