import type { Stream } from './stream.ts';

/** The least age at which a stream is cut, as a share of the greatest. The rest is random, so that cuts spread. */
const minShare = 1 / 2;
/** How often to look for old streams, in milliseconds, in a hub without beats: as often as a node beats. */
const lookMs = 800;
/** After a longer pause between two looks, in milliseconds, the node could not serve for a while. */
const maxPauseMs = 5000;

/**
 * Cuts the old streams of a node, so that their clients resume elsewhere under G3, and a new node gets its share. Each
 * stream is cut at a random age of its own, between half of the greatest and the greatest. So streams that opened
 * together are not cut together.
 *
 * The owner calls `look` only while clients can resume, so no stream is cut in an outage (G10). Streams whose time came
 * in the outage are cut after it, spread over a quarter of the greatest age.
 */
export class StreamAges {
  readonly #maxMs: number | undefined;
  /** When to cut each stream, by `performance.now`. */
  readonly #ends = new Map<Stream, number>();
  #lookedAt = performance.now();
  #timer: NodeJS.Timeout | undefined;

  /** `maxMs`: the greatest age of a stream, in milliseconds. Undefined: no stream is cut. */
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
