import type { Logger } from 'pino';
import type { Neighbours } from './neighbours.ts';
import { OtherLayout } from './scripts/other-layout.ts';
import type { Scripts } from './scripts/scripts.ts';

/** How often a node sends a beat, the sign that it lives. */
export const beatMs = 800;
/** How long a node that closes waits for its last connection to Redis. */
export const lastBeatMs = 2000;
/** After this many beats in a row that fail, or do not come back, the connection is taken for dead. */
const maxMissed = 3;
/**
 * The other nodes give up a node that is silent for longer. That is half of the grace period, so that its peers are
 * announced on time. Clients resume elsewhere at once in any case, so there is no hurry, and a node that is only busy
 * should not lose its streams.
 */
const leaseMs = (graceMs: number) => Math.min(Math.max(minLeaseMs, graceMs / 2), 10_000);
/** A beat waits for the one before it, so it may come nearly a whole beat late. */
const minLeaseMs = 3.25 * beatMs;
/** About the most sessions and rooms that one script handles, so that it does not hold up Redis. */
const batch = 200;

export interface BeatsEvents {
  /** Redis has taken a beat. */
  beaten(): void;
  /** A beat has failed. */
  failed(): void;
  /** The other nodes have given this node up, or Redis has forgotten it: its sessions may be elsewhere. */
  givenUp(): void;
  /** Another Redis answers than before. It may lack acknowledged writes. */
  takenOver(): void;
  /** Redis now has the data of another version of Signalbox. The message says what to do. */
  misplaced(message: string): void;
  /** Redis takes beats, but they do not come back: the listening connection is dead. */
  listenerDead(): void;
  /** Beats fail: the connection for commands is dead, or Redis is away. */
  commandsDead(): void;
}

/** Tells Redis and the other nodes that this node lives, and does its share of the housekeeping. */
export class Beats {
  readonly #scripts: Scripts;
  readonly #leaseMs: number;
  readonly #neighbours: Neighbours;
  readonly #events: BeatsEvents;
  readonly #log: Logger;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<boolean> | undefined;
  #beatenAt = Number.NEGATIVE_INFINITY;
  /** When the timer last fired. If this node was busy or halted, missed beats say nothing about Redis. */
  #tickedAt = 0;
  /** Beats in a row that Redis took and that did not come back. */
  #unheard = 0;
  /** How many of these beats were sent since the listening connection was last made anew. */
  #untended = 0;
  /** Beats in a row that failed. */
  #failed = 0;
  /** Whether the last beat met the data of another version of Signalbox. */
  #misplaced = false;
  /** The run id of the Redis that answered the last beat; empty before the first. */
  #run = '';
  /** The takeover with which that Redis began to serve; empty before the first beat. A Redis can serve twice. */
  #takeover = '';
  /** What the node saw of an earlier Redis after it had asked the present one for the first time. */
  #owed: { readonly takeover: string; readonly newestId: number } | undefined;
  /** The name of the time since Redis first knew this node, or it was last given up. */
  #life = '';

  constructor(scripts: Scripts, graceMs: number, neighbours: Neighbours, events: BeatsEvents, log: Logger) {
    this.#scripts = scripts;
    this.#leaseMs = leaseMs(graceMs);
    this.#neighbours = neighbours;
    this.#events = events;
    this.#log = log;
  }

  /** Whether Redis takes beats, and they come back. */
  get alive(): boolean {
    return this.#unheard < maxMissed && this.silentMs < maxMissed * beatMs;
  }

  /** How long ago Redis last took a beat. */
  get silentMs(): number {
    return performance.now() - this.#beatenAt;
  }

  /** Whether beats do not come back although the listening connection was made anew. */
  get listenerDead(): boolean {
    return this.#unheard > 2 * maxMissed;
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

  /** The listening connection was made anew, and needs some time to receive a beat. */
  listenerConnected(): void {
    this.#untended = 0;
  }

  /** Whether the Redis with this start of its run id answered the last beat. True before the first beat. */
  answeredBy(runStart: string): boolean {
    return this.#run === '' || this.#run.startsWith(runStart);
  }

  /** Beats now, in addition to the timer, unless a beat is under way. Resolves to whether Redis took the beat. */
  beat(): Promise<boolean> {
    this.#running ??= this.#beat().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #beat(): Promise<boolean> {
    try {
      let more = true;
      while (more) {
        more = await this.#send();
        this.#beatenAt = performance.now();
        this.#failed = 0;
      }
      this.#misplaced = false;
      this.#events.beaten();
      return true;
    } catch (error) {
      if (error instanceof OtherLayout) {
        if (!this.#misplaced) this.#events.misplaced(error.message);
        this.#misplaced = true;
        return false;
      }
      this.#failed += 1;
      this.#events.failed();
      this.#log.warn({ reason: error instanceof Error ? error.message : String(error) }, 'redis: no beat');
      return false;
    }
  }

  async #tick(): Promise<void> {
    const now = performance.now();
    const late = now - this.#tickedAt > 2 * beatMs;
    this.#tickedAt = now;
    if (late) {
      // Replies and dispatches may have arrived meanwhile, and are not read yet.
      this.#failed = 0;
      this.heard();
    }
    // A beat that is still under way counts for the tick that sent it.
    if (!this.#running && (await this.beat())) {
      this.#unheard += 1;
      this.#untended += 1;
    } else if (!late) {
      void this.#neighbours.missed(this.silentMs);
    }
    if (this.#failed >= maxMissed) {
      this.#failed = 0;
      this.#events.commandsDead();
    }
    if (this.#untended >= maxMissed) {
      this.#untended = 0;
      this.#events.listenerDead();
    }
  }

  /** Sends one beat. Resolves to whether there is more housekeeping to do. */
  async #send(): Promise<boolean> {
    const seen = this.#owed ?? { takeover: this.#takeover, newestId: this.#scripts.newestId };
    const { life, more, run, takeover, neighbours } = await this.#scripts.beat({
      ...seen,
      beatMs,
      leaseMs: this.#leaseMs,
      batch,
      url: this.#neighbours.address(this.#scripts.localAddress),
    });
    this.#neighbours.beaten(neighbours);
    this.#owed = undefined;
    this.#run = run;
    const earlier = this.#takeover;
    this.#takeover = takeover;
    if (earlier !== '' && earlier !== takeover) {
      this.#events.takenOver();
      // While the first beat was on its way, the earlier Redis may still have sent dispatches.
      const { newestId } = this.#scripts;
      if (newestId > seen.newestId) this.#owed = { takeover: earlier, newestId };
    }
    if (this.#life !== '' && this.#life !== life) this.#events.givenUp();
    this.#life = life;
    return more || this.#owed !== undefined;
  }
}
