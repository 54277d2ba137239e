import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Sentinels, startSentinels } from '../../support/sentinel.ts';
import { sentinelAclRules } from './acl.ts';
import { bothReady, expectService, nodesAt, refusedStart } from './support.ts';
import { Traffic } from './traffic.ts';

const [password, sentinelPassword] = ['hunter2', 'hunter4'];

export function sentinelStories(): void {
  let sentinels: Sentinels;
  beforeAll(async () => {
    sentinels = await startSentinels({ password, sentinelPassword });
  });
  afterAll(() => sentinels.stop());

  it('two nodes serve behind Sentinel if Redis and the sentinels have different passwords', async () => {
    const { url, hosts } = sentinels;
    await expectService(await nodesAt(url));
    await expectService(await nodesAt(url.replace('/main', '/main/2')));
    const line = await refusedStart(url.replace(`:${password}@`, ':hunter3@'), 'hunter3');
    expect(line).toBe(`Redis at ${hosts}/main cannot be reached: ${line.slice(line.indexOf('WRONGPASS'))}`);
    expect(await refusedStart(url.replace(sentinelPassword, 'hunter3'), 'hunter3')).toMatch(/WRONGPASS/);
    expect(await refusedStart(url.replace(/\?.*/, ''))).toMatch(/NOAUTH/);
    expect(await refusedStart(url.replace('/main', '/other'))).toMatch(
      /it knows no primary with the name "other"/,
    );
    expect(await refusedStart(`redis://:${sentinelPassword}@${hosts.split(',')[0]}`)).toMatch(
      /it is a sentinel; write redis\+sentinel:/,
    );
  });

  it('two nodes serve with a Sentinel user that has only the documented permissions', async () => {
    await sentinels.allow('guest', ['on', '>hunter5', ...sentinelAclRules.split(' ')]);
    const url = sentinels.url.replace(/\?.*/, '?sentinelUsername=guest&sentinelPassword=hunter5');
    const hubs = await nodesAt(url);
    await expectService(hubs);
    expect(await sentinels.refusals()).toEqual([]);
  });

  it('two nodes serve if one of the listed sentinels is reachable', async () => {
    await expectService(await nodesAt(sentinels.url.replace('@', '@127.0.0.1:1,127.0.0.1:2,')));
  });

  it('G3: a planned failover behind Sentinel without traffic loses no entry and starts no new session', async () => {
    const before = await sentinels.primary();
    // A demoted primary would serve on for a moment. With this setting it stops when it has no replica.
    for (const server of sentinels.servers) await server.client().config('SET', 'min-replicas-to-write', '1');
    const hubs = await nodesAt(sentinels.url);
    const traffic = new Traffic(hubs);
    await traffic.start();
    await traffic.pause();
    await sentinels.failOver();
    const after = await sentinels.primary();
    expect(after).not.toBe(before);
    await after.client().config('SET', 'min-replicas-to-write', '0');
    traffic.resume();
    await traffic.goesOn();
    await bothReady(hubs);
    await traffic.check();
    expect(traffic.restarts).toBe(0);
    await before.client().config('SET', 'min-replicas-to-write', '0');
    await before.client().replicaof('127.0.0.1', after.port);
  });

  it('G3: if the primary behind Sentinel dies, a peer receives every acknowledged entry or a new session', async () => {
    await sentinels.agree();
    const hubs = await nodesAt(sentinels.url);
    const traffic = new Traffic(hubs);
    await traffic.start();
    const before = await sentinels.primary();
    await before.kill();
    await traffic.stalls();
    await traffic.goesOn();
    expect(await sentinels.primary()).not.toBe(before);
    await bothReady(hubs);
    await traffic.check();
    await before.restart();
  });
}
