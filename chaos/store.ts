import type { Redis } from 'ioredis';

/** The kinds of keys (the first word after the prefix) that stay although no client is left. */
const lasting = new Set(['seq', 'primary', 'takeovers', 'nodes', 'expiring']);
/** The kinds of keys that a beat deletes some time after the last client has left. The key `expiring` lists them. */
const deleted = new Set(['room-log', 'room-meta']);
/** The kinds of keys that expire some time after the node was given up, or after a takeover. */
const expiring = new Set(['node', 'witnesses', 'claims']);

/** Reads what Signalbox keeps in Redis, without its scripts. */
export class Store {
  readonly #redis: Redis;
  readonly #prefix: string;

  constructor(redis: Redis, prefix: string) {
    this.#redis = redis;
    this.#prefix = `{${prefix}}:`;
  }

  /** The last id that was given, in microseconds of Redis's clock. 0: none. */
  async newestId(): Promise<number> {
    return Number(await this.#redis.get(`${this.#prefix}seq`));
  }

  /** Room -> peer -> its state as JSON, in order of joining. */
  async rooms(): Promise<Map<string, Map<string, string>>> {
    const rooms = new Map<string, Map<string, string>>();
    for (const room of await this.#names('room')) {
      const stored = await this.#redis.hgetall(`${this.#prefix}room:${room}`);
      const members = Object.entries(stored).map(([peer, value]) => ({ peer, ...parseMember(value) }));
      members.sort((a, b) => a.joinId - b.joinId);
      rooms.set(room, new Map(members.map(({ peer, state }) => [peer, state])));
    }
    return rooms;
  }

  /** The peers that have a session. */
  async sessions(): Promise<Set<string>> {
    return new Set(await this.#names('session'));
  }

  /** Keys that nothing explains once all clients have left. */
  async leftoverKeys(): Promise<string[]> {
    const leftovers: string[] = [];
    const nodes = await this.#redis.zrange(`${this.#prefix}nodes`, '0', '-1');
    const living = new Set(nodes.map((node) => `node:${node}`));
    for (const key of await this.#keys()) {
      const [kind = ''] = key.split(':');
      if (lasting.has(kind) || living.has(key)) continue;
      const ttl = await this.#redis.pttl(this.#prefix + key);
      // The key expired since it was listed.
      if (ttl === -2) continue;
      if (ttl === -1) leftovers.push(`${key} (which never expires)`);
      else if (deleted.has(kind)) {
        if (await this.#isKept(key)) leftovers.push(`${key} (which nobody deletes)`);
      } else if (!expiring.has(kind)) leftovers.push(key);
    }
    return leftovers;
  }

  /** Whether a key exists and is not listed to be deleted. */
  async #isKept(key: string): Promise<boolean> {
    const [due, exists] = await Promise.all([
      this.#redis.zscore(`${this.#prefix}expiring`, this.#prefix + key),
      this.#redis.exists(this.#prefix + key),
    ]);
    return due === null && exists === 1;
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

/**
 * Reads a member as `lua/lib/members.lua` packs it: a line `<join id> <peer's JSON>`, and a line with the state's JSON.
 * `JSON.stringify` writes the state, as it writes the states that clients receive, so that they can be compared.
 */
function parseMember(value: string): { readonly joinId: number; readonly state: string } {
  const [, joinId, state] = /^(\d+) .*\n(.*)$/.exec(value) ?? [];
  if (state === undefined) throw new Error(`Redis holds a member in an unknown format: ${value}`);
  return { joinId: Number(joinId), state: JSON.stringify(JSON.parse(state)) };
}
