import type { Census } from '../../../monitor.ts';
import { type Backlogs, unbounded } from '../../backlogs.ts';
import type { Connected } from '../../hub.ts';
import type { CutReason } from '../../stream.ts';
import type { Dispatch } from '../scripts/dispatch.ts';
import type { Snapshot } from '../scripts/replies.ts';
import { LocalStream } from './local-stream.ts';
import { RoomIndex } from './room-index.ts';

/** Made when a snapshot is asked for, and used when the snapshot has come. */
export interface SnapshotTicket {
  /**
   * Gives the snapshot to the stream. A stream that opens begins with `connected`. Returns false if the stream needs
   * another snapshot, because dispatches were missed since this one was asked for.
   */
  settle(snapshot: Snapshot, connected?: Connected): boolean;
}

/** The streams that this node holds. Passes each dispatch on to the streams that need it. */
export class LocalStreams {
  readonly #nodeId: string;
  readonly #backlogs: Backlogs;
  readonly #onClose: (stream: LocalStream, reason: CutReason | undefined) => void;
  readonly #streams = new Map<string, LocalStream>();
  /** How many streams of each peer are here. */
  readonly #byPeer = new Map<string, number>();
  readonly #index = new RoomIndex<LocalStream>();
  /** The streams that wait for a snapshot. Their rooms are not known. */
  readonly #waiting = new Set<LocalStream>();
  #admitted = 0;
  /** The number that the next dispatch should have. */
  #expected = 1;
  /** How many times dispatches were missed, or may have been. */
  #gaps = 0;

  /** `backlogs` counts what waits for all streams. */
  constructor(
    nodeId: string,
    onClose: (stream: LocalStream, reason: CutReason | undefined) => void,
    backlogs: Backlogs = unbounded,
  ) {
    this.#nodeId = nodeId;
    this.#onClose = onClose;
    this.#backlogs = backlogs;
  }

  get all(): readonly LocalStream[] {
    return [...this.#streams.values()];
  }

  /** Whether this node holds the stream, or is opening it. */
  has(name: string): boolean {
    return this.#streams.has(name);
  }

  /** Whether this node holds a stream of the peer, or is opening one. */
  hasStreamOf(peerId: string): boolean {
    return this.#byPeer.has(peerId);
  }

  get size(): number {
    return this.#streams.size;
  }

  /** What they hold. A session has at most one of them. */
  get census(): Census {
    const { size: streams } = this.#streams;
    const { size: rooms } = this.#index;
    return { streams, rooms, sessions: this.#byPeer.size, backlogBytes: this.#backlogs.bytes };
  }

  /** The streams that wait for a snapshot, without those that wait for their first. */
  get waiting(): readonly LocalStream[] {
    return Array.from(this.#waiting).filter((stream) => !stream.opening);
  }

  /** Adds a stream that is being opened. From now on dispatches wait in it. */
  admit(peerId: string): LocalStream {
    this.#admitted += 1;
    const name = `${this.#nodeId}.${this.#admitted}`;
    const onClose = (closed: LocalStream, reason: CutReason | undefined) => {
      this.#streams.delete(closed.name);
      this.#count(peerId, -1);
      this.#waiting.delete(closed);
      this.#onClose(closed, reason);
    };
    const stream = new LocalStream(name, peerId, this.#index, onClose, this.#backlogs);
    this.#streams.set(name, stream);
    this.#count(peerId, 1);
    this.#waiting.add(stream);
    return stream;
  }

  /**
   * The streams whose sessions' keys were last kept before a time: the first of them, `max` at most. They count as kept
   * from now on.
   */
  dueForRenewal(before: number, max: number): readonly LocalStream[] {
    const due: LocalStream[] = [];
    // In order: those that were kept last come last.
    for (const stream of this.#streams.values()) {
      if (stream.renewedAt >= before || due.length >= max) break;
      due.push(stream);
    }
    for (const stream of due) {
      stream.renewedAt = performance.now();
      this.#streams.delete(stream.name);
      this.#streams.set(stream.name, stream);
    }
    return due;
  }

  /** Begins to ask for a snapshot of a stream's session. */
  begin(stream: LocalStream): SnapshotTicket {
    const gaps = this.#gaps;
    return {
      settle: (snapshot, connected) => {
        stream.settle(snapshot, gaps !== this.#gaps, connected);
        if (!stream.waiting) this.#waiting.delete(stream);
        return !stream.waiting;
      },
    };
  }

  /** Dispatches were missed, or may have been: from now on all streams wait for a snapshot. */
  holdAll(): void {
    this.#gaps += 1;
    for (const stream of this.#streams.values()) {
      stream.hold();
      this.#waiting.add(stream);
    }
  }

  cutAll(reason: CutReason): void {
    for (const stream of this.#streams.values()) stream.cut(reason);
  }

  /** Takes a dispatch from the node's channel. Returns true if dispatches before it were missed. */
  receive(dispatch: Dispatch): boolean {
    const missed = dispatch.n !== this.#expected;
    this.#expected = dispatch.n + 1;
    if (missed) this.holdAll();
    this.#route(dispatch);
    return missed;
  }

  #count(peerId: string, change: number): void {
    const held = (this.#byPeer.get(peerId) ?? 0) + change;
    if (held === 0) this.#byPeer.delete(peerId);
    else this.#byPeer.set(peerId, held);
  }

  #route(dispatch: Dispatch): void {
    switch (dispatch.kind) {
      case 'peers':
        for (const part of dispatch.parts) this.#streams.get(part.stream)?.take(part);
        break;
      case 'peer':
      case 'joined':
      case 'left':
      case 'removed':
        this.#streams.get(dispatch.stream)?.take(dispatch);
        break;
      case 'room':
        for (const stream of this.#index.streamsIn(dispatch.room)) {
          if (!stream.waiting) stream.take(dispatch);
        }
        for (const stream of this.#waiting) stream.take(dispatch);
        break;
      case 'replaced':
        this.#streams.get(dispatch.stream)?.replace();
        break;
      case 'disowned':
        for (const stream of this.#streams.values()) stream.take(dispatch);
        break;
    }
  }
}
