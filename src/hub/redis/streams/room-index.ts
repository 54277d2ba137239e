/** The streams of this node in each room. */
export class RoomIndex<Stream> {
  readonly #none: ReadonlySet<Stream> = new Set();
  readonly #streams = new Map<string, Set<Stream>>();

  /** How many rooms have a stream here. */
  get size(): number {
    return this.#streams.size;
  }

  streamsIn(room: string): ReadonlySet<Stream> {
    return this.#streams.get(room) ?? this.#none;
  }

  add(room: string, stream: Stream): void {
    const streams = this.#streams.get(room);
    if (streams) streams.add(stream);
    else this.#streams.set(room, new Set([stream]));
  }

  remove(room: string, stream: Stream): void {
    const streams = this.#streams.get(room);
    streams?.delete(stream);
    if (streams?.size === 0) this.#streams.delete(room);
  }
}
