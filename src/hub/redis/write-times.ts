import type { Monitor } from '../../monitor.ts';

/**
 * Measures how long it takes from the arrival of a dispatch until this node has written what follows from it. Streams
 * whose clients read are written to in the same turn of the event loop. So one measurement a turn is enough.
 */
export class WriteTimes {
  readonly #monitor: Monitor;
  #running = false;

  constructor(monitor: Monitor) {
    this.#monitor = monitor;
  }

  /** A dispatch has arrived. */
  readonly arrived = (): void => {
    if (this.#running) return;
    this.#running = true;
    const begun = performance.now();
    setImmediate(() => {
      this.#running = false;
      this.#monitor.dispatched((performance.now() - begun) / 1000);
    });
  };
}
