import { Redis } from 'ioredis';
import { afterEach, beforeEach, inject } from 'vitest';
import type { Opened } from '../../src/hub/redis/scripts/replies.ts';
import { Scripts } from '../../src/hub/redis/scripts/scripts.ts';
import { freshPrefix } from '../support/redis.ts';
import { defaultOptions } from './support.ts';

export const beatMs = 800;
export const leaseMs = 2600;

/**
 * The doors of nodes to one Redis, without the nodes: a test runs their scripts itself. Each test of the suite that calls
 * this has a deployment of its own.
 */
export function doorsToRedis(graceMs: number) {
  let redis: Redis;
  let prefix: string;
  let doors: Map<string, Scripts>;
  beforeEach(() => {
    redis = new Redis(inject('redisUrl'));
    prefix = freshPrefix();
    doors = new Map();
  });
  afterEach(() => redis.quit());

  const key = (name: string) => `{${prefix}}:${name}`;

  /** The door of a node. All nodes of a test share a connection. */
  function at(node: string): Scripts {
    const door = doors.get(node) ?? new Scripts(redis, prefix, node, { ...defaultOptions, graceMs });
    doors.set(node, door);
    return door;
  }

  return {
    get redis(): Redis {
      return redis;
    },

    get prefix(): string {
      return prefix;
    },

    key,
    at,

    /** Sends one beat, which handles at most `batch` sessions. Resolves to the name of the node's life. */
    async beat(node: string, batch = 200): Promise<string> {
      const { life } = await at(node).beat({ beatMs, leaseMs, batch, takeover: '', newestId: 0 });
      return life;
    },

    open(id: string, node: string, stream = `stream of ${id}`): Promise<Opened> {
      return at(node).open({ peer: { id, username: id, guest: false }, stream, after: undefined });
    },

    /** Moves the last beat of the nodes into the past. */
    async silence(forMs: number, ...nodes: string[]): Promise<void> {
      for (const node of nodes) await redis.zadd(key('nodes'), Date.now() - forMs, node);
    },
  };
}
