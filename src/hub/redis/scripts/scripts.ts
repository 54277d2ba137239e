import { type Redis, ReplyError } from 'ioredis';
import { SignalboxError } from '../../../errors.ts';
import type { JsonText } from '../../../json-text.ts';
import { FairQueue } from '../../../limits/fair-queue.ts';
import type { Monitor } from '../../../monitor.ts';
import type { Bounds } from '../../bounds.ts';
import type { Delivery, JoinedRoom, Member, Receipt, Room } from '../../hub.ts';
import type { Moderator, Removal } from '../../moderation.ts';
import { plainPass } from '../../pass.ts';
import { type RoomView, wholeRoom } from '../../room-view.ts';
import { fullIdOf } from '../../spaces.ts';
import { commandTimeoutMs } from '../connect/connection.ts';
import {
  type Beat,
  type Broadcast,
  flag,
  moderatorArguments,
  type Open,
  openArguments,
  type Relay,
  relayArguments,
  type Sent,
  type Sync,
  sendArguments,
  signalOf,
} from './arguments.ts';
import { BeatRounds } from './beat-rounds.ts';
import { type Argument, Commands } from './commands.ts';
import { LateCalls } from './late-calls.ts';
import { type ConstantOptions, luaConstants, type ScriptName } from './lua-source.ts';
import { OtherLayout } from './other-layout.ts';
import { RelayBatch } from './relay-batch.ts';
import * as replies from './replies.ts';

/**
 * At most this many replies with rooms are awaited at a time. Each may have megabytes, which Redis keeps in memory
 * until the node has read them (G8). A reply of `sync` may be as large, but the caller of `sync` limits them itself.
 */
const maxRoomReplies = 64;
/** At most this many of them are for one peer: a peer with more calls delays only itself (G13). */
const maxRoomRepliesPerPeer = 2;
/** A call that waits longer for its turn fails, in time for an answer within 2 s (G10). */
export const turnTimeoutMs = 400;

export interface ScriptOptions extends ConstantOptions {
  /** Measures each script. */
  readonly monitor?: Monitor | undefined;
}

/** The scripts that carry out a call of a client. Redis refuses them if they are late (lua/lib/calls.lua). */
type CallName =
  | 'open'
  | 'join'
  | 'leave'
  | 'relay'
  | 'broadcast'
  | 'set_state'
  | 'send'
  | 'remove_peer'
  | 'close_room';

/**
 * All scripts, as methods. Each method runs one script, in one round trip, and is atomic.
 *
 * Methods reject with the error codes that the script's header names, or with UNAVAILABLE if Redis cannot serve. After
 * each new connection, a beat has to go first: another Redis may answer than before. Nothing else is sent until a beat
 * has shown the newest id that this Redis knows.
 *
 * If a call of a client fails, it has no effect after that (G2).
 */
export class Scripts {
  readonly #commands: Commands;
  readonly #rounds: BeatRounds;
  readonly #nodeId: string;
  readonly #roomReplies = new FairQueue({
    maxRunning: maxRoomReplies,
    maxRunningPerKey: maxRoomRepliesPerPeer,
    waitTimeoutMs: turnTimeoutMs,
  });
  readonly #relays: RelayBatch;
  #available = false;
  /** The number of the present connection. */
  #connection = 1;
  /** How far Redis's clock is ahead of `performance.now`: too small by the time of one reply, and never too large. */
  #clockMs = 0;
  /** The offset of the steady clock that belongs to it. */
  #offsetMs = 0;
  readonly #lateCalls = new LateCalls();
  #newestId = 0;

  /** `nodeId`: the node that runs the scripts. */
  constructor(redis: Redis, prefix: string, nodeId: string, options: ScriptOptions, logBounds?: Bounds) {
    this.#nodeId = nodeId;
    this.#commands = new Commands(redis, prefix, luaConstants(options, logBounds), options.monitor);
    this.#rounds = new BeatRounds(this.#commands);
    this.#relays = new RelayBatch(
      (relays) => this.#call('relay', relays.flatMap(relayArguments), replies.toRelayed),
      (work) => this.#commands.atEndOfTurn(work),
    );
    redis.on('close', () => {
      this.#available = false;
      this.#rounds.disconnected();
      this.#connection += 1;
    });
  }

  /** Whether Redis can be reached, and a beat has shown the newest id that it knows. */
  get available(): boolean {
    return this.#available;
  }

  /** The address of this machine on its way to Redis. Undefined before the first connection. */
  get localAddress(): string | undefined {
    return this.#commands.localAddress;
  }

  /** The newest id that Redis has told this node of, in a reply or in a dispatch; 0: none (G3). */
  get newestId(): number {
    return this.#newestId;
  }

  /** Notes an id from a reply or a dispatch of the Redis that answered the last beat. */
  noteNewestId(id: number): void {
    if (id > this.#newestId) this.#newestId = id;
  }

  open(open: Open): Promise<replies.Opened> {
    const id = fullIdOf(open.peer);
    return this.#roomReplies.run(id, () => this.#call('open', openArguments(open), replies.toOpened(id)));
  }

  join(
    peerId: string,
    roomId: string,
    state: JsonText,
    view = wholeRoom,
    pass = plainPass,
  ): Promise<JoinedRoom> {
    const args = [peerId, roomId, state.text, flag(view.members), JSON.stringify(pass)];
    return this.#roomReplies.run(peerId, () => this.#call('join', args, replies.toJoined));
  }

  /** Resolves to false if the peer was not in the room. */
  leave(peerId: string, roomId: string): Promise<boolean> {
    return this.#call('leave', [peerId, roomId], replies.toLeft);
  }

  /** The relays of one turn of the event loop are sent together. */
  relay(relay: Relay): Promise<Receipt & Delivery> {
    return this.#relays.add(relay);
  }

  broadcast({ from, roomId, event, data, key = '' }: Broadcast): Promise<Receipt & Delivery> {
    const args = [from, roomId, signalOf(roomId, event), data.text, key];
    return this.#call('broadcast', args, replies.toReceipt);
  }

  setState(peerId: string, roomId: string, state: JsonText): Promise<Member & Delivery> {
    return this.#call('set_state', [peerId, roomId, state.text], replies.toMember);
  }

  /** Resolves to undefined if the peer is not in the room. */
  async room(peerId: string, roomId: string, view = wholeRoom): Promise<Room | undefined> {
    const rooms = await this.#rooms(peerId, roomId, view);
    return rooms?.[0];
  }

  /** Resolves to undefined if the rooms are too large for one answer. */
  rooms(peerId: string, view = wholeRoom): Promise<readonly Room[] | undefined> {
    return this.#rooms(peerId, '', view);
  }

  /** A moderator's signal to one member, or to all members. */
  send(by: Moderator, signal: Sent): Promise<Receipt & Delivery> {
    return this.#call('send', sendArguments(by, signal), replies.toReceipt);
  }

  removePeer(by: Moderator, roomId: string, peerId: string): Promise<Removal> {
    return this.#call('remove_peer', [...moderatorArguments(by), roomId, peerId], replies.toRemoval);
  }

  closeRoom(by: Moderator, roomId: string): Promise<Removal> {
    return this.#call('close_room', [...moderatorArguments(by), roomId], replies.toRemoval);
  }

  /** Resolves to undefined if nobody is in the room. */
  async moderatedRoom(by: Moderator, roomId: string, view = wholeRoom): Promise<Room | undefined> {
    const args = [...moderatorArguments(by), roomId, flag(view.members)];
    const id = fullIdOf(by.peer);
    const rooms = await this.#roomReplies.run(id, () => this.#run('room', args, replies.toRooms));
    return rooms?.[0];
  }

  /** Reads the present state of a session whose stream has missed dispatches. */
  sync({ peerId, stream, after, openedMs }: Sync): Promise<replies.Synced> {
    const args = [peerId, this.#nodeId, stream, after, openedMs];
    return this.#run('sync', args, replies.toSynced(peerId, after));
  }

  /**
   * Tells Redis that a stream has been closed for `closedForMs`. Resolves to false if that changed nothing, because the
   * session has another stream or has ended.
   */
  detach(peerId: string, stream: string, closedForMs: number): Promise<boolean> {
    return this.#run('detach', [peerId, stream, closedForMs], replies.toDetached);
  }

  /** The streams that the node holds according to Redis, about `count` of them. Without `page`: the first. */
  heldStreams(count: number, page = '0'): Promise<replies.HeldStreams> {
    return this.#run('held', [this.#nodeId, page, count], replies.toHeldStreams);
  }

  /** Tells Redis that the node shuts down. */
  retire(): Promise<undefined> {
    return this.#run('retire', [this.#nodeId], replies.toDone);
  }

  /** Keeps the keys of these peers, whose streams the node holds, from expiring. */
  renew(peerIds: readonly string[]): Promise<undefined> {
    return this.#run('renew', peerIds, replies.toDone);
  }

  /** Tells Redis that the node lives. Then the other scripts may run. Rejects with `OtherLayout` if they must not. */
  async beat({ beatMs, leaseMs, batch, takeover, newestId, url = '' }: Beat): Promise<replies.Beaten> {
    const args = [this.#nodeId, beatMs, leaseMs, batch, takeover, newestId, this.#connection, url];
    const close = () => {
      this.#available = false;
    };
    try {
      const beaten = await this.#rounds.beat(args, close);
      this.#clockMs = beaten.nowMs - performance.now();
      this.#offsetMs = beaten.offsetMs;
      this.#available = true;
      this.#lateCalls.connectionKnown(this.#connection);
      return beaten;
    } catch (error) {
      if (error instanceof OtherLayout) close();
      throw error;
    }
  }

  #rooms(peerId: string, roomId: string, view: RoomView): Promise<readonly Room[] | undefined> {
    const args = [peerId, roomId, flag(view.members)];
    return this.#roomReplies.run(peerId, () => this.#run('rooms', args, replies.toRooms));
  }

  /**
   * Carries out a call of a client. If it fails, waits until Redis would refuse it: the client may go on at another
   * node as soon as it knows of the failure.
   */
  async #call<Reply, Result>(
    name: CallName,
    args: readonly Argument[],
    parse: (reply: Reply) => replies.Told<Result>,
  ): Promise<Result> {
    const connection = this.#connection;
    const waitsUntil = performance.now() + commandTimeoutMs;
    const identity = [this.#nodeId, connection, Math.floor(waitsUntil + this.#clockMs), this.#offsetMs];
    try {
      return await this.#run(name, [...args, ...identity], parse);
    } catch (error) {
      if (mayStillRun(error)) await this.#lateCalls.refused(connection, waitsUntil);
      throw error;
    }
  }

  async #run<Reply, Result>(
    name: Exclude<ScriptName, 'beat'>,
    args: readonly Argument[],
    parse: (reply: Reply) => replies.Told<Result>,
  ): Promise<Result> {
    if (!this.#available || this.#commands.full) throw new SignalboxError('UNAVAILABLE');
    const { newestId, result } = parse((await this.#commands.send(name, args)) as Reply);
    this.noteNewestId(newestId);
    return result;
  }
}

/** Whether a script may still run after this error: Redis has not replied that it did not run. */
function mayStillRun(error: unknown): boolean {
  return error instanceof SignalboxError && error.cause !== undefined && !(error.cause instanceof ReplyError);
}
