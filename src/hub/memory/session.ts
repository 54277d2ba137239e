import { SignalboxError } from '../../errors.ts';
import type { Backlogs } from '../backlogs.ts';
import { backlogBounds } from '../bounds.ts';
import type { Connected, Entry, Peer, Room, SizedEntry } from '../hub.ts';
import type { Pass } from '../pass.ts';
import type { RoomView } from '../room-view.ts';
import { fullIdOf } from '../spaces.ts';
import { type CutReason, Stream } from '../stream.ts';
import type { HeldEntries, HeldEntry } from './held-entries.ts';
import { Inbox } from './inbox.ts';
import { type HeldReceipts, Receipts } from './receipts.ts';
import type { MemoryRoom } from './room.ts';

/** The size of `Connected` in a stream's backlog. No inbox keeps it. */
const connectedBytes = 256;

interface SessionOptions {
  readonly peer: Peer;
  readonly pass: Pass;
  readonly origin: string;
  /** The cursor of the session's first `Connected`. */
  readonly start: number;
  /** The unusable cursor that the session was opened with, if any. */
  readonly openedWith: number | undefined;
  readonly graceMs: number;
  /** Counts the memory of all inboxes. */
  readonly held: HeldEntries;
  /** Counts the memory of all receipts. */
  readonly heldReceipts: HeldReceipts;
  /** Counts what waits for all streams. */
  readonly backlogs: Backlogs;
  /** Called when the session has had no stream for the grace period. */
  readonly onGraceOver: (session: Session) => void;
  /** Called once for each attached stream, when it has closed: with a reason if it was cut. */
  readonly onStreamClosed: (session: Session, reason: CutReason | undefined) => void;
}

/**
 * One peer's continuous presence: its rooms, its log, and its stream, if it has one now. The session owns that
 * stream, and the timer that runs while there is none.
 */
export class Session {
  /** The peer, as its latest token names it. */
  peer: Peer;
  /** That of the token with which its stream was opened last. */
  pass: Pass;
  readonly fullId: string;
  /** What its states count for, such as an address. */
  readonly origin: string;
  readonly start: number;
  readonly openedWith: number | undefined;
  readonly inbox: Inbox;
  readonly receipts: Receipts;
  /** By their full ids, in order of joining. */
  readonly rooms = new Map<string, MemoryRoom>();
  readonly #backlogs: Backlogs;
  readonly #graceMs: number;
  readonly #onGraceOver: (session: Session) => void;
  readonly #onStreamClosed: (session: Session, reason: CutReason | undefined) => void;
  #stream: Stream | undefined;
  #graceTimer: NodeJS.Timeout | undefined;

  constructor(options: SessionOptions) {
    this.peer = options.peer;
    this.pass = options.pass;
    this.fullId = fullIdOf(options.peer);
    this.origin = options.origin;
    this.start = options.start;
    this.openedWith = options.openedWith;
    this.inbox = new Inbox(options.held);
    this.receipts = new Receipts(options.heldReceipts);
    this.#backlogs = options.backlogs;
    this.#graceMs = options.graceMs;
    this.#onGraceOver = options.onGraceOver;
    this.#onStreamClosed = options.onStreamClosed;
  }

  /** Whether the session has an open stream. */
  get connected(): boolean {
    return this.#stream !== undefined;
  }

  /** The session's rooms, in order of joining. */
  viewRooms(view: RoomView): readonly Room[] {
    return Array.from(this.rooms.values(), (room) => room.view(view));
  }

  /**
   * The entries that the peer has not seen, if the session can go on from the cursor; undefined if a new one has to
   * begin. `lastGiven`: the last cursor that the hub's clock gave. Throws `REPLACED` if the cursor is another tab's.
   */
  missed(cursor: number, lastGiven: number): readonly SizedEntry[] | undefined {
    // The client sends the same cursor again, because it did not get the answer that opened this session.
    if (cursor === this.openedWith) return undefined;
    if (cursor < this.start) throw new SignalboxError('REPLACED');
    // The clock never gave that cursor, so the hub cannot tell what followed it.
    if (cursor > lastGiven) return undefined;
    return this.inbox.after(cursor);
  }

  /** Gives the session a stream that begins with `Connected` and the missed entries. An earlier stream ends. */
  attach(connected: Connected, missed: readonly SizedEntry[]): Stream {
    const earlier = this.#release();
    const onClose = (reason: CutReason | undefined) => {
      if (this.#stream === stream) this.#detach();
      this.#onStreamClosed(this, reason);
    };
    const stream = new Stream(onClose, backlogBounds, this.#backlogs);
    this.#stream = stream;
    earlier?.end(new SignalboxError('REPLACED'));
    const opening: { entry: Connected | Entry; bytes: number }[] = [
      { entry: connected, bytes: connectedBytes },
      ...missed,
    ];
    stream.push(opening);
    return stream;
  }

  /** Keeps a batch for a resume, and pushes it to the stream. */
  deliver(batch: readonly HeldEntry[]): void {
    this.inbox.append(batch);
    this.#stream?.push(batch);
  }

  /** Ends the session. An open stream ends with `REPLACED`. */
  end(): void {
    this.#release()?.end(new SignalboxError('REPLACED'));
    this.inbox.close();
    this.receipts.close();
  }

  /** Cuts the stream when the hub closes. No grace period begins. */
  cut(reason: CutReason): void {
    this.#release()?.cut(reason);
  }

  #detach(): void {
    this.#stream = undefined;
    this.#graceTimer = setTimeout(() => this.#onGraceOver(this), this.#graceMs);
    // An absent peer is no reason to keep the process alive.
    this.#graceTimer.unref();
  }

  /** Detaches the stream before it ends, so that its end does not begin a grace period. */
  #release(): Stream | undefined {
    clearTimeout(this.#graceTimer);
    this.#graceTimer = undefined;
    const stream = this.#stream;
    this.#stream = undefined;
    return stream;
  }
}
