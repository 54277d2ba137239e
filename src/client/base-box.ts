import { Emitter } from './emitter.ts';
import type { BoxEvents, Options, Status } from './options.ts';
import { Outbox } from './outbox.ts';
import { randomId } from './random-id.ts';
import type { RemotePeer } from './remote-peer.ts';
import { type MakePeer, Room } from './room.ts';
import { errorOf, Session } from './session.ts';
import { type Connected, type Json, type PeerInfo, type RoomMessage, SignalboxError } from './types.ts';

/**
 * The client: one session for all its rooms. It comes back by itself, until it is closed. `P` is what it has for each
 * other peer: see `Box` for peers with channels, and `signalbox/client/session` for those without.
 */
export class BaseBox<P extends RemotePeer> extends Emitter<BoxEvents> {
  readonly #session: Session;
  readonly #outbox: Outbox;
  readonly #makePeer: MakePeer<P>;
  readonly #rooms = new Map<string, Room<P>>();
  readonly #keys = `${randomId()}.`;
  #sent = 0;
  readonly #leave = () => this.close();
  #peer: PeerInfo | undefined;

  constructor(urls: readonly string[], options: Options, makePeer: MakePeer<P>) {
    super();
    this.#makePeer = makePeer;
    this.#session = new Session(urls, options, {
      joins: () => [...this.#rooms.values()].map(({ id, state }) => ({ roomId: id, state })),
      connected: (message, isWithoutRooms) => this.#connected(message, isWithoutRooms),
      message: (message) => this.#take(message),
      status: (status) => this.emit('status', status),
      stopped: (status, error) => {
        if (status === 'closed') this.#outbox.close(error);
        for (const room of this.#rooms.values()) room.reset();
        if (error.code !== 'CLOSED') this.emit('error', error);
      },
    });
    this.#outbox = new Outbox(this.#session);
  }

  /** This client as the others see it. Undefined before the first connection. */
  get peer(): PeerInfo | undefined {
    return this.#peer;
  }

  get status(): Status {
    return this.#session.status;
  }

  get rooms(): readonly Room<P>[] {
    return [...this.#rooms.values()];
  }

  /** Opens the stream. Resolves at the first `Connected`. Rejects if the server refuses the client for good. */
  async connect(): Promise<this> {
    // A page that is closed leaves its rooms at once. In Node.js there is no page.
    globalThis.addEventListener?.('pagehide', this.#leave);
    await this.#session.start();
    return this;
  }

  /** Enters a room, and stays in it across new sessions. If the client is in the room already, returns that room. */
  async join(id: string, { state = null }: { readonly state?: Json } = {}): Promise<Room<P>> {
    const room = this.#rooms.get(id) ?? this.#add(id, state);
    try {
      await room.enter();
      return room;
    } catch (error) {
      this.#forget(room);
      throw error;
    }
  }

  /** Leaves a room. The others are told at once. */
  async leave(id: string): Promise<void> {
    const room = this.#rooms.get(id);
    if (!room) return;
    this.#forget(room);
    await this.#outbox.push('leaveRoom', { roomId: id });
  }

  /** Leaves all rooms and ends the stream, without waiting for an answer: it works while a page is being closed. */
  close(): void {
    globalThis.removeEventListener?.('pagehide', this.#leave);
    this.#session.close([...this.#rooms.keys()].map((roomId) => ({ field: 'leaveRoom', args: { roomId } })));
  }

  /** Sends one request of your own to the API, with this client's token. Rejects with a `SignalboxError`. */
  post<Data>(request: { readonly query: string; readonly variables?: object }): Promise<Data> {
    return this.#session.api.post(request);
  }

  #add(id: string, state: Json): Room<P> {
    const room = new Room<P>(id, state, {
      push: (field, args) => this.#outbox.push(field, { roomId: id, ...args }),
      key: () => this.#keys + this.#sent++,
      makePeer: this.#makePeer,
    });
    this.#rooms.set(id, room);
    return room;
  }

  /** Returns false if the room is forgotten already. */
  #forget(room: Room<P>): boolean {
    if (this.#rooms.get(room.id) !== room) return false;
    this.#rooms.delete(room.id);
    room.reset();
    return true;
  }

  #take(message: RoomMessage): void {
    const room = this.#rooms.get(message.roomId);
    if (room && message.__typename === 'PeerRemoved' && message.peer.id === this.#peer?.id)
      this.#drop(room, errorOf(message.reason, 'Put out of the room.'));
    else room?.take(message);
  }

  #connected({ peer, resumed }: Connected, isWithoutRooms: boolean): void {
    this.#peer = peer;
    if (!resumed) for (const room of this.#rooms.values()) room.reset();
    if (isWithoutRooms) this.#joinOneByOne();
  }

  /** The server refuses one of the rooms. That one is dropped, and the others are entered. */
  #joinOneByOne(): void {
    for (const room of [...this.#rooms.values()].reverse()) {
      this.#outbox.push('joinRoom', { roomId: room.id, state: room.state }, true).catch((error: unknown) => {
        if (error instanceof SignalboxError && error.code !== 'CLOSED') this.#drop(room, error);
      });
    }
  }

  /** The client is no longer in this room, and did not leave by itself. */
  #drop(room: Room<P>, error: SignalboxError): void {
    if (!this.#forget(room)) return;
    room.drop(error);
    this.emit('error', error);
  }
}
