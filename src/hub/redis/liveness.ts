import type { Logger } from 'pino';
import type { Scripts } from './scripts.ts';

/** How often a node says that it lives. */
const beatMs = 800;
/** So many beats that fail, or do not come back, mean that the connection is dead. */
const patience = 3;
/**
 * A node that is silent for so long is given up by the others: half of the grace period, so that its
 * peers are announced on time. Their streams go on elsewhere at once, whether it is given up or not, so
 * there is no hurry; and one that is only very busy is not to lose them.
 */
const leaseMs = (graceMs: number) => Math.min(Math.max(shortestLeaseMs, graceMs / 2), 10_000);
/** A beat that waits for the one before comes up to a whole beat late. */
const shortestLeaseMs = 3.25 * beatMs;
/** One script looks after so many sessions at the most, so that Redis is not held up. */
const batch = 200;

export interface LivenessEvents {
  /** A beat went out: Redis can be reached. */
  beaten(): void;
  /** The others had given this node up, or Redis has forgotten it: its sessions are no longer its own. */
  givenUp(): void;
  /** Another Redis process serves than before, which may lack writes that were acknowledged. */
  takenOver(): void;
  /** Beats go out and do not come back: the connection that listens is dead. */
  deaf(): void;
  /** Beats do not go out: the connection for commands is dead, where there is one, or Redis is. */
  mute(): void;
}

/** Keeps a node alive in the eyes of the others, and does its share of the housekeeping. */
export class Liveness {
  readonly #scripts: Scripts;
  readonly #nodeId: string;
  readonly #leaseMs: number;
  readonly #events: LivenessEvents;
  readonly #log: Logger;
  #timer: NodeJS.Timeout | undefined;
  #running = false;
  #beatenAt = Number.NEGATIVE_INFINITY;
  /** When this process last had its turn: what it did not get to do in time says nothing of Redis. */
  #tickedAt = 0;
  /** Turns in a row whose beats went out and did not come back. */
  #unheard = 0;
  /** Of those, how many since something was done about it. */
  #untended = 0;
  /** Beats in a row that did not go out. */
  #failed = 0;
  /** The newest id that Redis has told of, be it in a dispatch or in a reply. */
  #seen = 0;
  /** Of the Redis that told. Another is asked whether it knows as much. */
  #run = '';
  /** Redis's name for the time in which this node's sessions are its own. */
  #life = '';

  constructor(scripts: Scripts, nodeId: string, graceMs: number, events: LivenessEvents, log: Logger) {
    this.#scripts = scripts;
    this.#nodeId = nodeId;
    this.#leaseMs = leaseMs(graceMs);
    this.#events = events;
    this.#log = log;
  }

  /** Whether beats go out and come back. */
  get alive(): boolean {
    return this.#unheard < patience && performance.now() - this.#beatenAt < patience * beatMs;
  }

  /** Whether beats do not come back though something was done about it. */
  get isDeaf(): boolean {
    return this.#unheard > 2 * patience;
  }

  /** Makes the node known. Rejects with UNAVAILABLE. */
  async start(): Promise<void> {
    await this.#send();
    this.#beatenAt = performance.now();
    this.#tickedAt = this.#beatenAt;
    this.#timer = setInterval(() => void this.#tick(), beatMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** A beat came back. */
  heard(): void {
    this.#unheard = 0;
    this.#untended = 0;
  }

  /** The connection that listens is there again, and has to be given the time to hear something. */
  listening(): void {
    this.#untended = 0;
  }

  /** Whether the Redis that answers is the one whose run id begins so, as far as is known. */
  isOf(run: string): boolean {
    return this.#run === '' || this.#run.startsWith(run);
  }

  /** Redis has told of an id, by a dispatch or in a reply. */
  saw(id: number): void {
    if (id > this.#seen && this.#scripts.available) this.#seen = id;
  }

  /** Beats now, beside the beats that come by themselves. Resolves to whether it did. */
  async beat(): Promise<boolean> {
    if (this.#running) return false;
    this.#running = true;
    try {
      let more = true;
      while (more) {
        more = await this.#send();
        this.#beatenAt = performance.now();
        this.#failed = 0;
      }
      this.#events.beaten();
      return true;
    } catch (error) {
      this.#failed += 1;
      this.#log.warn({ reason: error instanceof Error ? error.message : String(error) }, 'redis: no beat');
      return false;
    } finally {
      this.#running = false;
    }
  }

  async #tick(): Promise<void> {
    const now = performance.now();
    const late = now - this.#tickedAt > 2 * beatMs;
    this.#tickedAt = now;
    if (late) {
      // What came meanwhile still waits to be read.
      this.#failed = 0;
      this.heard();
    }
    if (await this.beat()) {
      this.#unheard += 1;
      this.#untended += 1;
    }
    if (this.#failed >= patience) {
      this.#failed = 0;
      this.#events.mute();
    }
    if (this.#untended >= patience) {
      this.#untended = 0;
      this.#events.deaf();
    }
  }

  /** Sends one beat. True where there is more to do. */
  async #send(): Promise<boolean> {
    const reply = await this.#scripts.beat(this.#nodeId, beatMs, this.#leaseMs, batch, this.#run, this.#seen);
    const [life, unfinished, run] = reply as [string, number, string];
    if (this.#run !== '' && this.#run !== run) this.#events.takenOver();
    this.#run = run;
    if (this.#life !== '' && this.#life !== life) this.#events.givenUp();
    this.#life = life;
    return unfinished === 1;
  }
}
