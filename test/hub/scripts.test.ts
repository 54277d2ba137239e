import { once } from 'node:events';
import { inspect } from 'node:util';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { Scripts } from '../../src/hub/redis/scripts/scripts.ts';
import { freshPrefix } from '../support/redis.ts';
import { payload } from './peer.ts';
import { defaultOptions, refusal } from './support.ts';

describe('Scripts', () => {
  let redis: Redis;
  let prefix: string;
  let scripts: Scripts;
  beforeEach(() => {
    redis = new Redis(inject('redisUrl'));
    prefix = freshPrefix();
    scripts = new Scripts(redis, prefix, 'node', defaultOptions);
  });
  afterEach(() => redis.quit());

  const mod = { peer: { id: 'mod', username: 'mod', guest: false } };
  const beat = (takeover = '', newestId = 0, door = scripts) =>
    door.beat({ beatMs: 800, leaseMs: 30_000, batch: 100, takeover, newestId });
  const open = (id: string, after?: string) =>
    scripts.open({ peer: { id, username: id, guest: false }, stream: id, after });

  it('G3: Scripts notes the newest id of every operation that writes an entry', async () => {
    await beat();
    expect(scripts.newestId).toBe(0);
    const data = payload('d');
    const { cursor } = await open('ann');
    expect(scripts.newestId).toBe(Number(cursor));
    await open('ben');
    const noted: number[] = [scripts.newestId];
    const operations = [
      () => scripts.join('ann', 'r', payload(null)),
      () => scripts.join('ben', 'r', payload(null)),
      () => scripts.setState('ann', 'r', payload('state')),
      () => scripts.relay({ from: 'ann', roomId: 'r', to: 'ben', event: 'e', data }),
      () => scripts.broadcast({ from: 'ann', roomId: 'r', event: 'e', data }),
      () => scripts.leave('ann', 'r'),
      () => scripts.send(mod, { roomId: 'r', event: 'e', data }),
      () => scripts.send(mod, { roomId: 'r', to: 'ben', event: 'e', data }),
      () => scripts.removePeer(mod, 'r', 'ben'),
      () => scripts.join('ann', 'r', payload(null)),
      () => scripts.closeRoom(mod, 'r'),
      () => open('ben'),
    ];
    for (const operation of operations) {
      await operation();
      noted.push(scripts.newestId);
    }
    expect(noted).toEqual([...new Set(noted)].sort((a, b) => a - b));
    const receipt = await scripts
      .join('ben', 'q', payload(null))
      .then(() => scripts.broadcast({ from: 'ben', roomId: 'q', event: 'e', data }));
    expect(scripts.newestId).toBe(Number(receipt.cursor));
  });

  it('G3: after the connection is lost nothing runs until a beat has gone first', async () => {
    await beat();
    await open('ann');
    redis.disconnect(true);
    await once(redis, 'ready');
    expect(scripts.available).toBe(false);
    await expect(open('ben')).rejects.toEqual(refusal('UNAVAILABLE'));
    await beat();
    await open('ben');
  });

  it('G3: it notes the newest id of what a resume and a snapshot bring', async () => {
    await beat();
    const { cursor: after, openedMs } = await open('ann');
    await open('ben');
    for (const id of ['ann', 'ben']) await scripts.join(id, 'r', payload(null));
    const relay = { from: 'ben', roomId: 'r', to: 'ann', event: 'e', data: payload(null) };
    const { cursor } = await scripts.relay(relay);
    const another = new Scripts(redis, prefix, 'node', defaultOptions);
    await beat('', 0, another);
    expect(another.newestId).toBe(0);
    await another.sync({ peerId: 'ann', stream: 'ann', after, openedMs });
    expect(another.newestId).toBe(Number(cursor));
    const third = new Scripts(redis, prefix, 'node', defaultOptions);
    await beat('', 0, third);
    await third.open({ peer: { id: 'ann', username: 'ann', guest: false }, stream: 'newer', after });
    expect(third.newestId).toBe(Number(cursor));
  });

  it.each([
    ['ends all sessions if it knows an id of the Redis before that is larger than the first of these', 1],
    ['ends no session if it knows no id after the first of these', 0],
  ])('G3: a node that comes back after two takeovers %s', async (_does, after) => {
    const other = new Scripts(redis, prefix, 'other', defaultOptions);
    const primary = `{${prefix}}:primary`;
    const { takeover } = await beat();
    const takeovers = [takeover];
    for (const run of ['the second', 'the third']) {
      await redis.hset(primary, 'run', run);
      takeovers.push((await beat(takeovers.at(-1), 0, other)).takeover);
    }
    const known = after ? Number(takeovers[1]) + 10 : Number(takeover);
    await beat(takeover, known);
    expect(await redis.hexists(primary, 'floor')).toBe(after);
  });

  it('G3: once one node has beaten to another Redis, the dispatches of every node’s calls name that Redis', async () => {
    const other = new Scripts(redis, prefix, 'other', defaultOptions);
    const { run } = await beat('', 0, other);
    await beat();
    await redis.hset(`{${prefix}}:primary`, 'run', 'the Redis before');
    for (const node of ['node', 'other']) await redis.hset(`{${prefix}}:node:${node}`, 'run', 'the Redi');
    await beat('', 0, other);
    expect(await redis.hget(`{${prefix}}:node:node`, 'run')).toBe(run.slice(0, 8));
  });

  it('a script that Redis refuses rejects with the script’s name and a code, and with nothing of what a peer sent', async () => {
    await beat();
    await open('ann');
    await scripts.join('ann', 'r', payload(null));
    await redis.del(`{${prefix}}:seq`);
    await redis.rpush(`{${prefix}}:seq`, 'a list');
    const secret = payload('hunter2');
    const error = await scripts.broadcast({ from: 'ann', roomId: 'r', event: 'hunter2', data: secret }).then(
      () => expect.fail('Redis took it.'),
      (reason: unknown) => reason as Error,
    );
    expect(error.message).toMatch(/^Redis refused the script broadcast: WRONGTYPE( at line \d+)?$/);
    expect(inspect(error, { depth: Number.POSITIVE_INFINITY, showHidden: true })).not.toContain('hunter2');
  });

  it('the methods of Scripts return parsed results', async () => {
    expect(await beat()).toEqual({
      life: expect.stringMatching(/^\d{16}$/),
      more: false,
      run: expect.stringMatching(/^[0-9a-f]{40}$/),
      takeover: expect.stringMatching(/^\d{16}$/),
      nowMs: expect.any(Number),
      neighbours: [],
      steadyMs: expect.any(Number),
      offsetMs: 0,
      stepMs: 0,
    });
    const peer = { id: 'ann', username: 'ann', guest: false };
    const { cursor } = await open('ann');
    const room = { id: 'r', members: [{ peer, state: payload('s') }] };
    expect(await scripts.join('ann', 'r', payload('s'))).toEqual({
      ...room,
      receivers: 0,
      bytes: JSON.stringify({ peer, state: 's' }).length,
    });
    expect(await scripts.room('ann', 'r')).toEqual(room);
    expect(await scripts.room('ann', 'other')).toBeUndefined();
    expect(await scripts.rooms('ann')).toEqual([room]);
    expect(await scripts.setState('ann', 'r', payload(7))).toEqual({
      peer,
      state: payload(7),
      receivers: 0,
    });
    expect(await open('ann', cursor)).toMatchObject({ resumed: true, cursor, rooms: [{ id: 'r' }] });
    expect(await scripts.heldStreams(10)).toEqual({
      streams: [{ peerId: 'ann', name: 'ann' }],
      next: undefined,
    });
    expect(await scripts.moderatedRoom(mod, 'r')).toMatchObject({ id: 'r', members: [{ peer }] });
    expect(await scripts.moderatedRoom(mod, 'other')).toBeUndefined();
    expect(await scripts.leave('ann', 'r')).toBe(true);
    expect(await scripts.leave('ann', 'r')).toBe(false);
    expect(await scripts.removePeer(mod, 'r', 'ann')).toEqual({ removed: false, receivers: 0 });
    expect(await scripts.closeRoom(mod, 'r')).toEqual({ removed: false, receivers: 0 });
    expect(await scripts.detach('ann', 'ann', 0)).toBe(true);
    expect(await scripts.detach('ann', 'ann', 0)).toBe(false);
    expect(await scripts.retire()).toBeUndefined();
  });
});
