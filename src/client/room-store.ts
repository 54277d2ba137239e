import type { Box } from './box.ts';
import type { Status } from './options.ts';
import type { Peer } from './peer.ts';
import type { Room } from './room.ts';
import { type Json, SignalboxError } from './types.ts';

/** What a component sees of a room. A new object at each change. */
export interface RoomView {
  /** Undefined until the client is in the room, and after it is no longer there. */
  readonly room: Room<Peer> | undefined;
  /** The others in the room. A peer is the same object as long as it is there, and its `state` changes. */
  readonly peers: readonly Peer[];
  readonly status: Status;
  /** Why the client is not in the room. */
  readonly error: SignalboxError | undefined;
}

/** How long to stay in a room that no component uses, in milliseconds: React may unmount and mount again at once. */
const lingerMs = 50;

/** One room of a client, for all components that use it. */
class RoomStore {
  readonly #box: Box;
  readonly #id: string;
  readonly #listeners = new Set<() => void>();
  #offs: (() => void)[] = [];
  #leaving: ReturnType<typeof setTimeout> | undefined;
  #room: Room<Peer> | undefined;
  #error: SignalboxError | undefined;
  #state: string | undefined;
  #view: RoomView;
  /** Tells an attempt to enter that was given up from the present one. */
  #turn = 0;

  constructor(box: Box, id: string) {
    this.#box = box;
    this.#id = id;
    this.#view = this.#look();
  }

  readonly view = (): RoomView => this.#view;

  /** The first listener enters the room. The room is left some time after the last one has gone. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    clearTimeout(this.#leaving);
    this.#leaving = undefined;
    if (this.#offs.length === 0) void this.#enter();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#leaving ??= setTimeout(() => this.#leave(), lingerMs);
    };
  };

  /** The state to enter with, as JSON. */
  offerState(text: string): void {
    if (!this.#room) this.#state = text;
  }

  setState(text: string): void {
    if (this.#state === text) return;
    this.#state = text;
    // A refusal is an event of the room, or of the client.
    this.#room?.setState(JSON.parse(text) as Json).catch(() => undefined);
  }

  async #enter(): Promise<void> {
    this.#turn += 1;
    const turn = this.#turn;
    this.#error = undefined;
    this.#offs = [this.#box.on('status', this.#update)];
    try {
      await this.#box.connect();
      const entered = this.#state;
      const state = entered === undefined ? null : (JSON.parse(entered) as Json);
      const room = await this.#box.join(this.#id, { state });
      if (turn !== this.#turn) return;
      this.#room = room;
      this.#offs.push(
        room.on('peer', (peer) => {
          this.#offs.push(peer.on('path', this.#update));
          this.#update();
        }),
        room.on('left', this.#update),
        room.on('state', this.#update),
        room.on('closed', (error) => {
          this.#room = undefined;
          this.#error = error;
          this.#update();
        }),
      );
      // React renders and runs effects before the room emits the messages that have waited for a listener.
      this.#update();
      const newer = this.#state;
      if (newer !== undefined && newer !== entered) await room.setState(JSON.parse(newer) as Json);
    } catch (error) {
      if (turn !== this.#turn) return;
      this.#error = error instanceof SignalboxError ? error : undefined;
      this.#update();
    }
  }

  #leave(): void {
    this.#leaving = undefined;
    this.#turn += 1;
    for (const off of this.#offs.splice(0)) off();
    this.#room = undefined;
    this.#box.leave(this.#id).catch(() => undefined);
    this.#update();
  }

  readonly #update = (): void => {
    this.#view = this.#look();
    for (const listener of this.#listeners) listener();
  };

  #look(): RoomView {
    const { status } = this.#box;
    return { room: this.#room, peers: this.#room?.peers ?? [], status, error: this.#error };
  }
}

const stores = new WeakMap<Box, Map<string, RoomStore>>();

/** The store of this room: each call returns the same. */
export function roomStore(box: Box, id: string): RoomStore {
  const known = stores.get(box) ?? new Map<string, RoomStore>();
  stores.set(box, known);
  const store = known.get(id) ?? new RoomStore(box, id);
  known.set(id, store);
  return store;
}
