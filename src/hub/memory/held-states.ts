/** An origin may hold at most this many times the memory that is free. */
const perFree = 3;

/**
 * Counts the memory of the members of all rooms, with their states, and bounds it (G8). Nobody loses a state to make
 * room: what does not fit is refused. An origin, such as an address, may hold three times as much as is free. So one
 * alone can fill three quarters, and others find room (G13).
 */
export class HeldStates {
  readonly #maxBytes: number;
  readonly #byOrigin = new Map<string, number>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Whether the origin may hold this many more bytes. A state that does not grow is always accepted. */
  admits(origin: string, growth: number): boolean {
    if (growth <= 0) return true;
    const free = this.#maxBytes - this.#bytes - growth;
    return (this.#byOrigin.get(origin) ?? 0) + growth <= perFree * free;
  }

  /** Counts a change of what the origin holds. */
  change(origin: string, bytes: number): void {
    const held = (this.#byOrigin.get(origin) ?? 0) + bytes;
    if (held === 0) this.#byOrigin.delete(origin);
    else this.#byOrigin.set(origin, held);
    this.#bytes += bytes;
  }
}
