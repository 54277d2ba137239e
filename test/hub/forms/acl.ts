import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

/** The ACL rules that the hub needs in Redis. docs/redis.md lists the same. */
export const aclRules = [
  'resetkeys ~{*}:* resetchannels &{*}:node:* -@all',
  '+eval +evalsha +subscribe +info +publish +time',
  '+get +set +del +exists +pexpire',
  '+hget +hset +hmget +hgetall +hvals +hlen +hexists +hdel +hincrby',
  '+sadd +srem +srandmember +sscan',
  '+zadd +zrem +zcard +zscore +zrange +zrevrange +zrangebyscore +zrevrangebyscore +zremrangebyrank +zpopmin',
  '+xadd +xtrim +xlen +xrange +xrevrange',
];
/** The rules that it needs besides on a Cluster, to find the primary of its keys. */
export const clusterAclRules = '+cluster|keyslot +cluster|slots';

/** The rules that it needs in the sentinels. */
export const sentinelAclRules =
  'resetchannels &+switch-master -@all +sentinel|get-master-addr-by-name +subscribe';

export function aclStories(): void {
  it('the scripts call exactly the commands that docs/redis.md allows', () => {
    const folder = new URL('../../../src/hub/redis/scripts/lua/', import.meta.url);
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.lua'),
    );
    const called = files.flatMap((file) => {
      const text = readFileSync(new URL(file, folder), 'utf8');
      return Array.from(text.matchAll(/redis\.call\('(\w+)'/g), ([, command = '']) => command.toLowerCase());
    });
    // Redis Cloud and Redis Enterprise let no script call INFO.
    expect(called).not.toContain('info');
    const own = ['eval', 'evalsha', 'subscribe', 'info'];
    const allowed = aclRules.flatMap((line) => Array.from(line.matchAll(/\+(\w+)/g), ([, name]) => name));
    expect(allowed.sort()).toEqual([...new Set([...own, ...called])].sort());
    const documented = readFileSync(new URL('../../../docs/redis.md', import.meta.url), 'utf8');
    for (const rule of [...aclRules, clusterAclRules, sentinelAclRules])
      expect(documented).toContain(rule.replaceAll('{*}', '{signalbox}'));
  });
}
