import { describe, expect, it, onTestFinished } from 'vitest';
import { toDispatch } from '../../src/hub/redis/scripts/dispatch.ts';
import { beatMs, doorsToRedis, leaseMs } from './doors.ts';
import { payload } from './peer.ts';

const graceMs = 5000;

describe('cursors after a takeover with which a node died', () => {
  const doors = doorsToRedis(graceMs);
  const { key, at, beat, open, silence } = doors;

  const peerOf = (id: string) => ({ id, username: id, guest: false });

  /** Another Redis begins to serve, and one of the nodes that lived then is given up before it is heard. */
  async function takeOverWithADeadNode(): Promise<void> {
    for (const node of ['ours', 'other', 'dead']) await beat(node);
    await doors.redis.hset(key('primary'), 'run', 'another Redis');
    for (const node of ['ours', 'other']) {
      const { takeover } = await at(node).beat({ beatMs, leaseMs, batch: 200, takeover: '', newestId: 0 });
      await silence(leaseMs + 1, 'dead');
      await at(node).beat({ beatMs, leaseMs, batch: 200, takeover, newestId: 0 });
    }
  }

  it('G3: if a stream was given an entry that Redis has lost, and only a dead node knew of it, all nodes are told', async () => {
    await takeOverWithADeadNode();
    const { cursor } = await open('ann', 'ours');
    const listening = doors.redis.duplicate();
    onTestFinished(() => void listening.disconnect());
    await listening.subscribe(key('node:ours'), key('node:other'));
    const told: string[] = [];
    listening.on('message', (channel: string, text: string) => {
      if (toDispatch(text)?.kind === 'disowned') told.push(channel);
    });
    const after = String(Number(cursor) + 1);
    const synced = await at('ours').sync({ peerId: 'ann', stream: 'stream of ann', after, openedMs: 0 });
    expect(synced).toEqual({ kind: 'lost' });
    await expect.poll(() => told.toSorted()).toEqual([key('node:other'), key('node:ours')].toSorted());
  });

  it('G3: after a takeover, a client whose log is too short for its cursor ends only its own session', async () => {
    await takeOverWithADeadNode();
    const { cursor: bens } = await open('ben', 'ours');
    await open('ann', 'ours');
    for (const id of ['ann', 'ben']) await at('ours').join(id, 'r', payload(null));
    const send = () =>
      at('ours').relay({ from: 'ben', to: 'ann', roomId: 'r', event: 'e', data: payload(null) });
    const { cursor: after } = await send();
    await send();
    await doors.redis.del(key('inbox:ann'));
    expect(await at('ours').open({ peer: peerOf('ann'), stream: 'next', after })).toMatchObject({
      resumed: false,
    });
    expect(await at('ours').open({ peer: peerOf('ben'), stream: 'bens next', after: bens })).toMatchObject({
      resumed: true,
    });
  });

  it.each(['before', 'after'])(
    'G3: a cursor far beyond all ids is made up, also if a node died with the Redis before (told %s it is given up)',
    async (told) => {
      await beat('ours');
      await beat('dead');
      await open('eve', 'ours');
      await open('ann', 'ours');
      await doors.redis.hset(key('primary'), 'run', 'another Redis');
      const { takeover } = await at('ours').beat({ beatMs, leaseMs, batch: 200, takeover: '', newestId: 0 });
      const next = () => at('ours').beat({ beatMs, leaseMs, batch: 200, takeover, newestId: 0 });
      const giveUp = async () => {
        await silence(leaseMs + 1, 'dead');
        await next();
      };
      if (told === 'after') await giveUp();
      const after = '9999999999999999';
      expect(await at('ours').open({ peer: peerOf('eve'), stream: 's2', after })).toMatchObject({
        resumed: false,
      });
      if (told === 'before') await giveUp();
      await next();
      const ids: number[] = [];
      for (let i = 0; i < 2; i++) {
        const { cursor } = await at('ours').open({
          peer: peerOf('cat'),
          stream: `cat ${i}`,
          after: undefined,
        });
        ids.push(Number(cursor));
      }
      expect(ids[1]).toBeGreaterThan(ids[0] ?? 0);
      expect(ids[1]).toBeLessThan((Date.now() + 120_000) * 1000);
      const start = await doors.redis.hget(key('session:ann'), 'start');
      expect(
        await at('ours').open({ peer: peerOf('ann'), stream: 's3', after: `${start}` }),
        'no other session ends',
      ).toMatchObject({
        resumed: true,
      });
    },
  );
});
