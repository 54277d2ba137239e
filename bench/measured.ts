/** A process that is measured: a node of Signalbox or of a contender. */
export interface Measured {
  /** On 127.0.0.1. */
  readonly port: number;
  /** The CPU time so far, in microseconds. */
  cpuMicros(): Promise<number>;
  memory(): Promise<Memory>;
  /** Kills the process at once, as a crash would. */
  stop(): Promise<void>;
}

/** What the process holds once it has collected its garbage. */
export interface Memory {
  readonly rssBytes: number;
  /** Undefined: the process has no heap of V8. */
  readonly heapBytes?: number;
}
