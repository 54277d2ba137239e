import { SignalboxError } from '../../../errors.ts';
import { type Backlogs, type HeldBacklog, unbounded } from '../../backlogs.ts';
import { backlogBounds } from '../../bounds.ts';
import type { Connected, Cursor, SizedEntry } from '../../hub.ts';
import { idIn } from '../../spaces.ts';
import { type CutReason, Stream } from '../../stream.ts';
import type { Dispatch } from '../scripts/dispatch.ts';
import type { Snapshot } from '../scripts/replies.ts';
import type { RoomIndex } from './room-index.ts';

/** The approximate size of a dispatch in memory. */
function bytesOf(dispatch: Dispatch): number {
  return 'batch' in dispatch ? dispatch.batch.reduce((sum, { bytes }) => sum + bytes, 0) : 0;
}

/** The most dispatches that wait for a snapshot, which takes one round trip to Redis. */
const maxPending = 20_000;

/**
 * A stream that this node holds, and what the node knows of its session.
 *
 * It is given a snapshot when it opens, and another one when the node has missed something. From then on it is given
 * dispatches. Those that arrive before the snapshot wait for it. If the snapshot already includes one, it is dropped:
 * the stream takes each entry once, in order (G3).
 */
export class LocalStream {
  /** A name that no other stream ever has. */
  readonly name: string;
  /** The full id. */
  readonly peerId: string;
  /** The id in entries. */
  readonly #ownId: string;
  readonly stream: Stream;
  /** When its session's keys were last kept from expiring, by `performance.now`. */
  renewedAt = performance.now();
  /** When Redis opened it, in milliseconds of Redis's clock; 0: not yet. */
  openedMs = 0;
  readonly #index: RoomIndex<LocalStream>;
  readonly #rooms = new Set<string>();
  #lastCursor: Cursor = '0';
  /** The number of the last dispatch that the snapshot includes. */
  #upTo = 0;
  #replaced = false;
  /** The dispatches that wait for a snapshot; undefined: none is needed. */
  #pending: Dispatch[] | undefined = [];
  readonly #held: HeldBacklog;

  constructor(
    name: string,
    peerId: string,
    index: RoomIndex<LocalStream>,
    onClose: (stream: LocalStream, reason: CutReason | undefined) => void,
    backlogs: Backlogs = unbounded,
  ) {
    this.name = name;
    this.peerId = peerId;
    this.#ownId = idIn(peerId);
    this.#index = index;
    this.#held = backlogs.open(() => this.cut('backlog'));
    const close = (reason: CutReason | undefined) => {
      this.#takePending();
      this.#pending = undefined;
      this.#enter([]);
      onClose(this, reason);
    };
    this.stream = new Stream(close, backlogBounds, backlogs);
  }

  /** The cursor of the last message that the stream was given. */
  get lastCursor(): Cursor {
    return this.#lastCursor;
  }

  /** Whether it closed because its session has another stream, or has ended. */
  get replaced(): boolean {
    return this.#replaced;
  }

  /** Whether it waits for its first snapshot, which has been asked for. */
  get opening(): boolean {
    return this.#lastCursor === '0';
  }

  /** Whether it waits for a snapshot. */
  get waiting(): boolean {
    return this.#pending !== undefined;
  }

  /** Something was missed: from now on dispatches wait for a snapshot. */
  hold(): void {
    if (!this.stream.closed) this.#pending ??= [];
  }

  /**
   * Goes on from a snapshot, with the dispatches that came after it. If dispatches were missed since the snapshot was
   * asked for (`outdated`), those that came are dropped, and it waits for the next snapshot, which includes them. A
   * stream that opens begins with `connected`.
   */
  settle(snapshot: Snapshot, outdated: boolean, connected?: Connected): void {
    // If it was cut before the snapshot came, it must not enter its rooms again.
    if (this.stream.closed) return;
    const waited = this.#takePending();
    const pending = outdated ? [] : waited;
    this.#pending = outdated ? [] : undefined;
    this.#enter(snapshot.rooms.map(({ id }) => id));
    this.#push(connected ? [{ entry: connected, bytes: 0 }, ...snapshot.missed] : snapshot.missed, 'missed');
    this.#upTo = snapshot.n;
    for (const dispatch of pending) this.take(dispatch);
  }

  /** Takes a dispatch to this stream, or to a room that the stream's peer may be in. */
  take(dispatch: Dispatch): void {
    if (this.stream.closed) return;
    if (this.#pending) {
      this.#pending.push(dispatch);
      this.#held.hold(dispatch, bytesOf(dispatch));
      if (this.#pending && this.#pending.length > maxPending) this.cut('backlog');
    } else if (dispatch.n > this.#upTo) {
      this.#apply(dispatch);
    }
  }

  /** Redis says that the session has another stream, or has ended. */
  replace(): void {
    this.#replaced = true;
    this.stream.end(new SignalboxError('REPLACED'));
  }

  cut(reason: CutReason): void {
    this.stream.cut(reason);
  }

  /** The dispatches that wait. They count no more. */
  #takePending(): readonly Dispatch[] {
    const pending = this.#pending ?? [];
    for (const dispatch of pending) this.#held.release(dispatch, bytesOf(dispatch));
    return pending;
  }

  #apply(dispatch: Dispatch): void {
    switch (dispatch.kind) {
      case 'peer':
        this.#push(dispatch.batch);
        break;
      case 'room':
        if (this.#rooms.has(dispatch.room) && dispatch.batch[0]?.entry.peer.id !== this.#ownId) {
          this.#push(dispatch.batch);
        }
        break;
      case 'joined':
        this.#rooms.add(dispatch.room);
        this.#index.add(dispatch.room, this);
        this.#push(dispatch.batch);
        break;
      case 'left':
        this.#leave(dispatch.room);
        break;
      case 'removed':
        this.#leave(dispatch.room);
        this.#push(dispatch.batch);
        break;
      case 'disowned':
        this.cut('hub');
        break;
    }
  }

  #push(batch: readonly (SizedEntry | { entry: Connected; bytes: number })[], kind?: 'missed'): void {
    this.#lastCursor = batch.at(-1)?.entry.cursor ?? this.#lastCursor;
    this.stream.push(batch, kind);
  }

  #leave(room: string): void {
    this.#rooms.delete(room);
    this.#index.remove(room, this);
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
