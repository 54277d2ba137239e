import { SignalboxError } from '../../errors.ts';
import type { Connected, EntryId } from '../hub.ts';
import { type CutReason, Stream } from '../stream.ts';
import type { Dispatch, Sized, Snapshot } from './dispatch.ts';
import type { RoomIndex } from './room-index.ts';

/** So many dispatches wait for a snapshot at the most, which takes one round trip to Redis. */
const mostPending = 20_000;

/**
 * A session whose stream this node holds.
 *
 * Its state comes as a snapshot, when it is opened and again when the node has missed something, and
 * as dispatches from then on. Those that arrive while a snapshot is on its way wait, and are dropped
 * where it has them already: each entry is taken once, in order (G3).
 */
export class LocalSession {
  /** A name for this stream, which no other ever has. */
  readonly name: string;
  readonly peerId: string;
  readonly stream: Stream;
  /** When Redis opened it, in milliseconds of its clock; 0: not yet. */
  openedMs = 0;
  readonly #index: RoomIndex<LocalSession>;
  readonly #rooms = new Set<string>();
  #lastId: EntryId = '0';
  #upTo = 0;
  #replaced = false;
  #pending: Dispatch[] | undefined = [];

  constructor(
    name: string,
    peerId: string,
    index: RoomIndex<LocalSession>,
    onClose: (session: LocalSession) => void,
  ) {
    this.name = name;
    this.peerId = peerId;
    this.#index = index;
    this.stream = new Stream(() => {
      this.#pending = undefined;
      this.#enter([]);
      onClose(this);
    });
  }

  /** The id of the last entry that its stream was given. */
  get lastId(): EntryId {
    return this.#lastId;
  }

  get replaced(): boolean {
    return this.#replaced;
  }

  /** Whether it waits for its first snapshot, which is then on its way. */
  get opening(): boolean {
    return this.#lastId === '0';
  }

  /** Whether it waits for a snapshot. */
  get waiting(): boolean {
    return this.#pending !== undefined;
  }

  /** From here on dispatches wait for a snapshot: something was missed. */
  hold(): void {
    if (!this.stream.closed) this.#pending ??= [];
  }

  /**
   * Goes on from a snapshot, with the dispatches that came after it. Where some of those were missed
   * (`holed`), the rest is not for it to take either: the next snapshot brings it, and goes before.
   * A stream that opens begins with `connected`.
   */
  settle(snapshot: Snapshot, holed: boolean, connected?: Connected): void {
    // It may have been cut while the snapshot was on its way: then it is in no room any more.
    if (this.stream.closed) return;
    const pending = holed ? [] : (this.#pending ?? []);
    this.#pending = holed ? [] : undefined;
    this.#enter(snapshot.rooms.map(({ id }) => id));
    this.#push(connected ? [{ entry: connected, bytes: 0 }, ...snapshot.missed] : snapshot.missed, 'missed');
    this.#upTo = snapshot.n;
    for (const dispatch of pending) this.take(dispatch);
  }

  /** Takes a dispatch that is for it, or for a room that it may be in. */
  take(dispatch: Dispatch): void {
    if (this.stream.closed) return;
    if (this.#pending) {
      if (this.#pending.push(dispatch) > mostPending) this.cut('backlog');
    } else if (dispatch.n > this.#upTo) {
      this.#apply(dispatch);
    }
  }

  /** The session has gone on with another stream, or has ended: Redis knows already. */
  replace(): void {
    this.#replaced = true;
    this.stream.end(new SignalboxError('REPLACED'));
  }

  cut(reason: CutReason): void {
    this.stream.cut(reason);
  }

  #apply(dispatch: Dispatch): void {
    switch (dispatch.kind) {
      case 'peer':
        this.#push(dispatch.batch);
        break;
      case 'room':
        if (this.#rooms.has(dispatch.room) && dispatch.batch[0]?.entry.peer.id !== this.peerId) {
          this.#push(dispatch.batch);
        }
        break;
      case 'joined':
        this.#rooms.add(dispatch.room);
        this.#index.add(dispatch.room, this);
        this.#push(dispatch.batch);
        break;
      case 'left':
        this.#rooms.delete(dispatch.room);
        this.#index.remove(dispatch.room, this);
        break;
      case 'disowned':
        this.cut('hub');
        break;
    }
  }

  #push(batch: readonly (Sized | { entry: Connected; bytes: number })[], kind?: 'missed'): void {
    this.#lastId = batch.at(-1)?.entry.id ?? this.#lastId;
    this.stream.push(batch, kind);
  }

  #enter(rooms: readonly string[]): void {
    for (const room of this.#rooms) this.#index.remove(room, this);
    this.#rooms.clear();
    for (const room of rooms) {
      this.#rooms.add(room);
      this.#index.add(room, this);
    }
  }
}
