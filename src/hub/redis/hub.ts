import { SignalboxError } from '../../errors.ts';
import { roomsTooLarge } from '../bounds.ts';
import type { EntryId, Hub, Payload, Peer, Profile, Receipt, Room } from '../hub.ts';
import type { Stream } from '../stream.ts';
import { type RoomReply, toRoom } from './dispatch.ts';
import { type NodeOptions, RedisNode } from './node.ts';

/**
 * Rooms shared by any number of nodes through one Redis.
 *
 * Each operation is one script, which also tells the nodes that hold a receiver's stream.
 */
export class RedisHub implements Hub {
  readonly #options: NodeOptions;
  readonly #node: RedisNode;

  constructor(options: NodeOptions) {
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
    const [id, room] = reply as [EntryId, RoomReply];
    this.#node.saw(id);
    return toRoom(room);
  }

  async leaveRoom(peerId: string, roomId: string): Promise<boolean> {
    const id = (await this.#node.scripts.run('leave', peerId, roomId)) as EntryId;
    this.#node.saw(id);
    return id !== '0';
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
    const reply = await this.#node.scripts.run('set_state', peerId, roomId, state.text);
    const [id, peer] = reply as [EntryId, string];
    this.#node.saw(id);
    return JSON.parse(peer) as Peer;
  }

  async room(peerId: string, roomId: string): Promise<Room | null> {
    const [room] = (await this.#node.scripts.run('rooms', peerId, roomId)) as RoomReply[];
    return room ? toRoom(room) : null;
  }

  async rooms(peerId: string): Promise<readonly Room[]> {
    const rooms = (await this.#node.scripts.run('rooms', peerId, '')) as RoomReply[] | null;
    if (!rooms) throw new SignalboxError('PAYLOAD_TOO_LARGE', roomsTooLarge);
    return rooms.map(toRoom);
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
