import { type Pass, removalMs } from '../pass.ts';

/** The peers that were put out of rooms, for as long as they may not come back (G16). */
export class Removals {
  readonly #durationMs: number;
  /** When each removal ends, by `performance.now`, in the order of the removals. By room and peer, and by room and pass. */
  readonly #ends = new Map<string, number>();

  constructor(durationMs: number = removalMs) {
    this.#durationMs = durationMs;
  }

  /** Notes that the peer, which came with this pass, was put out of the room. All ids are full ids. */
  note(roomId: string, peerId: string, pass: Pass): void {
    const now = performance.now();
    for (const [name, end] of this.#ends) {
      if (end > now) break;
      this.#ends.delete(name);
    }
    for (const name of [ofPeer(roomId, peerId), ofPass(roomId, pass)]) {
      this.#ends.delete(name);
      this.#ends.set(name, now + this.#durationMs);
    }
  }

  /** Whether the peer may not come back with this pass. One that was made after the removal lets it in. */
  forbids(roomId: string, peerId: string, pass: Pass): boolean {
    const now = performance.now();
    if (pass.id !== '' && (this.#ends.get(ofPass(roomId, pass)) ?? 0) > now) return true;
    const leftMs = (this.#ends.get(ofPeer(roomId, peerId)) ?? 0) - now;
    if (leftMs <= 0) return false;
    const removedAt = Date.now() - (this.#durationMs - leftMs);
    // Both in whole seconds: a token of the same second may be older than the removal.
    return pass.issuedAt <= Math.floor(removedAt / 1000);
  }
}

function ofPeer(roomId: string, peerId: string): string {
  return `${roomId}\npeer ${peerId}`;
}

function ofPass(roomId: string, { id }: Pass): string {
  return `${roomId}\npass ${id}`;
}
