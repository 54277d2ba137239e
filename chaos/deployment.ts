import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { NodeProcess } from '../test/support/node.ts';
import { freshPrefix } from '../test/support/redis.ts';
import type { Backend } from './backend.ts';
import type { Nodes } from './connection.ts';
import type { FaultRecord, History } from './history.ts';
import type { Fault } from './schedule.ts';

/** So often a node says on a quiet stream that it lives. */
const pingSeconds = 1;
/** So long it takes to send its streams away when it drains. */
const drainSeconds = 1;
/** A node that was told to drain is gone within that. */
const drainLimitMs = 8000;
/** A node that cannot start, since Redis is away, is started again until then. */
const startLimitMs = 30_000;
const pollMs = 50;
const readyLimitMs = 2000;

/** What a node logs at this level or above is a bug. */
const errorLevel = 50;

/** Real nodes and a real Redis, and what is done to them. */
export class Deployment implements Nodes {
  readonly backend: Backend;
  readonly prefix = freshPrefix();
  readonly #history: History;
  readonly #nodes: (NodeProcess | undefined)[];
  readonly #env: Readonly<Record<string, string>>;
  /** Nodes that stand still. */
  readonly #halted = new Set<number>();
  /** What is being done to each target: the next thing waits for its end. */
  readonly #lines = new Map<FaultRecord['target'], Promise<void>>();

  private constructor(backend: Backend, count: number, history: History) {
    this.backend = backend;
    this.#history = history;
    this.#nodes = Array.from({ length: count }, () => undefined);
    this.#env = {
      HOST: '127.0.0.1',
      REDIS_URL: backend.url,
      REDIS_PREFIX: this.prefix,
      // Of its own: a client that meets another run's node by mistake is refused.
      TOKEN_SECRET: randomBytes(32).toString('base64'),
      GRACE_SECONDS: `${history.graceMs / 1000}`,
      PING_SECONDS: `${pingSeconds}`,
      DRAIN_SECONDS: `${drainSeconds}`,
    };
  }

  /** Starts so many nodes. `stop` ends them, and the Redis that they are given. */
  static async start(backend: Backend, count: number, history: History): Promise<Deployment> {
    const deployment = new Deployment(backend, count, history);
    try {
      await Promise.all(Array.from({ length: count }, (_, node) => deployment.#startNode(node)));
      return deployment;
    } catch (error) {
      await deployment.stop();
      throw error;
    }
  }

  get count(): number {
    return this.#nodes.length;
  }

  get listening(): readonly number[] {
    return this.#nodes.flatMap((process, node) => (process ? [node] : []));
  }

  url(node: number): string | undefined {
    return this.#nodes[node]?.url;
  }

  /** Does it when its time has come and what was done to the target before is over. Resolves when it is over. */
  async suffer(fault: Fault, quiet: AbortSignal): Promise<void> {
    try {
      await pause(this.#history.startedAt + fault.at - Date.now(), undefined, { signal: quiet });
    } catch {
      return;
    }
    const target = 'node' in fault ? fault.node : 'redis';
    const before = this.#lines.get(target) ?? Promise.resolve();
    const mine = before.then(async () => {
      if (target !== 'redis') await this.#spare(target);
      const record: FaultRecord = { kind: fault.kind, target, from: Date.now() };
      this.#history.faults.push(record);
      await this.#do(fault);
      record.to = Date.now();
    });
    this.#lines.set(target, mine);
    await mine;
  }

  /** Resolves when all nodes say that they are ready. */
  async ready(): Promise<void> {
    for (let node = 0; node < this.count; node++) await this.#ready(node);
  }

  /** Ends everything, whatever state it is in. */
  async stop(): Promise<void> {
    const nodes = this.#nodes.splice(0);
    await Promise.all(nodes.map((node) => node?.kill('SIGKILL')));
    await this.backend.stop();
  }

  /** On a slow machine others may not be back yet. Resolves when clients have another node to go to. */
  async #spare(node: number): Promise<void> {
    while (!this.listening.some((other) => other !== node && !this.#halted.has(other))) await pause(pollMs);
  }

  async #do({ kind, forMs, ...fault }: Fault): Promise<void> {
    const node = 'node' in fault ? fault.node : 0;
    switch (kind) {
      case 'node-kill':
        await this.#takeDown(node).kill('SIGKILL');
        await pause(forMs);
        return this.#startNode(node);
      case 'node-drain':
        await this.#drain(this.#takeDown(node), node);
        await pause(forMs);
        return this.#startNode(node);
      case 'node-stop':
        this.#halted.add(node);
        await this.#halt(this.#nodes[node]?.pid, forMs);
        this.#halted.delete(node);
        return;
      case 'redis-stop':
        return this.#halt((await this.backend.primary()).pid, forMs);
      case 'redis-restart':
      case 'redis-empty': {
        const redis = await this.backend.primary();
        await redis.kill();
        await pause(forMs);
        return redis.restart({ empty: kind === 'redis-empty' });
      }
      case 'redis-crash':
        return this.backend.crash();
      case 'redis-handover':
        return this.backend.handOver();
      case 'kill-listening':
      case 'kill-commands': {
        const type = kind === 'kill-listening' ? 'pubsub' : 'normal';
        await this.backend.ask((redis) => redis.call('CLIENT', 'KILL', 'TYPE', type));
      }
    }
  }

  async #halt(pid: number | undefined, forMs: number): Promise<void> {
    if (pid === undefined) return;
    process.kill(pid, 'SIGSTOP');
    try {
      await pause(forMs);
    } finally {
      process.kill(pid, 'SIGCONT');
    }
  }

  /** Takes it from the list: what ends from now on was meant to. */
  #takeDown(node: number): NodeProcess {
    const process = this.#nodes[node];
    if (!process) throw new Error(`Node ${node} does not run.`);
    this.#nodes[node] = undefined;
    return process;
  }

  async #drain(process: NodeProcess, node: number): Promise<void> {
    const begun = Date.now();
    const { code, signal } = await process.kill('SIGTERM');
    const ms = Date.now() - begun;
    if (code !== 0) this.#incident(`G11: node ${node} drained and exited with ${code ?? signal}, not 0`);
    else if (ms > drainLimitMs) this.#incident(`G11: node ${node} took ${ms} ms to drain`);
  }

  async #startNode(node: number): Promise<void> {
    // Without a Redis a node does not start: whatever is being done to it is waited for.
    await this.#lines.get('redis');
    const deadline = Date.now() + startLimitMs;
    for (;;) {
      const process = new NodeProcess({ env: this.#env });
      try {
        await process.listening();
        this.#nodes[node] = process;
        void process.exited.then(({ code, signal }) => this.#onExit(node, process, code ?? signal));
        return await this.#ready(node);
      } catch (error) {
        // It may have met the next thing that is done to Redis: what restarts it tries again.
        await process.kill('SIGKILL');
        if (Date.now() > deadline) throw error;
        await pause(pollMs);
      }
    }
  }

  #onExit(node: number, process: NodeProcess, how: unknown): void {
    for (const line of process.log()) {
      if (Number(line.level) >= errorLevel) {
        this.#incident(`node ${node} logged an error: ${JSON.stringify(line).slice(0, 600)}`);
      }
    }
    if (process.stderr !== '')
      this.#incident(`node ${node} wrote to stderr: ${process.stderr.slice(0, 600)}`);
    if (this.#nodes[node] !== process) return;
    this.#nodes[node] = undefined;
    this.#incident(`node ${node} ended by itself with ${String(how)}`);
  }

  #incident(what: string): void {
    this.#history.incidents.push({ at: Date.now(), what });
  }

  async #ready(node: number): Promise<void> {
    const deadline = Date.now() + startLimitMs;
    while (Date.now() < deadline) {
      const url = this.url(node);
      try {
        if (
          url !== undefined &&
          (await fetch(`${url}/ready`, { signal: AbortSignal.timeout(readyLimitMs) })).ok
        )
          return;
      } catch {
        // It may have been refused: that is not ready either.
      }
      await pause(pollMs);
    }
    this.#incident(`G10: node ${node} did not become ready`);
  }
}
