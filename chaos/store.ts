import type { Redis } from 'ioredis';

/** Keys that stay when nobody is there any more, by the first word after the prefix. */
const lasting = new Set(['seq', 'primary', 'takeovers', 'nodes']);
/** Keys that go by themselves some time after the last has left, or the node was given up. */
const expiring = new Set(['room-log', 'room-meta', 'node']);

/** What Redis holds of a deployment, read past its scripts. */
export class Store {
  readonly #redis: Redis;
  readonly #prefix: string;

  constructor(redis: Redis, prefix: string) {
    this.#redis = redis;
    this.#prefix = `{${prefix}}:`;
  }

  /** Room -> peer -> its state as JSON, in order of joining. */
  async rooms(): Promise<Map<string, Map<string, string>>> {
    const rooms = new Map<string, Map<string, string>>();
    for (const room of await this.#names('room')) {
      const all = await this.#redis.hgetall(`${this.#prefix}room:${room}`);
      // Each begins with the id of its join.
      const members = Object.entries(all).sort(
        ([, a], [, b]) => Number.parseInt(a, 10) - Number.parseInt(b, 10),
      );
      const states = members.map(([peer, value]) => {
        const { state } = JSON.parse(value.slice(value.indexOf(' ') + 1)) as { state: unknown };
        return [peer, JSON.stringify(state)] as const;
      });
      rooms.set(room, new Map(states));
    }
    return rooms;
  }

  /** The peers that have a session. */
  async sessions(): Promise<Set<string>> {
    return new Set(await this.#names('session'));
  }

  /** Keys that nothing accounts for once nobody is there. */
  async orphans(): Promise<string[]> {
    const orphans: string[] = [];
    const nodes = await this.#redis.zrange(`${this.#prefix}nodes`, '0', '-1');
    const living = new Set(nodes.map((node) => `node:${node}`));
    for (const key of await this.#keys()) {
      const [kind = ''] = key.split(':');
      if (lasting.has(kind) || living.has(key)) continue;
      const ttl = await this.#redis.pttl(this.#prefix + key);
      // Gone since it was listed.
      if (ttl === -2) continue;
      if (!expiring.has(kind)) orphans.push(key);
      else if (ttl === -1) orphans.push(`${key} (which never expires)`);
    }
    return orphans;
  }

  async #names(kind: string): Promise<string[]> {
    const head = `${kind}:`;
    return (await this.#keys()).flatMap((key) => (key.startsWith(head) ? [key.slice(head.length)] : []));
  }

  async #keys(): Promise<string[]> {
    const keys = new Set<string>();
    const scan = this.#redis.scanStream({ match: `${this.#prefix}*`, count: 1000 });
    for await (const batch of scan) {
      for (const key of batch as string[]) keys.add(key.slice(this.#prefix.length));
    }
    return [...keys].sort();
  }
}
