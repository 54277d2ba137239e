/** The failed calls that Redis may still run. A caller learns of the failure when Redis would refuse its call (G2). */
export class LateCalls {
  /** The number of the newest connection that Redis knows. It refuses calls from earlier ones. */
  #newestKnown = 0;
  /** Checks each call. */
  readonly #held = new Set<() => void>();

  /** Redis has answered a beat on this connection. */
  connectionKnown(connection: number): void {
    this.#newestKnown = connection;
    for (const check of this.#held) check();
  }

  /** Resolves when Redis would refuse a call of this connection whose node waited until `waitsUntil`. */
  refused(connection: number, waitsUntil: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    let timer: NodeJS.Timeout | undefined;
    const check = () => {
      clearTimeout(timer);
      // A timer of Node.js may fire too early if the process is busy.
      const leftMs = waitsUntil - performance.now();
      if (leftMs >= 0 && connection >= this.#newestKnown) {
        timer = setTimeout(check, leftMs + 1);
        return;
      }
      this.#held.delete(check);
      resolve();
    };
    this.#held.add(check);
    check();
    return promise;
  }
}
