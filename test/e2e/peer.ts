import { Arrivals } from '../support/arrivals.ts';
import {
  ApiClient,
  access,
  type Connected,
  type Message,
  type Receipt,
  type Room,
  type RoomMessage,
} from '../support/client.ts';
import { MessageStream, type Outcome, type StreamOptions } from '../support/message-stream.ts';

/** The URLs of a peer's nodes: the node of its stream, and the node of its calls. */
export interface At {
  readonly stream: string;
  readonly calls: string;
}

/** Stream and calls at the same node. */
export function wholly(node: { readonly url: string }): At {
  return { stream: node.url, calls: node.url };
}

const memberFields = '{ peer { id username guest } state }';
const documents = {
  joinRoom: `mutation J($roomId: ID!, $state: JSON) { joinRoom(roomId: $roomId, state: $state) { id members ${memberFields} } }`,
  leaveRoom: 'mutation L($roomId: ID!) { leaveRoom(roomId: $roomId) }',
  relay: `mutation R($roomId: ID!, $peerId: ID!, $event: String!, $data: JSON) {
    relay(roomId: $roomId, peerId: $peerId, event: $event, data: $data) { cursor status }
  }`,
  broadcast: `mutation B($roomId: ID!, $event: String!, $data: JSON) {
    broadcast(roomId: $roomId, event: $event, data: $data) { cursor status }
  }`,
  setState: `mutation S($roomId: ID!, $state: JSON) { setState(roomId: $roomId, state: $state) ${memberFields} }`,
  room: `query Q($roomId: ID!) { room(roomId: $roomId) { id members ${memberFields} } }`,
} as const;

/** A guest that a test drives over HTTP. Its stream and its calls may be at different nodes. */
export class GuestPeer {
  readonly id: string;
  readonly username: string;
  readonly token: string;
  /** All messages of all its streams, except `Connected` and `Heartbeat`. */
  readonly inbox: Arrivals<RoomMessage>;
  #at: At;
  #stream: MessageStream | undefined;
  #cursor: string | undefined;

  constructor(id: string, username: string, token: string, at: At) {
    this.id = id;
    this.username = username;
    this.token = token;
    this.inbox = new Arrivals(username);
    this.#at = at;
  }

  /** A new guest with an open stream. */
  static async arrive(username: string, at: At, options?: StreamOptions): Promise<GuestPeer> {
    const { token, peer } = await access(at.calls, username);
    const guest = new GuestPeer(peer.id, username, token, at);
    await guest.open(options);
    return guest;
  }

  /** The cursor of the last message received. */
  get cursor(): string {
    if (this.#cursor === undefined) throw new Error('This peer has received no message yet.');
    return this.#cursor;
  }

  get stream(): MessageStream {
    if (!this.#stream) throw new Error('This peer has opened no stream yet.');
    return this.#stream;
  }

  /** Sets the nodes of its next stream and calls. */
  moveTo(at: At): void {
    this.#at = at;
  }

  /** Opens a stream and makes it the current one. Resolves with `Connected`. */
  async open(options: StreamOptions = {}): Promise<Connected> {
    let mine: MessageStream | undefined;
    const early: Message[] = [];
    const onMessage = (message: Message) => {
      if (mine === undefined) early.push(message);
      else if (mine === this.#stream) this.#take(message);
    };
    mine = await MessageStream.open(this.#at.stream, this.token, { ...options, onMessage });
    this.#stream = mine;
    for (const message of early) this.#take(message);
    const first = await mine.messages.next();
    if (first.__typename !== 'Connected') throw new Error('The first message of a stream was not Connected.');
    return first;
  }

  /** Opens a stream after the cursor of the last message received. */
  resume(options?: StreamOptions): Promise<Connected> {
    return this.open({ ...options, after: this.cursor });
  }

  /** Loses the connection. */
  drop(): Promise<void> {
    return this.stream.drop();
  }

  outcome(): Promise<Outcome> {
    return this.stream.outcome;
  }

  async join(roomId: string, state?: unknown): Promise<Room> {
    return (await this.#call<{ joinRoom: Room }>('joinRoom', { roomId, state })).joinRoom;
  }

  async leave(roomId: string): Promise<boolean> {
    return (await this.#call<{ leaveRoom: boolean }>('leaveRoom', { roomId })).leaveRoom;
  }

  async relay(roomId: string, to: { id: string }, event: string, data?: unknown): Promise<Receipt> {
    return (await this.#call<{ relay: Receipt }>('relay', { roomId, peerId: to.id, event, data })).relay;
  }

  async broadcast(roomId: string, event: string, data?: unknown): Promise<Receipt> {
    return (await this.#call<{ broadcast: Receipt }>('broadcast', { roomId, event, data })).broadcast;
  }

  async setState(roomId: string, state: unknown): Promise<void> {
    await this.#call('setState', { roomId, state });
  }

  async room(roomId: string): Promise<Room | null> {
    return (await this.#call<{ room: Room | null }>('room', { roomId })).room;
  }

  /** All messages before a barrier that `from` sends now. A message that is not among them was not sent before it. */
  async beforeBarrier(from: GuestPeer, roomId: string): Promise<RoomMessage[]> {
    const { cursor } = await from.relay(roomId, this, 'barrier');
    return (await this.inbox.until((message) => message.cursor === cursor, `barrier ${cursor}`)).before;
  }

  #call<Data>(name: keyof typeof documents, variables: Readonly<Record<string, unknown>>): Promise<Data> {
    return new ApiClient(this.#at.calls, this.token).run<Data>(documents[name], variables);
  }

  #take(message: Message): void {
    if (message.__typename === 'Heartbeat') return;
    this.#cursor = message.cursor;
    if (message.__typename !== 'Connected') this.inbox.push(message);
  }
}
