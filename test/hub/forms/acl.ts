import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

/** What the hub needs of Redis; docs/redis.md says it too. */
export const aclRules = [
  'resetkeys ~{*}:* resetchannels &{*}:node:* -@all',
  '+eval +evalsha +subscribe +info +publish +time',
  '+get +set +del +exists +pexpire +persist',
  '+hget +hset +hmget +hgetall +hkeys +hvals +hlen +hexists +hdel +hincrby',
  '+sadd +srem +srandmember +sscan',
  '+zadd +zrem +zcard +zscore +zrange +zrevrange +zrangebyscore +zremrangebyrank +zpopmin',
  '+xadd +xdel +xlen +xrange +xrevrange',
];
/** And on a Cluster, to find the primary that has its keys. */
export const clusterAclRules = '+cluster|keyslot +cluster|slots';

/** What it needs of sentinels. */
export const sentinelAclRules =
  'resetchannels &+switch-master -@all +sentinel|get-master-addr-by-name +subscribe';

export function aclStories(): void {
  it('asks of Redis what the documentation says, and nothing else', () => {
    const folder = new URL('../../../src/hub/redis/lua/', import.meta.url);
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.lua'),
    );
    const called = files.flatMap((file) => {
      const text = readFileSync(new URL(file, folder), 'utf8');
      return Array.from(text.matchAll(/redis\.call\('(\w+)'/g), ([, command = '']) => command.toLowerCase());
    });
    const own = ['eval', 'evalsha', 'subscribe'];
    const allowed = aclRules.flatMap((line) => Array.from(line.matchAll(/\+(\w+)/g), ([, name]) => name));
    expect(allowed.sort()).toEqual([...new Set([...own, ...called])].sort());
    const documented = readFileSync(new URL('../../../docs/redis.md', import.meta.url), 'utf8');
    for (const rule of [...aclRules, clusterAclRules, sentinelAclRules])
      expect(documented).toContain(rule.replaceAll('{*}', '{signalbox}'));
  });
}
