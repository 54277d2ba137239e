import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, inject, it, onTestFinished } from 'vitest';
import { Scripts } from '../../src/hub/redis/scripts/scripts.ts';
import { LocalStreams } from '../../src/hub/redis/streams/local-streams.ts';
import { freshPrefix } from '../support/redis.ts';
import { hubAt } from './forms/support.ts';
import { payload, TestPeer } from './peer.ts';
import { defaultOptions } from './support.ts';

const hourMs = 3_600_000;

let redis: Redis;
let prefix: string;
beforeEach(() => {
  redis = new Redis(inject('redisUrl'));
  prefix = freshPrefix();
});
afterEach(() => redis.quit());

/** The keys without a TTL. */
async function lasting(): Promise<string[]> {
  const found: string[] = [];
  for (const key of await redis.keys(`{${prefix}}:*`)) if ((await redis.pttl(key)) === -1) found.push(key);
  return found;
}

describe('keys in Redis', () => {
  it('G8: at any moment every key has a TTL, so nothing stays for ever when the last node is killed', async () => {
    const scripts = new Scripts(redis, prefix, 'node', { ...defaultOptions, graceMs: 2000 });
    const beat = () => scripts.beat({ beatMs: 800, leaseMs: 2600, batch: 200, takeover: '', newestId: 0 });
    const open = (id: string, after?: string) =>
      scripts.open({ peer: { id, username: id, guest: false }, stream: `${id} ${after}`, after });
    const data = payload('d');
    const send = { from: 'ann', roomId: 'r', event: 'e', data };
    const mod = { peer: { id: 'mod', username: 'mod', guest: false } };
    let cursor = '';
    const steps: [string, () => Promise<unknown>][] = [
      ['beat', beat],
      ['open', async () => Promise.all([open('ann'), open('ben')])],
      ['join', () => scripts.join('ann', 'r', data)],
      ['second join', () => scripts.join('ben', 'r', data)],
      ['state', () => scripts.setState('ann', 'r', data)],
      ['relay', async () => (cursor = (await scripts.relay({ ...send, to: 'ben' })).cursor)],
      ['broadcast', () => scripts.broadcast(send)],
      ['detach', () => scripts.detach('ben', 'ben undefined', 0)],
      ['relay with a key', () => scripts.relay({ ...send, to: 'ben', key: 'k' })],
      ['broadcast with a key', () => scripts.broadcast({ ...send, key: 'l' })],
      ['relay to an absent peer', () => scripts.relay({ ...send, to: 'ben' })],
      ['resume', () => open('ben', cursor)],
      ['leave', () => scripts.leave('ben', 'r')],
      ['last leave', () => scripts.leave('ann', 'r')],
      ['join of a room that was empty', () => scripts.join('ann', 'r', data)],
      ['another join', () => scripts.join('ben', 'r', data)],
      ['replaced', () => open('ben')],
      [
        'open with a room',
        () =>
          scripts.open({
            peer: { id: 'cat', username: 'cat', guest: false },
            stream: 'cat',
            after: undefined,
            joins: [{ roomId: 'entered', state: data }],
          }),
      ],
      ['moderator’s signal', () => scripts.send(mod, { roomId: 'entered', event: 'e', data, key: 'k' })],
      ['removal', () => scripts.removePeer(mod, 'entered', 'cat')],
      ['close of a room', () => scripts.closeRoom(mod, 'r')],
      ['detach of all', () => scripts.detach('ann', 'ann undefined', 0)],
      ['next beat', beat],
      ['retire', () => scripts.retire()],
    ];
    for (const [name, step] of steps) {
      await step();
      expect(await lasting(), `after ${name}`).toEqual([]);
    }
    expect(await redis.keys(`{${prefix}}:*`)).not.toEqual([]);
  });

  it('G8: a log that was deleted or has expired gets a TTL again with its next entry', async () => {
    const hub = hubAt(inject('redisUrl'), { prefix });
    onTestFinished(() => hub.close());
    await hub.start();
    const [ann, ben] = [new TestPeer([hub, hub], 'ann'), new TestPeer([hub, hub], 'ben')];
    for (const peer of [ann, ben]) {
      await peer.open();
      await peer.join('r');
    }
    for (let round = 0; round < 2; round++) {
      await ann.relay('r', ben, 'm');
      await ann.broadcast('r', 'm');
      expect(await lasting()).toEqual([]);
      await redis.del(`{${prefix}}:room-log:r`, `{${prefix}}:inbox:${ben.id}`);
    }
  });

  it('G3: a node keeps the keys of the sessions whose streams it holds, and of their rooms', async () => {
    const scripts = new Scripts(redis, prefix, 'node', defaultOptions);
    await scripts.beat({ beatMs: 800, leaseMs: 2600, batch: 200, takeover: '', newestId: 0 });
    for (const id of ['ann', 'ben']) {
      await scripts.open({ peer: { id, username: id, guest: false }, stream: id, after: undefined });
      for (const room of ['r', 'left']) await scripts.join(id, room, payload(null));
    }
    await scripts.broadcast({ from: 'ann', roomId: 'r', event: 'e', data: payload(null) });
    await scripts.relay({ from: 'ben', roomId: 'r', to: 'ann', event: 'e', data: payload(null) });
    await scripts.relay({ from: 'ann', roomId: 'r', to: 'ben', event: 'e', data: payload(null), key: 'k' });
    await scripts.leave('ann', 'left');
    const own = ['session:ann', 'session-rooms:ann', 'session-past:ann', 'session-receipts:ann', 'inbox:ann'];
    const room = ['room:r', 'room-nodes:r', 'room-meta:r', 'room-log:r'];
    const keys = [...own, ...room].map((name) => `{${prefix}}:${name}`);
    for (const key of keys) expect(await redis.pexpire(key, hourMs), key).toBe(1);
    await scripts.renew(['ann']);
    for (const key of keys) expect(await redis.pttl(key), key).toBeGreaterThan(23 * hourMs);
  });
});

describe('a session that moves from node to node', () => {
  it('G3: a stream that opens keeps the keys of its session and of its rooms, if that was not done for hours', async () => {
    const scripts = new Scripts(redis, prefix, 'node', defaultOptions);
    await scripts.beat({ beatMs: 800, leaseMs: 2600, batch: 200, takeover: '', newestId: 0 });
    const peer = { id: 'ann', username: 'ann', guest: false };
    const { cursor } = await scripts.open({ peer, stream: 'first', after: undefined });
    await scripts.join('ann', 'r', payload(null));
    const keys = ['session:ann', 'session-rooms:ann', 'room:r', 'room-nodes:r', 'room-meta:r'];
    for (const key of keys) expect(await redis.pexpire(`{${prefix}}:${key}`, hourMs), key).toBe(1);
    await redis.hset(`{${prefix}}:session:ann`, 'kept', Date.now() - 5 * hourMs);
    for (const stream of ['second', 'third']) {
      expect(await scripts.open({ peer, stream, after: cursor })).toMatchObject({ resumed: true });
    }
    for (const key of keys) expect(await redis.pttl(`{${prefix}}:${key}`), key).toBeGreaterThan(23 * hourMs);
  });
});

describe('LocalStreams, whose sessions are due to be kept', () => {
  it('each is due in turn, those first that were kept longest ago', () => {
    const streams = new LocalStreams('node', () => undefined);
    const names = ['a', 'b', 'c'].map((id) => streams.admit(id).name);
    const due = (max: number, before = Number.POSITIVE_INFINITY) =>
      streams.dueForRenewal(before, max).map(({ name }) => name);
    expect(due(3, 0)).toEqual([]);
    expect(due(2)).toEqual(names.slice(0, 2));
    expect(due(2)).toEqual([names[2], names[0]]);
    for (const stream of streams.all) stream.cut('hub');
    expect(due(3)).toEqual([]);
  });
});
