/** Of the six connections that a browser opens to one server over HTTP/1.1, streams may hold this many. */
const maxStreams = 3;
/** When a visible tab asks for a stream, each hidden tab answers after a random time up to this, in milliseconds. */
const answerMs = 300;

/**
 * The right of a tab to hold a stream. All tabs of an origin together have three, so that connections are left for
 * their calls: over HTTP/1.1 a browser opens only six. A tab that is shown takes a free one, or asks for that of a
 * tab that is hidden.
 */
export class StreamSlot {
  readonly #name: string;
  readonly #changed: () => void;
  readonly #tabs: BroadcastChannel;
  #release: (() => void) | undefined;
  #asking: AbortController | undefined;
  #closed = false;

  /** `name`: the same for all clients of one server. `changed` is called whenever `held` has changed. */
  constructor(name: string, changed: () => void) {
    this.#name = name;
    this.#changed = changed;
    this.#tabs = new BroadcastChannel(name);
    this.#tabs.onmessage = () => setTimeout(() => void this.#giveWay(), Math.random() * answerMs);
    document.addEventListener('visibilitychange', this.#ask);
  }

  /**
   * A slot for a client of this server, where one is needed and possible. Web Locks need a secure context (HTTPS, or
   * localhost). Over HTTP/2 and HTTP/3, one connection carries all streams.
   */
  static for(url: string, changed: () => void): StreamSlot | undefined {
    if (typeof document === 'undefined' || !navigator.locks || StreamSlot.isNeedless(url)) return undefined;
    return new StreamSlot(`signalbox ${new URL(url).host} `, changed);
  }

  /** Whether the last answer came over HTTP/2 or HTTP/3. Before the first answer, nobody knows. */
  static isNeedless(url: string): boolean {
    const entries = performance.getEntriesByName(url) as PerformanceResourceTiming[];
    return /^h[23]/.test(entries.at(-1)?.nextHopProtocol ?? '');
  }

  get held(): boolean {
    return this.#release !== undefined;
  }

  /** Takes a free slot. If no slot is free, the tab waits for one while it is shown. */
  async take(): Promise<void> {
    for (let n = 0; n < maxStreams && !this.held; n++) await this.#request(n, { ifAvailable: true });
    this.#ask();
  }

  /** While the tab is hidden and has no slot, runs work of one tab at a time. */
  inTurn<Value>(work: () => Promise<Value>): Promise<Value> {
    return navigator.locks.request(`poll ${this.#name}`, work) as Promise<Value>;
  }

  close(): void {
    this.#closed = true;
    this.#tabs.close();
    document.removeEventListener('visibilitychange', this.#ask);
    this.#ask();
    this.#give();
  }

  /** A tab that is shown waits for a slot. One that is hidden, has a slot or is closed waits for none. */
  readonly #ask = (): void => {
    if (document.hidden || this.held || this.#closed) {
      this.#asking?.abort();
      this.#asking = undefined;
    } else if (!this.#asking) {
      this.#asking = new AbortController();
      const { signal } = this.#asking;
      for (let n = 0; n < maxStreams; n++) void this.#request(n, { signal });
      this.#tabs.postMessage('');
    }
  };

  /** Resolves when this tab has the slot, or when it is certain that it does not get the slot now. */
  #request(n: number, options: LockOptions): Promise<void> {
    return new Promise((resolve) => {
      const take = (lock: Lock | null) => {
        resolve();
        if (!lock || this.held || this.#closed) return undefined;
        return new Promise<void>((release) => {
          this.#release = release;
          this.#ask();
          this.#changed();
        });
      };
      // A request that is given up rejects.
      navigator.locks.request(this.#name + n, options, take).catch(() => resolve());
    });
  }

  #give(): void {
    this.#release?.();
    this.#release = undefined;
    this.#changed();
  }

  /** A tab that is hidden gives its slot to one that is shown and waits. */
  async #giveWay(): Promise<void> {
    if (!document.hidden || !this.held) return;
    const { pending = [] } = await navigator.locks.query();
    if (pending.some(({ name }) => name?.startsWith(this.#name))) this.#give();
  }
}
