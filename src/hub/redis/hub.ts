import type { Logger } from 'pino';
import type { EntryId, Hub, HubOptions, Payload, Peer, Profile, Receipt, Room } from '../hub.ts';
import type { Stream } from '../stream.ts';
import { type RoomReply, toRoom } from './dispatch.ts';
import { RedisNode } from './node.ts';

export interface RedisHubOptions extends HubOptions {
  readonly url: string;
  /** Deployments with other prefixes share a Redis and know nothing of one another. */
  readonly prefix: string;
  readonly log: Logger;
}

/**
 * Rooms shared by any number of nodes through one Redis.
 *
 * Each operation is one script, which also tells the nodes that hold a receiver's stream.
 */
export class RedisHub implements Hub {
  readonly #options: RedisHubOptions;
  readonly #node: RedisNode;

  constructor(options: RedisHubOptions) {
    this.#options = options;
    this.#node = new RedisNode(options);
  }

  start(): Promise<void> {
    return this.#node.start();
  }

  open(profile: Profile, after?: EntryId): Promise<Stream> {
    return this.#node.open(profile, after);
  }

  async joinRoom(peerId: string, roomId: string, state: Payload): Promise<Room> {
    const { maxPeersPerRoom, maxRoomsPerPeer } = this.#options;
    const reply = await this.#node.scripts.run(
      'join',
      peerId,
      roomId,
      state.text,
      maxPeersPerRoom,
      maxRoomsPerPeer,
    );
    return toRoom(reply as RoomReply);
  }

  async leaveRoom(peerId: string, roomId: string): Promise<boolean> {
    return (await this.#node.scripts.run('leave', peerId, roomId)) === 1;
  }

  async relay(peerId: string, roomId: string, to: string, event: string, data: Payload): Promise<Receipt> {
    return this.#receipt(
      await this.#node.scripts.run('relay', peerId, roomId, to, JSON.stringify(event), data.text),
    );
  }

  async broadcast(peerId: string, roomId: string, event: string, data: Payload): Promise<Receipt> {
    return this.#receipt(
      await this.#node.scripts.run('broadcast', peerId, roomId, JSON.stringify(event), data.text),
    );
  }

  async setState(peerId: string, roomId: string, state: Payload): Promise<Peer> {
    return JSON.parse(
      (await this.#node.scripts.run('set_state', peerId, roomId, state.text)) as string,
    ) as Peer;
  }

  async room(peerId: string, roomId: string): Promise<Room | null> {
    const [room] = (await this.#node.scripts.run('rooms', peerId, roomId)) as RoomReply[];
    return room ? toRoom(room) : null;
  }

  async rooms(peerId: string): Promise<readonly Room[]> {
    return ((await this.#node.scripts.run('rooms', peerId, '')) as RoomReply[]).map(toRoom);
  }

  ready(): boolean {
    return this.#node.ready;
  }

  drain(overMs: number): Promise<void> {
    return this.#node.drain(overMs);
  }

  close(): Promise<void> {
    return this.#node.close();
  }

  #receipt(reply: unknown): Receipt {
    const [id, connected] = reply as [EntryId, number];
    this.#node.saw(id);
    return { id, status: connected === 1 ? 'DELIVERED' : 'QUEUED' };
  }
}
