import { SignalboxError } from '../../errors.ts';
import type { JsonText } from '../../json-text.ts';
import type { Census } from '../../monitor.ts';
import { roomsTooLarge } from '../bounds.ts';
import type { Cursor, Delivery, Hub, Join, JoinedRoom, Member, Peer, Receipt, Room } from '../hub.ts';
import type { Moderation } from '../moderation.ts';
import { plainPass } from '../pass.ts';
import { wholeRoom } from '../room-view.ts';
import type { Stream } from '../stream.ts';
import { RedisModeration } from './moderation.ts';
import type { Readiness } from './neighbours.ts';
import { type NodeOptions, RedisNode } from './node.ts';
import type { Scripts } from './scripts/scripts.ts';

/**
 * The hub of any number of nodes, which share their rooms through one Redis.
 *
 * Each operation is one script, which also sends dispatches to the nodes that hold the receivers' streams.
 */
export class RedisHub implements Hub {
  readonly moderation: Moderation;
  readonly #node: RedisNode;
  readonly #scripts: Scripts;

  constructor(options: NodeOptions) {
    this.#node = new RedisNode(options);
    this.#scripts = this.#node.scripts;
    this.moderation = new RedisModeration(this.#scripts);
  }

  start(): Promise<void> {
    return this.#node.start();
  }

  open(
    peer: Peer,
    after?: Cursor,
    joins: readonly Join[] = [],
    view = wholeRoom,
    _origin = '',
    pass = plainPass,
  ): Promise<Stream> {
    return this.#node.open(peer, after, joins, view, pass);
  }

  joinRoom(
    peerId: string,
    roomId: string,
    state: JsonText,
    view = wholeRoom,
    pass = plainPass,
  ): Promise<JoinedRoom> {
    return this.#scripts.join(peerId, roomId, state, view, pass);
  }

  leaveRoom(peerId: string, roomId: string): Promise<boolean> {
    return this.#scripts.leave(peerId, roomId);
  }

  relay(
    from: string,
    roomId: string,
    to: string,
    event: string,
    data: JsonText,
    key?: string,
  ): Promise<Receipt & Delivery> {
    return this.#scripts.relay({ from, roomId, to, event, data, key });
  }

  broadcast(
    from: string,
    roomId: string,
    event: string,
    data: JsonText,
    key?: string,
  ): Promise<Receipt & Delivery> {
    return this.#scripts.broadcast({ from, roomId, event, data, key });
  }

  setState(peerId: string, roomId: string, state: JsonText): Promise<Member & Delivery> {
    return this.#scripts.setState(peerId, roomId, state);
  }

  async room(peerId: string, roomId: string, view = wholeRoom): Promise<Room | null> {
    return (await this.#scripts.room(peerId, roomId, view)) ?? null;
  }

  async rooms(peerId: string, view = wholeRoom): Promise<readonly Room[]> {
    const rooms = await this.#scripts.rooms(peerId, view);
    if (!rooms) throw new SignalboxError('PAYLOAD_TOO_LARGE', roomsTooLarge);
    return rooms;
  }

  /** How this node presents itself to others. */
  get sign(): Readiness {
    return this.#node.sign;
  }

  ready(): boolean {
    return this.#node.ready;
  }

  census(): Census {
    return this.#node.census;
  }

  drain(overMs: number): Promise<void> {
    return this.#node.drain(overMs);
  }

  close(): Promise<void> {
    return this.#node.close();
  }
}
