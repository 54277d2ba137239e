import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { freePort, startRedis } from '../../support/redis.ts';
import { startSentinel } from '../../support/sentinel.ts';
import { type Certificate, makeCertificate, tlsPort } from '../../support/tls.ts';
import { until } from '../../support/until.ts';
import { aclRules, clusterAclRules } from './acl.ts';
import { expectService, nodesAt, refusedStart } from './support.ts';

export function tlsStories(): void {
  let ours: Certificate;
  let others: Certificate;
  beforeAll(async () => {
    [ours, others] = await Promise.all([makeCertificate(), makeCertificate()]);
  });
  afterAll(async () => {
    await Promise.all([ours.remove(), others.remove()]);
  });

  /** Starts a Redis with a TLS port. The test itself uses the plain port. */
  async function redisWith(...more: readonly string[]) {
    const port = await freePort();
    const args = tlsPort(port, ours).flatMap(([name, value]) => [`--${name}`, value]);
    const redis = await startRedis({ args: [...args, ...more] });
    onTestFinished(() => redis.stop());
    return { redis, port };
  }

  function trust({ cert }: Certificate): string {
    return `ca=${cert}&cert=${ours.cert}&key=${ours.key}`;
  }

  it('two nodes serve over TLS, and a start fails if the certificate of Redis is not trusted', async () => {
    const { redis, port } = await redisWith();
    const url = `rediss://127.0.0.1:${port}`;
    await expectService(await nodesAt(`${url}?${trust(ours)}`));
    expect(await refusedStart(url)).toMatch(/cannot be reached: .*self.signed certificate/);
    expect(await refusedStart(`${url}?${trust(others)}`)).toMatch(/cannot be reached: .*certificate/);
    expect(await refusedStart(`${url}?ca=/nowhere`)).toMatch(/the file for ca cannot be read: ENOENT/);
    expect(await refusedStart(url.replace('rediss:', 'redis:'))).toMatch(/Then write rediss$/);
    expect(await refusedStart(redis.url.replace('redis:', 'rediss:'))).toMatch(
      /If not, write redis, not rediss$/,
    );
  });

  it('two nodes serve behind Sentinel over TLS', async () => {
    const { port } = await redisWith();
    const sentinelPort = await freePort();
    const sentinel = await startSentinel([
      ...tlsPort(sentinelPort, ours).map((line) => line.join(' ')),
      'tls-replication yes',
      `sentinel monitor main 127.0.0.1 ${port} 1`,
    ]);
    onTestFinished(() => sentinel.stop());
    const url = `rediss+sentinel://127.0.0.1:${sentinelPort}/main`;
    await expectService(await nodesAt(`${url}?${trust(ours)}`));
    expect(await refusedStart(url)).toMatch(/nobody knows the primary \(.*self.signed certificate/);
  });

  it('two nodes serve on a Cluster over TLS with a user that has only the documented permissions', async () => {
    const cluster = [
      '--cluster-enabled',
      'yes',
      '--cluster-port',
      `${await freePort()}`,
      '--tls-cluster',
      'yes',
    ];
    const { redis, port } = await redisWith(...cluster);
    const admin = redis.client();
    await admin.cluster('ADDSLOTSRANGE', 0, 16383);
    await until(
      async () => (await admin.cluster('INFO')).includes('cluster_state:ok'),
      'all slots are served',
    );
    const user = ['on', '>hunter2', ...aclRules.join(' ').split(' '), ...clusterAclRules.split(' ')];
    await admin.call('ACL', 'SETUSER', 'signalbox', ...user);
    await admin.call('ACL', 'SETUSER', 'default', 'off');
    const url = `rediss+cluster://signalbox:hunter2@127.0.0.1:${port}?${trust(ours)}`;
    await expectService(await nodesAt(url));
    expect(await admin.call('ACL', 'LOG')).toEqual([]);
    expect(await refusedStart(url.replace('hunter2', 'hunter3'), 'hunter3')).toMatch(/WRONGPASS/);
    expect(await refusedStart(url.replace(/\?.*/, ''))).toMatch(/nobody knows the primary \(.*certificate/);
  });
}
