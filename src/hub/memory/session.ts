import { SignalboxError } from '../../errors.ts';
import type { Connected, Entry, Profile } from '../hub.ts';
import { Stream } from '../stream.ts';
import { Inbox, type Item } from './inbox.ts';
import type { MemoryRoom } from './room.ts';

/** What `Connected` may take in a stream's backlog. It is in no inbox. */
const connectedBytes = 256;

interface SessionOptions {
  readonly profile: Profile;
  /** The id of the session's first `Connected`. */
  readonly startId: number;
  /** The cursor that the session was opened with, and that nothing could go on from. */
  readonly openedWith: number | undefined;
  readonly graceMs: number;
  /** Called where the session had no stream for the grace period. */
  readonly onGraceOver: (session: Session) => void;
  /** Called once for each stream that was attached, when it has closed. */
  readonly onStreamClosed: () => void;
}

/**
 * One peer's continuous presence: its rooms, what was sent to it, and the stream it has now, if any.
 * The session owns that stream and the timer that runs while there is none.
 */
export class Session {
  /** As its last token had it. */
  profile: Profile;
  readonly startId: number;
  readonly openedWith: number | undefined;
  readonly inbox = new Inbox();
  /** In order of joining. */
  readonly rooms = new Map<string, MemoryRoom>();
  readonly #graceMs: number;
  readonly #onGraceOver: (session: Session) => void;
  readonly #onStreamClosed: () => void;
  #stream: Stream | undefined;
  #graceTimer: NodeJS.Timeout | undefined;

  constructor(options: SessionOptions) {
    this.profile = options.profile;
    this.startId = options.startId;
    this.openedWith = options.openedWith;
    this.#graceMs = options.graceMs;
    this.#onGraceOver = options.onGraceOver;
    this.#onStreamClosed = options.onStreamClosed;
  }

  /** Whether the session has an open stream. */
  get connected(): boolean {
    return this.#stream !== undefined;
  }

  /** Gives the session a stream that holds `Connected` and what was missed. One it had ends. */
  attach(connected: Connected, missed: readonly Item[]): Stream {
    const older = this.#letGo();
    const stream = new Stream(() => {
      this.#onStreamClosed();
      if (this.#stream === stream) this.#detach();
    });
    this.#stream = stream;
    older?.end(new SignalboxError('REPLACED'));
    const opening: { entry: Connected | Entry; bytes: number }[] = [
      { entry: connected, bytes: connectedBytes },
      ...missed,
    ];
    stream.push(opening);
    return stream;
  }

  /** Keeps the entries for a resume, and gives them to the stream. A batch stays whole. */
  deliver(batch: readonly Item[]): void {
    this.inbox.append(batch);
    this.#stream?.push(batch);
  }

  /** The session is over: its stream, where it has one still, ends with `REPLACED`. */
  end(): void {
    this.#letGo()?.end(new SignalboxError('REPLACED'));
  }

  /** The hub closes: no grace period begins. */
  cut(): void {
    this.#letGo()?.cut('shutdown');
  }

  #detach(): void {
    this.#stream = undefined;
    this.#graceTimer = setTimeout(() => this.#onGraceOver(this), this.#graceMs);
    // Nobody is connected through it, so it is no reason for the process to live on.
    this.#graceTimer.unref();
  }

  /** Takes the stream away first, so that its end is not taken for a lost connection. */
  #letGo(): Stream | undefined {
    clearTimeout(this.#graceTimer);
    this.#graceTimer = undefined;
    const stream = this.#stream;
    this.#stream = undefined;
    return stream;
  }
}
