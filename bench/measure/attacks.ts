import { setTimeout as sleep } from 'node:timers/promises';
import { AddressedGuest } from '../../test/support/addressed-guest.ts';
import { allAttacks } from '../../test/support/all-attacks.ts';
import { type RedisServer, startRedis } from '../../test/support/redis.ts';
import { runAttack } from '../../test/support/run-attack.ts';
import type { Effort } from '../effort.ts';
import { type Figure, quantile, type Row } from '../figures.ts';
import { BenchNode } from '../node.ts';
import { progress } from '../progress.ts';
import { secret, signalbox } from '../systems.ts';

/** The bystander's relays per second. */
const rate = 50;
/** How long all attacks last together. */
const togetherSeconds = 60;

/** How long a bystander's relay takes while another client takes all that it can get, beside an idle node (G13). */
export async function measureAttacks(effort: Effort): Promise<readonly Figure[]> {
  const redis = await startRedis();
  try {
    return [await underAttacks('in memory', effort), await underAttacks('on Redis', effort, redis)];
  } finally {
    await redis.stop();
  }
}

interface Case {
  readonly name: string;
  /** For `test/support/attacker.ts`: the number of an attack, or `all`. Undefined: nobody attacks. */
  readonly attack?: string;
  readonly seconds: number;
}

async function underAttacks(hub: string, { seconds }: Effort, redis?: RedisServer): Promise<Figure> {
  const rows: Row[] = [];
  let idle = Number.NaN;
  const add = (system: string, latencies: readonly number[]) => {
    const [low, median, high] = [0.05, 0.5, 0.99].map((part) => quantile(latencies, part));
    if (rows.length === 0) idle = median ?? Number.NaN;
    rows.push({
      system,
      low: low ?? 0,
      median: median ?? 0,
      high: high ?? 0,
      values: [median ?? 0],
      ratio: (median ?? 0) / idle,
    });
  };
  const cases: readonly Case[] = [
    { name: 'idle', seconds: 4 * seconds },
    ...allAttacks.map(({ name }, i) => ({ name, attack: String(i), seconds: 4 * seconds })),
    { name: 'all of these at the same time', attack: 'all', seconds: togetherSeconds },
  ];
  for (const [i, { name, attack, seconds: lasting }] of cases.entries()) {
    progress(`attacks ${hub}: ${name}`);
    await using nodes = await startNodes(redis && { REDIS_URL: redis.url, REDIS_PREFIX: `attack-${i}` });
    const bystander = await Bystander.arrive(nodes.urls);
    await bystander.relay(2 * rate);
    if (attack === undefined) {
      add(name, await bystander.relay(lasting * rate));
      continue;
    }
    let over = false;
    const attacking = runAttack(attack, nodes.urls[0], lasting).then(() => {
      over = true;
    });
    // The first moments of an attack are its preparation.
    await sleep(500);
    add(name, await bystander.relayUntil(() => over));
    await attacking;
  }
  return { measurement: 'attacks', name: `a bystander's relay ${hub}, ms: p50, p5, p99`, rows };
}

interface Nodes extends AsyncDisposable {
  /** Where the bystander calls and the attackers attack; where the bystander's stream is. */
  readonly urls: readonly [string, string];
}

/** One node in memory, or two on Redis. */
async function startNodes(onRedis?: Readonly<Record<string, string>>): Promise<Nodes> {
  const env = { TOKEN_SECRET: secret, RATE_PEER: '1', RATE_ADDRESS: '1', ...onRedis };
  const first = await BenchNode.start(signalbox.file, env);
  const second = onRedis ? await BenchNode.start(signalbox.file, env) : first;
  return {
    urls: [`http://127.0.0.1:${first.port}`, `http://127.0.0.1:${second.port}`],
    [Symbol.asyncDispose]: async () => {
      await Promise.all([first.stop(), second === first ? undefined : second.stop()]);
    },
  };
}

/** A guest of another address than the attackers'. */
class Bystander {
  readonly #guest: AddressedGuest;
  readonly #to: string;

  private constructor(guest: AddressedGuest, to: string) {
    this.#guest = guest;
    this.#to = to;
  }

  static async arrive([url, other]: Nodes['urls']): Promise<Bystander> {
    const [ann, ben] = [
      await AddressedGuest.arrive(url, 'ann', '127.1.1.1'),
      await AddressedGuest.arrive(other, 'ben', '127.1.1.2'),
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
