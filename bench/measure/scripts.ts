import { basename, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Redis } from 'ioredis';
import { pino } from 'pino';
import type { Scripts } from '../../src/hub/redis/scripts/scripts.ts';
import { JsonText } from '../../src/json-text.ts';
import { type RedisServer, startRedis } from '../../test/support/redis.ts';
import type { Effort } from '../effort.ts';
import { alternate, type Figure, type Sample } from '../figures.ts';
import { progress } from '../progress.ts';

/** How many calls of a script are under way at the same time. */
const atOnce = 16;
const callsPerRound = 480;
const callsPerPart = 48;
/** The members of the rooms, apart from the joiner. */
const members = 20;
const crowd = 999;
const options = {
  log: pino({ level: 'silent' }),
  graceMs: 120_000,
  maxPeersPerRoom: 2000,
  maxRoomsPerPeer: 32,
  maxRoomBytes: 4 * 1024 * 1024,
  maxStreams: 10_000,
};
/** As large as a candidate of a call. */
const data = JsonText.ofCompact(JSON.stringify({ candidate: 'x'.repeat(180) }));
const state = JsonText.ofCompact('{"muted":true}');

/** What each script takes Redis, without nodes: the time in the script, from `INFO commandstats`. */
export async function measureScripts({ rounds, against }: Effort): Promise<readonly Figure[]> {
  const root = resolve(import.meta.dirname, '../..');
  await using stack = new AsyncDisposableStack();
  const loads: ScriptLoad[] = [];
  for (const folder of [root, ...against.map((each) => resolve(each))]) {
    const redis = stack.use(await startRedis());
    loads.push(await ScriptLoad.start(folder === root ? 'signalbox' : basename(folder), folder, redis));
  }
  return await alternate('scripts', loads, rounds, (load) => load.round());
}

/** The scripts of one checkout, and a Redis with two nodes, a room of a few members, and a room of many. */
class ScriptLoad {
  readonly name: string;
  readonly #admin: Redis;
  readonly #nodes: readonly [Scripts, Scripts];
  #opened = 0;

  private constructor(name: string, admin: Redis, nodes: readonly [Scripts, Scripts]) {
    this.name = name;
    this.#admin = admin;
    this.#nodes = nodes;
  }

  static async start(name: string, folder: string, redis: RedisServer): Promise<ScriptLoad> {
    const file = pathToFileURL(join(folder, 'src/hub/redis/scripts/scripts.ts')).href;
    const module = (await import(file)) as { readonly Scripts: typeof Scripts };
    const nodes = ['first', 'second'].map((id) => new module.Scripts(redis.client(), 'bench', id, options));
    const load = new ScriptLoad(name, redis.admin, nodes as [Scripts, Scripts]);
    await redis.admin.ping();
    await load.#beat();
    progress(`scripts: filling the rooms of ${name}`);
    for (let i = 0; i <= members; i++) await load.#enter(`member-${i}`, 'room');
    for (let i = 0; i < crowd; i++) await load.#enter(`crowd-${i}`, 'crowd');
    await load.#open('joiner');
    await load.round();
    return load;
  }

  /** Microseconds in the script for a call of each kind, on average. */
  async round(): Promise<Sample> {
    const [node] = this.#nodes;
    await this.#beat();
    const from = { roomId: 'room', event: 'candidate', data };
    const fresh = () => `fresh-${this.#opened++}`;
    const sample: Record<string, number> = {};
    const measure = async (name: string, calls: number, call: (i: number) => Promise<unknown>) => {
      const parts: number[] = [];
      for (let first = 0; first < calls; first += callsPerPart) {
        parts.push(await this.#cost(callsPerPart, (i) => call(first + i)));
      }
      // Other work on the machine only adds to this.
      sample[`${name}, µs`] = Math.min(...parts);
    };
    await measure('relay', callsPerRound, (i) =>
      node.relay({ ...from, from: `member-${i % members}`, to: `member-${(i % members) + 1}` }),
    );
    await measure(`broadcast to ${members}`, callsPerRound, (i) =>
      node.broadcast({ ...from, from: `member-${i % members}` }),
    );
    await measure('state', callsPerRound, (i) => node.setState(`member-${i % members}`, 'room', state));
    await measure('rooms', callsPerRound, (i) => node.rooms(`member-${i % members}`));
    const names = Array.from({ length: callsPerRound }, fresh);
    await measure('open', names.length, (i) => this.#open(names[i] ?? ''));
    const cursors: string[] = [];
    for (let i = 1; i <= members; i++) {
      const { cursor } = await node.relay({ ...from, from: 'member-0', to: `member-${i}` });
      cursors.push(cursor);
    }
    // No entry of the peer follows the cursor.
    await measure('resume', names.length, (i) =>
      this.#open(`member-${(i % members) + 1}`, cursors[i % members]),
    );
    await measure('detach', names.length, (i) => node.detach(names[i] ?? '', names[i] ?? '', 0));
    for (const [room, size, times] of [
      ['room', members + 1, 50],
      ['crowd', crowd, 5],
    ] as const) {
      const joins: number[] = [];
      const leaves: number[] = [];
      for (let i = 0; i < times; i++) {
        joins.push(await this.#cost(1, () => node.join('joiner', room, state, { members: false })));
        leaves.push(await this.#cost(1, () => node.leave('joiner', room)));
      }
      sample[`join as member ${size + 1}, µs`] = Math.min(...joins);
      sample[`leave of ${size + 1} members, µs`] = Math.min(...leaves);
    }
    sample['beat, µs'] = await this.#cost(1, () => this.#beat());
    return sample;
  }

  /** The time in scripts, in microseconds for each call. */
  async #cost(calls: number, call: (i: number) => Promise<unknown>): Promise<number> {
    const before = await this.#micros();
    for (let i = 0; i < calls; i += atOnce) {
      const length = Math.min(atOnce, calls - i);
      await Promise.all(Array.from({ length }, (_, k) => call(i + k)));
    }
    return ((await this.#micros()) - before) / calls;
  }

  async #micros(): Promise<number> {
    const stats = await this.#admin.info('commandstats');
    const times = stats.matchAll(/^cmdstat_eval(?:sha)?:calls=\d+,usec=(\d+)/gm);
    return Array.from(times, ([, micros]) => Number(micros)).reduce((sum, micros) => sum + micros, 0);
  }

  async #beat(): Promise<void> {
    for (const node of this.#nodes) {
      await node.beat({ beatMs: 800, leaseMs: 60_000, batch: 200, takeover: '', newestId: 0 });
    }
  }

  #open(id: string, after?: string): Promise<{ readonly cursor: string }> {
    const node = this.#nodes[id.length % 2] as Scripts;
    return node.open({ peer: { id, username: `Peer ${id}`, guest: true }, stream: id, after });
  }

  async #enter(id: string, room: string): Promise<void> {
    await this.#open(id);
    await this.#nodes[0].join(id, room, state, { members: false });
  }
}
