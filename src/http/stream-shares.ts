import { SignalboxError } from '../errors.ts';
import type { StreamPlace } from '../graphql/context.ts';

/** The place of one stream. Until it is taken, it counts for nothing. */
export interface HeldPlace extends StreamPlace {
  /** Gives the place back. Idempotent. */
  release(): void;
}

/** The number of streams that an address may have in any case: those of a few tabs. */
const minShare = 4;
/** An address may have this many streams for each one that is free. */
const perFree = 3;
/**
 * The most streams of an address, as a part of all, those that resume included: what it may have if it is alone, and an
 * eighth for streams that resume before their broken connections are noticed. Without this, an address could let streams
 * go, fill their places, and resume them on top.
 */
const mostOfAddress = perFree / (perFree + 1) + 1 / 8;

const fullShare =
  'Your address has as many streams as it may have on this server. Close one, or try again in a moment.';

/**
 * Shares the streams of a node among addresses. An address may have up to three times as many streams as are free,
 * and 4 in any case. So one address alone can take three quarters of MAX_STREAMS. When few streams are free, even an
 * address with few streams gets no more. A stream that resumes gets its place even then.
 */
export class StreamShares {
  readonly #maxStreams: number;
  readonly #counts = new Map<string, number>();
  #total = 0;

  constructor(maxStreams: number) {
    this.#maxStreams = maxStreams;
  }

  place(address: string): HeldPlace {
    let taken = false;
    let isExtra = false;
    return {
      take: (resumes) => {
        if (taken) return;
        isExtra = !this.#hasRoom(address);
        if (isExtra && !(resumes && this.#mayResume(address)))
          throw new SignalboxError('UNAVAILABLE', fullShare);
        taken = true;
        this.#count(address, 1);
      },
      confirm: (resumed) => {
        if (isExtra && !resumed) throw new SignalboxError('UNAVAILABLE', fullShare);
      },
      release: () => {
        if (!taken) return;
        taken = false;
        this.#count(address, -1);
      },
    };
  }

  #mayResume(address: string): boolean {
    return this.#held(address) < Math.max(minShare, mostOfAddress * this.#maxStreams);
  }

  #hasRoom(address: string): boolean {
    return this.#held(address) < Math.max(minShare, perFree * (this.#maxStreams - this.#total));
  }

  #held(address: string): number {
    return this.#counts.get(address) ?? 0;
  }

  #count(address: string, change: number): void {
    const held = this.#held(address) + change;
    if (held === 0) this.#counts.delete(address);
    else this.#counts.set(address, held);
    this.#total += change;
  }
}
