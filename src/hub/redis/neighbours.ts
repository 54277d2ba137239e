import type { Logger } from 'pino';

/** How nodes reach one another without Redis. The server gives it to the hub, which knows nothing of HTTP. */
export interface Reach {
  /**
   * The URL at which other nodes can ask this one whether it is ready. Undefined if it does not listen. `localAddress`:
   * the address of this machine on its way to Redis.
   */
  address(localAddress: string | undefined): string | undefined;
  /** Asks at such a URL. Resolves to undefined if no node answers there, or if it is not ready. Never rejects. */
  askReady(url: string): Promise<Readiness | undefined>;
}

/** What a node that is ready says of itself. */
export interface Readiness {
  readonly nodeId: string;
  /** How long ago Redis last took a beat of it. */
  readonly silentMs: number;
}

/** Another node, as Redis knows it. */
export interface Neighbour {
  readonly nodeId: string;
  readonly url: string;
}

/** How many neighbours to remember: those that Redis named last. */
const maxNeighbours = 8;

/**
 * Finds out whether this node alone has lost Redis. Then its clients are better off at other nodes, and should come
 * there within their grace period. If no other node hears Redis either, clients are best off where they are (G10).
 */
export class Neighbours {
  readonly #reach: Reach | undefined;
  readonly #beatMs: number;
  /** How long the node is silent before it asks others. */
  readonly #patienceMs: number;
  /** How long others must hear Redis and this node not: they may only have reconnected sooner. */
  readonly #sureMs: number;
  readonly #onAlone: (other: string) => void;
  readonly #log: Logger;
  readonly #known = new Map<string, string>();
  #asking = false;
  #alone = false;
  /** Since when others are known to hear Redis while this node does not. */
  #since: number | undefined;

  /** `onAlone` is called when the node finds that it is alone, with the id of a node that hears Redis. */
  constructor(
    options: { readonly reach: Reach | undefined; readonly graceMs: number; readonly beatMs: number },
    onAlone: (other: string) => void,
    log: Logger,
  ) {
    const { reach, graceMs, beatMs } = options;
    this.#reach = reach;
    this.#beatMs = beatMs;
    this.#patienceMs = graceMs / 3;
    this.#sureMs = Math.min(graceMs / 6, 3 * beatMs);
    this.#onAlone = onAlone;
    this.#log = log;
  }

  /** Whether another node hears Redis and this one does not. */
  get alone(): boolean {
    return this.#alone;
  }

  /** Where others can ask this node; empty: nowhere. */
  address(localAddress: string | undefined): string {
    return this.#reach?.address(localAddress) ?? '';
  }

  /** Redis has taken a beat, and has named some neighbours. */
  beaten(neighbours: readonly Neighbour[]): void {
    this.#alone = false;
    this.#since = undefined;
    for (const { nodeId, url } of neighbours) {
      this.#known.delete(nodeId);
      this.#known.set(nodeId, url);
    }
    for (const nodeId of this.#known.keys()) {
      if (this.#known.size <= maxNeighbours) break;
      this.#known.delete(nodeId);
    }
  }

  /** Redis has taken no beat for so long. Asks the neighbours if that is too long. Never rejects. */
  async missed(silentMs: number): Promise<void> {
    if (!this.#reach || this.#asking || this.#alone || silentMs < this.#patienceMs) return;
    const since = this.#since ?? performance.now();
    // A beat that succeeds meanwhile takes this back.
    this.#since = since;
    this.#asking = true;
    const other = await this.#whoHears(silentMs, this.#reach);
    this.#asking = false;
    if (this.#since !== since) return;
    if (other === undefined) {
      this.#since = undefined;
    } else if (performance.now() - since >= this.#sureMs) {
      this.#alone = true;
      this.#onAlone(other);
    }
  }

  /** A node that has beaten since this one lost Redis. Another program may listen at the address of a node by now. */
  async #whoHears(silentMs: number, reach: Reach): Promise<string | undefined> {
    const answers = await Promise.all(Array.from(this.#known.values(), (url) => reach.askReady(url)));
    this.#log.debug({ silentMs, answers }, 'redis: asked other nodes whether they hear it');
    // If Redis is away for all, each was heard at most one beat later than the others.
    return answers.find((answer) => {
      return answer && this.#known.has(answer.nodeId) && answer.silentMs + 2 * this.#beatMs < silentMs;
    })?.nodeId;
  }
}
