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

  it('serves, with a password of Redis and another of the sentinels', async () => {
    const { url, hosts } = sentinels;
    await expectService(await nodesAt(url));
    await expectService(await nodesAt(url.replace('/main', '/main/2')));
    const line = await refusedStart(url.replace(`:${password}@`, ':hunter3@'), 'hunter3');
    expect(line).toBe(`Redis at ${hosts}/main cannot be reached: ${line.slice(line.indexOf('WRONGPASS'))}`);
    expect(await refusedStart(url.replace(sentinelPassword, 'hunter3'), 'hunter3')).toMatch(/WRONGPASS/);
    expect(await refusedStart(url.replace(/\?.*/, ''))).toMatch(/NOAUTH/);
    expect(await refusedStart(url.replace('/main', '/other'))).toMatch(
      /it knows no primary of the name "other"/,
    );
    expect(await refusedStart(`redis://:${sentinelPassword}@${hosts.split(',')[0]}`)).toMatch(
      /it is a sentinel: write redis\+sentinel:/,
    );
  });

  it('serves with a user of the sentinels who may do no more than what the documentation says', async () => {
    await sentinels.allow('guest', ['on', '>hunter5', ...sentinelAclRules.split(' ')]);
    const url = sentinels.url.replace(/\?.*/, '?sentinelUsername=guest&sentinelPassword=hunter5');
    const hubs = await nodesAt(url);
    await expectService(hubs);
    expect(await sentinels.refusals()).toEqual([]);
  });

  it('serves as long as one of the sentinels that are listed can be reached', async () => {
    await expectService(await nodesAt(sentinels.url.replace('@', '@127.0.0.1:1,127.0.0.1:2,')));
  });

  it('G3: a planned failover in a quiet moment loses nothing, and interrupts nobody', async () => {
    const before = await sentinels.primary();
    // Redis itself does not see to it that the one before stops serving: this does, once it is alone.
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

  it('G3: when the primary dies, peers go on with all they were sent, or are told', async () => {
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
