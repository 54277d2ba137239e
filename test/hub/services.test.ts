import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { startWire, type Wire } from '../support/wire.ts';
import { aclRules } from './forms/acl.ts';
import { again, bothReady, expectService, nodesAt, pairOn, refusedStart } from './forms/support.ts';

async function redisWith(...args: readonly string[]): Promise<RedisServer> {
  const redis = await startRedis({ args });
  onTestFinished(() => redis.stop());
  return redis;
}

async function wireTo(port: number): Promise<Wire> {
  const wire = await startWire(port);
  onTestFinished(() => wire.stop());
  return wire;
}

const urlOf = ({ port }: Wire) => `redis://127.0.0.1:${port}`;

/** What other products do otherwise, done by a wire in front of a real Redis. */
describe('RedisHub on what services offer as Redis', () => {
  it('Valkey 8 calls its mode by another name: a start on a cluster node of it names the right form', async () => {
    const redis = await redisWith('--cluster-enabled', 'yes', '--cluster-port', '0');
    const wire = await wireTo(redis.port);
    wire.rewrite = (text) => text.replace('redis_mode:cluster\r\n', 'server_mode:cluster\n');
    expect(await refusedStart(urlOf(wire))).toMatch(/it is a cluster node; write redis\+cluster/);
  });

  it('Dragonfly has no run id: two nodes serve by its replication id', async () => {
    const wire = await wireTo(Number(new URL(inject('redisUrl')).port));
    wire.rewrite = (text) => text.replace('run_id:', 'no_run:');
    await expectService(await nodesAt(urlOf(wire)));
    wire.rewrite = (text) => text.replace('run_id:', 'no_run:').replace('master_replid:', 'no_other_name:');
    expect(await refusedStart(urlOf(wire))).toMatch(/its INFO has neither run_id nor master_replid/);
  });

  it('a start without the right to INFO fails with one line that says what it is for', async () => {
    const redis = await redisWith();
    const user = ['on', 'nopass', ...aclRules.join(' ').split(' '), '-info'];
    await redis.admin.call('ACL', 'SETUSER', 'signalbox', ...user);
    expect(await refusedStart(`redis://signalbox@127.0.0.1:${redis.port}`)).toMatch(
      /NOPERM .*; Signalbox needs INFO to notice that another Redis has taken over$/,
    );
  });

  it('G3: a failover that a proxy hides, on connections that stay open, resumes no session if writes are lost', async () => {
    const [first, second] = [await redisWith(), await redisWith()];
    const wire = await wireTo(first.port);
    const hubs = await nodesAt(urlOf(wire));
    const [ann, ben] = await pairOn(hubs);
    await second.follow(first);
    await second.admin.replicaof('NO', 'ONE');
    const { cursor } = await ann.relay('r', ben, 'lost');
    await ben.next((entry) => entry.cursor === cursor);
    wire.swap(second.port);
    for (const peer of [ann, ben]) expect(await peer.outcome()).toMatchObject({ name: 'AbortError' });
    await bothReady(hubs);
    expect(await again(() => ben.open(cursor))).toMatchObject({ resumed: false, rooms: [] });
    expect(await again(() => ann.resume())).toMatchObject({ resumed: false, rooms: [] });
  });

  it('G3: a failover that a proxy hides resumes every session if no writes are lost', async () => {
    const [first, second] = [await redisWith(), await redisWith()];
    const wire = await wireTo(first.port);
    const hubs = await nodesAt(urlOf(wire));
    const [ann, ben] = await pairOn(hubs);
    await second.follow(first);
    await ann.relay('r', ben, 'kept');
    expect(await first.admin.wait(1, 5000)).toBe(1);
    await second.admin.replicaof('NO', 'ONE');
    wire.swap(second.port);
    const { cursor } = await again(() => ann.relay('r', ben, 'after'));
    await ben.next((entry) => entry.cursor === cursor);
    expect(await ben.resume()).toMatchObject({ resumed: true });
  });
});
