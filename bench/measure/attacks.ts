import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { AddressedGuest, attacks } from '../../test/support/attacks.ts';
import { keep } from '../../test/support/children.ts';
import { type RedisServer, startRedis } from '../../test/support/redis.ts';
import type { Effort } from '../effort.ts';
import { type Figure, quantile, type Row } from '../figures.ts';
import { BenchNode } from '../node.ts';
import { progress } from '../progress.ts';
import { secret, signalbox } from '../systems.ts';

/** The bystander's relays per second. */
const rate = 50;
const script = fileURLToPath(new URL('../load/attacker.ts', import.meta.url));

/** How long a bystander's relay takes while another client takes all that it can get, beside an idle node (G13). */
export async function measureAttacks(effort: Effort): Promise<readonly Figure[]> {
  const redis = await startRedis();
  try {
    return [await underAttacks('in memory', effort), await underAttacks('on Redis', effort, redis)];
  } finally {
    await redis.stop();
  }
}

async function underAttacks(hub: string, { seconds }: Effort, redis?: RedisServer): Promise<Figure> {
  const rows: Row[] = [];
  let idle = Number.NaN;
  const add = (system: string, latencies: readonly number[]) => {
    const [low, median, high] = [0.05, 0.5, 0.99].map((part) => quantile(latencies, part));
    if (rows.length === 0) idle = median ?? Number.NaN;
    rows.push({ system, low: low ?? 0, median: median ?? 0, high: high ?? 0, ratio: (median ?? 0) / idle });
  };
  for (const [i, { name }] of [{ name: 'idle' }, ...attacks].entries()) {
    progress(`attacks ${hub}: ${name}`);
    const node = await BenchNode.start(signalbox.file, {
      TOKEN_SECRET: secret,
      RATE_PEER: '1',
      RATE_ADDRESS: '1',
      TRUST_PROXY: '1',
      ...(redis && { REDIS_URL: redis.url, REDIS_PREFIX: `attack-${i}` }),
    });
    try {
      const url = `http://127.0.0.1:${node.port}`;
      const bystander = await Bystander.arrive(url);
      await bystander.relay(2 * rate);
      let over = i === 0;
      if (i > 0)
        void attack(i - 1, url, 4 * seconds).then(() => {
          over = true;
        });
      // The first moments of an attack are its preparation.
      await sleep(500);
      add(name, i === 0 ? await bystander.relay(4 * seconds * rate) : await bystander.relayUntil(() => over));
    } finally {
      await node.stop();
    }
  }
  return { measurement: 'attacks', name: `a bystander's relay ${hub}, ms: p50, p5, p99`, rows };
}

async function attack(index: number, url: string, seconds: number): Promise<void> {
  const child = spawn(process.execPath, [script, String(index), url, String(seconds)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  keep(child);
  await once(child, 'exit');
}

/** A guest of another address than the attacker's. */
class Bystander {
  readonly #guest: AddressedGuest;
  readonly #to: string;

  private constructor(guest: AddressedGuest, to: string) {
    this.#guest = guest;
    this.#to = to;
  }

  static async arrive(url: string): Promise<Bystander> {
    const [ann, ben] = [
      await AddressedGuest.arrive(url, 'ann', '10.1.1.1'),
      await AddressedGuest.arrive(url, 'ben', '10.1.1.2'),
    ];
    for (const guest of [ann, ben]) {
      await guest.open();
      await guest.ask('mutation { joinRoom(roomId: "quiet") { id } }');
    }
    return new Bystander(ann, ben.peer.id);
  }

  relay(count: number): Promise<readonly number[]> {
    let left = count;
    return this.relayUntil(() => left-- <= 0);
  }

  /** Resolves to how long each relay took, in milliseconds. */
  async relayUntil(isOver: () => boolean): Promise<readonly number[]> {
    const latencies: number[] = [];
    while (!isOver()) {
      const start = performance.now();
      const { errors } = await this.#guest.ask(
        'mutation ($to: ID!) { relay(roomId: "quiet", peerId: $to, event: "m") { status } }',
        { to: this.#to },
      );
      if (errors) throw new Error(`A bystander's relay failed: ${errors[0]?.message}`);
      latencies.push(performance.now() - start);
      await sleep(Math.max(1, 1000 / rate - (performance.now() - start)));
    }
    return latencies;
  }
}
