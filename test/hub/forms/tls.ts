import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect } from 'node:net';
import { createServer } from 'node:tls';
import { afterAll, beforeAll, expect, inject, it, onTestFinished } from 'vitest';
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

  /** A port with TLS in front of the shared Redis, as services have it. `names` gets the server names of clients. */
  async function frontWith({ cert, key }: Certificate, names: unknown[] = []) {
    const files = { cert: readFileSync(cert), key: readFileSync(key) };
    const front = createServer(files, (socket) => {
      names.push(socket.servername);
      const redis = connect(Number(new URL(inject('redisUrl')).port), '127.0.0.1');
      socket.on('error', () => redis.destroy()).on('close', () => redis.destroy());
      redis.on('error', () => socket.destroy()).on('close', () => socket.destroy());
      socket.pipe(redis).pipe(socket);
    });
    front.on('tlsClientError', () => undefined);
    front.listen(0, '127.0.0.1');
    await once(front, 'listening');
    onTestFinished(() => void front.close());
    return (front.address() as AddressInfo).port;
  }

  it('a node names the host that it wants by SNI, unless it is an address', async () => {
    const names: unknown[] = [];
    const port = await frontWith(ours, names);
    await expectService(await nodesAt(`rediss://localhost:${port}?ca=${ours.cert}&family=4`));
    expect(new Set(names)).toEqual(new Set(['localhost']));
    names.length = 0;
    await expectService(await nodesAt(`rediss://127.0.0.1:${port}?ca=${ours.cert}`));
    expect(new Set(names)).toEqual(new Set([false]));
  });

  it('insecure=true accepts any certificate, and the log warns of it', async () => {
    const port = await frontWith(ours);
    const lines: string[] = [];
    const log = (line: string) => void lines.push(line);
    await expectService(await nodesAt(`rediss://127.0.0.1:${port}?insecure=true`, { log }));
    expect(lines.join('')).toContain('insecure=true');
    expect(await refusedStart(`rediss://127.0.0.1:${port}?insecure=false`)).toMatch(
      /self.signed certificate.*; name its authority with \?ca=, or the certificate itself with \?fingerprint=$/,
    );
  });

  it('fingerprint= accepts that certificate and no other, and no other gets the password', async () => {
    const fingerprintOf = ({ cert }: Certificate) => new X509Certificate(readFileSync(cert)).fingerprint256;
    const [known, other] = [fingerprintOf(ours), fingerprintOf(others)];
    const port = await frontWith(ours);
    await expectService(await nodesAt(`rediss://127.0.0.1:${port}?fingerprint=${known}`));
    await expectService(await nodesAt(`rediss://localhost:${port}?family=4&fingerprint=${other},${known}`));
    const line = await refusedStart(`rediss://:hunter2@127.0.0.1:${port}?fingerprint=${other}`, 'hunter2');
    const shown = known.toLowerCase().replaceAll(':', '');
    expect(line).toContain(`its certificate has the fingerprint ${shown}, which REDIS_URL does not name`);

    let received = '';
    const spy = createServer({ cert: readFileSync(others.cert), key: readFileSync(others.key) }, (socket) => {
      socket.on('error', () => undefined).on('data', (chunk) => (received += chunk.toString()));
    });
    spy.on('tlsClientError', () => undefined).listen(0, '127.0.0.1');
    await once(spy, 'listening');
    onTestFinished(() => void spy.close());
    const spied = `rediss://:hunter2@127.0.0.1:${(spy.address() as AddressInfo).port}?fingerprint=${known}`;
    await refusedStart(spied, 'hunter2');
    expect(received).toBe('');
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
