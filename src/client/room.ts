import type { Arguments, Field } from './documents.ts';
import { Emitter } from './emitter.ts';
import type { RemotePeer } from './remote-peer.ts';
import type {
  Json,
  PeerAdded,
  PeerInfo,
  Receipt,
  RemovalReason,
  RoomMessage,
  SignalboxError,
} from './types.ts';

export interface RoomEvents<P extends RemotePeer = RemotePeer> {
  /** Another peer is in the room. A new listener also gets the peers that are in the room already. */
  peer: [peer: P];
  /** A peer has left. Its connections are closed. */
  left: [peer: P, reason: RemovalReason | 'NEW_SESSION'];
  /** A peer has a new state: see `peer.state`. */
  state: [peer: P];
  /** The client is no longer in the room, and did not leave it: the server put it out, or refused to let it in again. */
  closed: [error: SignalboxError];
  /** A peer has sent a message, by `broadcast` or by `relay`. A moderator need not be one of the room's `peers`. */
  message: [peer: P, event: string, data: Json];
}

/** Makes what the client has for another peer. `relay` sends to it what only the mesh reads. */
export type MakePeer<P extends RemotePeer> = (
  info: PeerInfo,
  state: Json,
  wasHere: boolean,
  relay: (event: string, data: Json) => Promise<unknown>,
) => P;

/** The parts of the client that its room needs. */
export interface RoomLink<P extends RemotePeer> {
  /** Sends an operation in this room. */
  push<Result>(field: Field, args: Arguments): Promise<Result>;
  /** A key that no other message of this client has (G14). */
  key(): string;
  readonly makePeer: MakePeer<P>;
}

/** Events with this prefix belong to the mesh and are not shown as messages. */
const meshPrefix = 'rtc.';

/** A room of this client. The client stays in the room across lost connections and new sessions, until `leave`. */
export class Room<P extends RemotePeer> extends Emitter<RoomEvents<P>> {
  readonly id: string;
  readonly #link: RoomLink<P>;
  readonly #peers = new Map<string, P>();
  /** Messages that came while `join` had not resolved yet, so that there could be no listener. */
  #held: RoomMessage[] | undefined = [];
  #entered: Promise<void> | undefined;
  #state: Json;

  constructor(id: string, state: Json, link: RoomLink<P>) {
    super();
    this.id = id;
    this.#state = state;
    this.#link = link;
  }

  /** The others in the room, in order of joining. */
  get peers(): readonly P[] {
    return [...this.#peers.values()];
  }

  /** This client's own state in the room. */
  get state(): Json {
    return this.#state;
  }

  override on<Name extends keyof RoomEvents<P>>(
    name: Name,
    listener: (...args: RoomEvents<P>[Name]) => void,
  ): () => void {
    if (name === 'peer') {
      for (const peer of this.#peers.values()) (listener as (peer: P) => void)(peer);
    }
    return super.on(name, listener);
  }

  /** Changes this client's state. The others get `state`. */
  async setState(state: Json): Promise<void> {
    this.#state = state;
    await this.#link.push('setState', { state });
  }

  /** Sends a message to all others in the room. */
  broadcast(event: string, data: Json = null): Promise<Receipt> {
    return this.#link.push('broadcast', { event, data, key: this.#link.key() });
  }

  /** Sends a message to one peer in the room. */
  relay(peerId: string, event: string, data: Json = null): Promise<Receipt> {
    return this.#link.push('relay', { peerId, event, data, key: this.#link.key() });
  }

  /** For the session: enters the room. */
  enter(): Promise<void> {
    this.#entered ??= this.#link.push('joinRoom', { state: this.#state }).then(() => {
      // The callers of `join` have had time to add listeners by then.
      setTimeout(() => {
        const held = this.#held ?? [];
        this.#held = undefined;
        for (const message of held) this.take(message);
      });
    });
    return this.#entered;
  }

  /** For the session: a message of this room has come. */
  take(message: RoomMessage): void {
    if (this.#held) {
      this.#held.push(message);
      return;
    }
    // A moderator that is not in the room sends messages too. Its state is unknown.
    const { peer: info, state = null, offer } = message as PeerAdded;
    const id = info.id;
    const peer = this.#peers.get(id);
    const make = () =>
      this.#link.makePeer(info, state, offer, (event, data) => this.relay(id, meshPrefix + event, data));
    if (message.__typename === 'PeerAdded') {
      // A peer that is added again has begun a new session: its old connections are of no use.
      this.#remove(peer, 'REPLACED');
      const added = make();
      this.#peers.set(id, added);
      this.emit('peer', added);
    } else if (message.__typename === 'PeerRemoved') {
      this.#remove(peer, message.reason);
    } else if (message.__typename === 'PeerChanged') {
      if (peer) {
        peer.state = state;
        this.emit('state', peer);
      }
    } else {
      const { event, data } = message;
      if (event.startsWith(meshPrefix)) peer?.receive?.(event.slice(meshPrefix.length), data);
      else this.emit('message', peer ?? make(), event, data);
    }
  }

  /** For the session: the client is no longer in the room. */
  drop(error: SignalboxError): void {
    this.emit('closed', error);
  }

  /** For the session: a new one has begun, so every peer is met anew. */
  reset(): void {
    if (this.#held) this.#held = [];
    for (const peer of this.#peers.values()) this.#remove(peer, 'NEW_SESSION');
  }

  #remove(peer: P | undefined, reason: RemovalReason | 'NEW_SESSION'): void {
    if (!peer) return;
    this.#peers.delete(peer.id);
    peer.close?.();
    this.emit('left', peer, reason);
  }
}
