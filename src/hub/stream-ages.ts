import type { Stream } from './stream.ts';

/** The least life of a stream, as a share of the most. The rest is chosen at random, so that cuts spread. */
const minShare = 1 / 2;
/** How often to look for old streams, in milliseconds, in a hub without beats: as often as a node beats. */
const lookMs = 800;
/** After a longer pause between two looks, in milliseconds, the node could not serve for a while. */
const maxPauseMs = 5000;

/**
 * Cuts the streams of a node that are old, so that their clients resume elsewhere under G3, and a new node gets its
 * share. Each stream lives for a random time of its own, between half of the most and the most: streams that have opened
 * together do not end together.
 *
 * The owner calls `look` while clients can resume, and only then, so no stream is cut in an outage (G10). Those whose
 * time has come meanwhile are cut afterwards, spread over a quarter of the most.
 */
export class StreamAges {
  readonly #maxMs: number | undefined;
  /** When to cut each stream, by `performance.now`. */
  readonly #ends = new Map<Stream, number>();
  #lookedAt = performance.now();
  #timer: NodeJS.Timeout | undefined;

  /** `maxMs`: the most that a stream may live, in milliseconds. Undefined: no stream is cut. */
  constructor(maxMs: number | undefined) {
    this.#maxMs = maxMs;
  }

  /** Counts the age of a stream from now on. Returns the stream. */
  add(stream: Stream): Stream {
    if (this.#maxMs === undefined) return stream;
    const share = minShare + (1 - minShare) * Math.random();
    this.#ends.set(stream, performance.now() + share * this.#maxMs);
    return stream;
  }

  /** Looks for old streams by itself, until `stop`: for a hub whose clients can always resume. */
  start(): void {
    if (this.#maxMs !== undefined) this.#timer ??= setInterval(() => this.look(), lookMs).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#ends.clear();
  }

  /** Cuts the streams whose time has come. */
  look(): void {
    if (this.#maxMs === undefined) return;
    const now = performance.now();
    const paused = now - this.#lookedAt > maxPauseMs;
    this.#lookedAt = now;
    for (const [stream, end] of this.#ends) {
      if (stream.closed) this.#ends.delete(stream);
      else if (end > now) continue;
      else if (paused) this.#ends.set(stream, now + (Math.random() * this.#maxMs) / 4);
      else stream.cut('age');
    }
  }
}
