import type { Logger } from 'pino';
import type { Scripts } from './scripts.ts';

/** How often a node says that it lives. */
const beatMs = 800;
/** A node that is silent for so long is given up by the others: three beats. */
const leaseMs = 3 * beatMs;
/** One script looks after so many sessions at the most, so that Redis is not held up. */
const batch = 200;

export interface LivenessEvents {
  /** A beat went out: Redis can be reached. */
  beaten(): void;
  /** The others had given this node up, or Redis has forgotten it: its sessions are no longer its own. */
  givenUp(): void;
  /** Beats go out and do not come back: the connection that listens is dead. */
  deaf(): void;
  /** Beats do not go out: the connection for commands is dead, or Redis is. */
  mute(): void;
}

/** Keeps a node alive in the eyes of the others, and does its share of the housekeeping. */
export class Liveness {
  readonly #scripts: Scripts;
  readonly #nodeId: string;
  readonly #events: LivenessEvents;
  readonly #log: Logger;
  #timer: NodeJS.Timeout | undefined;
  #running = false;
  #beatenAt = 0;
  #heardAt = 0;
  /** The newest id that Redis has told of, be it in a dispatch or in a reply. */
  #seen = 0;
  /** Of the Redis that told. Another is asked whether it knows as much. */
  #run = '';

  constructor(scripts: Scripts, nodeId: string, events: LivenessEvents, log: Logger) {
    this.#scripts = scripts;
    this.#nodeId = nodeId;
    this.#events = events;
    this.#log = log;
  }

  /** Whether beats go out and come back. */
  get alive(): boolean {
    const now = performance.now();
    return now - this.#beatenAt < leaseMs && now - this.#heardAt < leaseMs;
  }

  /** Makes the node known. Rejects with UNAVAILABLE. */
  async start(): Promise<void> {
    this.#heardAt = performance.now();
    await this.#send();
    this.#beatenAt = performance.now();
    this.#timer = setInterval(() => void this.beat(), beatMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** A beat came back. */
  heard(): void {
    this.#heardAt = performance.now();
  }

  /**
   * Redis has told of an id; `run`, where it did so by a dispatch. One that is not the Redis of the
   * last beat has taken over already, in a Cluster say, and what it gives it does not lack.
   */
  saw(id: number, run = this.#run): void {
    if (id > this.#seen && this.#scripts.available && this.#run.startsWith(run)) this.#seen = id;
  }

  /** Beats now, beside the beats that come by themselves. */
  async beat(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    try {
      let more = true;
      while (more) {
        const [known, unfinished] = await this.#send();
        if (known === 0) this.#events.givenUp();
        more = unfinished === 1;
      }
      this.#beatenAt = performance.now();
      if (this.#beatenAt - this.#heardAt > leaseMs) {
        this.#heardAt = this.#beatenAt;
        this.#events.deaf();
      }
      this.#events.beaten();
    } catch (error) {
      this.#log.warn({ reason: error instanceof Error ? error.message : String(error) }, 'redis: no beat');
      if (this.#scripts.available && performance.now() - this.#beatenAt > leaseMs) this.#events.mute();
    } finally {
      this.#running = false;
    }
  }

  async #send(): Promise<[known: number, unfinished: number]> {
    const reply = await this.#scripts.beat(this.#nodeId, leaseMs, batch, this.#run, this.#seen);
    const [known, unfinished, run] = reply as [number, number, string];
    this.#run = run;
    return [known, unfinished];
  }
}
