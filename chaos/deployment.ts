import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { NodeProcess } from '../test/support/node.ts';
import { freshPrefix } from '../test/support/redis.ts';
import type { Nodes } from './connection.ts';
import type { FaultRecord, History } from './history.ts';
import { Line } from './line.ts';
import type { ChaosRedis } from './redis.ts';
import { clockSteps, type Fault } from './schedule.ts';
import { Store } from './store.ts';

/** How often a node sends a ping on a quiet stream. */
const pingSeconds = 1;
/** How long a node takes to send its streams away when it drains. */
const drainSeconds = 1;
/** A node that was told to drain must have exited after this time. */
const drainLimitMs = 8000;
/** A node cannot start while Redis is away. How long to try again. */
const startLimitMs = 30_000;
const pollMs = 50;
const readyLimitMs = 2000;

/** pino's level `error`. A node that logs at this level or above has a bug. */
const errorLevel = 50;

/** Real nodes and a real Redis, with the faults that hit them. */
export class Deployment implements Nodes {
  readonly redis: ChaosRedis;
  readonly prefix = freshPrefix();
  readonly #history: History;
  readonly #nodes: (NodeProcess | undefined)[];
  readonly #env: Readonly<Record<string, string>>;
  /** Each node's own line to Redis. */
  readonly #lines: Line[] = [];
  /** The nodes that are halted, or whose lines stand still. */
  readonly #halted = new Set<number>();
  /** The fault in progress at each target. The next fault of that target waits for its end. */
  readonly #queues = new Map<FaultRecord['target'], Promise<void>>();

  private constructor(redis: ChaosRedis, count: number, history: History) {
    this.redis = redis;
    this.#history = history;
    this.#nodes = Array.from({ length: count }, () => undefined);
    this.#env = {
      HOST: '127.0.0.1',
      // Without the banner: what a node writes to stderr is an incident.
      NODE_ENV: 'production',
      REDIS_PREFIX: this.prefix,
      // A secret of its own: if a client reaches a node of another run by mistake, the node refuses it.
      TOKEN_SECRET: randomBytes(32).toString('base64'),
      GRACE_SECONDS: `${history.graceMs / 1000}`,
      PING_SECONDS: `${pingSeconds}`,
      DRAIN_SECONDS: `${drainSeconds}`,
    };
  }

  /** Starts that many nodes. `stop` ends them, and the Redis. */
  static async start(redis: ChaosRedis, count: number, history: History): Promise<Deployment> {
    const deployment = new Deployment(redis, count, history);
    try {
      for (let node = 0; node < count; node++) deployment.#lines.push(await Line.start(redis.farEnds));
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

  /** Waits for the fault's time and for earlier faults of its target, then injects it. Resolves when it is over. */
  async inject(fault: Fault, calmDown: AbortSignal): Promise<void> {
    try {
      await sleep(this.#history.startedAt + fault.at - Date.now(), undefined, { signal: calmDown });
    } catch {
      return;
    }
    const target = 'node' in fault ? fault.node : 'redis';
    const before = this.#queues.get(target) ?? Promise.resolve();
    const mine = before.then(async () => {
      if (target !== 'redis') await this.#waitForAnotherNode(target);
      const record: FaultRecord = { kind: fault.kind, target, from: Date.now() };
      const stepSeconds = clockSteps[fault.kind];
      if (stepSeconds !== undefined) record.stepSeconds = stepSeconds;
      this.#history.faults.push(record);
      await this.#apply(fault, record);
      record.to = Date.now();
    });
    this.#queues.set(target, mine);
    await mine;
  }

  /** Resolves when every node says that it is ready. */
  async ready(): Promise<void> {
    for (let node = 0; node < this.count; node++) await this.#ready(node);
  }

  /** Ends everything, in whatever state it is. */
  async stop(): Promise<void> {
    const nodes = this.#nodes.splice(0);
    await Promise.all(nodes.map((node) => node?.kill('SIGKILL')));
    await Promise.all(this.#lines.map((line) => line.stop()));
    await this.redis.stop();
  }

  /** On a slow machine other nodes may still be down. Resolves when clients have another node to go to. */
  async #waitForAnotherNode(node: number): Promise<void> {
    while (!this.listening.some((other) => other !== node && !this.#halted.has(other))) await sleep(pollMs);
  }

  async #apply({ kind, forMs, ...fault }: Fault, record: FaultRecord): Promise<void> {
    const node = 'node' in fault ? fault.node : 0;
    switch (kind) {
      case 'node-kill':
        await this.#takeDown(node).kill('SIGKILL');
        await sleep(forMs);
        return this.#startNode(node);
      case 'node-drain':
        await this.#drain(this.#takeDown(node), node);
        await sleep(forMs);
        return this.#startNode(node);
      case 'node-stop':
        this.#halted.add(node);
        await this.#pauseProcess(this.#nodes[node]?.pid, forMs);
        this.#halted.delete(node);
        return;
      case 'line-stall':
      case 'line-cut':
        this.#halted.add(node);
        this.#lines[node]?.stall();
        await sleep(forMs);
        this.#lines[node]?.release();
        this.#halted.delete(node);
        return;
      case 'redis-stop':
        return this.#pauseProcess((await this.redis.primary()).pid, forMs);
      case 'redis-restart':
      case 'redis-empty': {
        const redis = await this.redis.primary();
        await redis.kill();
        await sleep(forMs);
        return redis.restart({ empty: kind === 'redis-empty' });
      }
      case 'clock-forward':
      case 'clock-back':
        await this.redis.stepClock(record.stepSeconds ?? 0);
        record.steppedAt = Date.now();
        if (kind === 'clock-forward') await this.#untilIdGiven();
        return sleep(forMs);
      case 'redis-crash':
        return this.redis.crash();
      case 'redis-handover':
        return this.redis.handOver();
      case 'kill-listening':
      case 'kill-commands': {
        const type = kind === 'kill-listening' ? 'pubsub' : 'normal';
        await this.redis.withClient((redis) => redis.call('CLIENT', 'KILL', 'TYPE', type));
      }
    }
  }

  /** Resolves when Redis has given an id by its new clock: only so can the judge tell the clocks apart. */
  async #untilIdGiven(): Promise<void> {
    const store = (redis: Redis) => new Store(redis, this.prefix).newestId();
    const clockMs = () => Date.now() + this.redis.clockOffsetMs - 1000;
    const deadline = Date.now() + startLimitMs;
    while ((await this.redis.withClient(store)) / 1000 < clockMs() && Date.now() < deadline)
      await sleep(pollMs);
  }

  async #pauseProcess(pid: number | undefined, forMs: number): Promise<void> {
    if (pid === undefined) return;
    process.kill(pid, 'SIGSTOP');
    try {
      await sleep(forMs);
    } finally {
      process.kill(pid, 'SIGCONT');
    }
  }

  /** Removes the node from the list, so that its exit does not count as an incident. */
  #takeDown(node: number): NodeProcess {
    const process = this.#nodes[node];
    if (!process) throw new Error(`Node ${node} is not running.`);
    this.#nodes[node] = undefined;
    return process;
  }

  async #drain(process: NodeProcess, node: number): Promise<void> {
    const begun = Date.now();
    const { code, signal } = await process.kill('SIGTERM');
    const ms = Date.now() - begun;
    if (code !== 0)
      this.#incident(`G11: node ${node} drained but exited with ${code ?? signal} instead of 0`);
    else if (ms > drainLimitMs)
      this.#incident(`G11: node ${node} took ${ms} ms to drain, more than ${drainLimitMs} ms`);
  }

  async #startNode(node: number): Promise<void> {
    // A node cannot start without Redis. Wait for the end of the fault that hits Redis now.
    await this.#queues.get('redis');
    const deadline = Date.now() + startLimitMs;
    for (;;) {
      const process = new NodeProcess({ env: { ...this.#env, REDIS_URL: this.#lines[node]?.url ?? '' } });
      try {
        await process.listening();
        this.#nodes[node] = process;
        void process.exited.then(({ code, signal }) => this.#onExit(node, process, code ?? signal));
        return await this.#ready(node);
      } catch (error) {
        // The start may have met the next fault of Redis. Try again.
        await process.kill('SIGKILL');
        if (Date.now() > deadline) throw error;
        await sleep(pollMs);
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
    this.#incident(`node ${node} exited by itself with ${String(how)}`);
  }

  #incident(text: string): void {
    this.#history.incidents.push({ at: Date.now(), text });
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
        // The connection may have been refused. Then the node is not ready either.
      }
      await sleep(pollMs);
    }
    this.#incident(`G10: node ${node} did not become ready within ${startLimitMs} ms`);
  }
}
