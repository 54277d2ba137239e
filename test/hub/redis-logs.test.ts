import { Redis } from 'ioredis';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import type { Dispatch } from '../../src/hub/redis/dispatch.ts';
import { RedisHub } from '../../src/hub/redis/hub.ts';
import { LocalSession } from '../../src/hub/redis/local-session.ts';
import { RoomIndex } from '../../src/hub/redis/room-index.ts';
import { Scripts } from '../../src/hub/redis/scripts.ts';
import { freshPrefix } from '../support/redis.ts';
import { until } from '../support/until.ts';
import { TestPeer } from './peer.ts';
import { defaultOptions, refusal } from './support.ts';

describe('a log that has expired', () => {
  let redis: Redis;
  let prefix: string;
  let hub: RedisHub;
  let ann: TestPeer;
  let vic: TestPeer;
  beforeAll(() => {
    redis = new Redis(inject('redisUrl'));
  });
  afterAll(() => redis.quit());
  beforeEach(async () => {
    prefix = freshPrefix();
    const log = pino({ level: 'silent' });
    hub = new RedisHub({ ...defaultOptions, graceMs: 1000, url: inject('redisUrl'), prefix, log });
    await hub.start();
    [ann, vic] = [new TestPeer([hub, hub], 'ann'), new TestPeer([hub, hub], 'vic')];
    for (const peer of [ann, vic]) {
      await peer.open();
      await peer.join('r');
    }
    await ann.take(1);
    await vic.take(1);
  });
  afterEach(async () => {
    await ann.drop();
    await vic.drop();
    await hub.close();
  });

  /** As time does: what expires with a room's log, and what with the room. */
  function expire(...kinds: ('room-log' | 'room-meta')[]): Promise<number> {
    return redis.del(kinds.map((kind) => `{${prefix}}:${kind}:r`));
  }

  it('G3: is no loss to the one who spoke last in it', async () => {
    await vic.setState('r', 'muted');
    await ann.take(1);
    await expire('room-log');
    await vic.drop();
    expect(await vic.resume()).toMatchObject({ resumed: true });
    await ann.broadcast('r', 'm');
    await vic.drop();
    expect(await vic.resume(), 'nor after a new one has begun').toMatchObject({ resumed: true });
    expect(await vic.beforeBarrier(ann, 'r')).toMatchObject([{ event: 'm' }]);
  });

  it('G3: is a loss to one who had not heard all of it', async () => {
    const { cursor } = vic;
    await ann.broadcast('r', 'unheard');
    await vic.take(1);
    await vic.broadcast('r', 'later');
    await expire('room-log');
    expect(await vic.open(cursor)).toMatchObject({ resumed: false, rooms: [] });
  });

  it('G3: is a loss to one who has left the room, and had not heard all of it', async () => {
    const { cursor } = vic;
    await ann.broadcast('r', 'unheard');
    await vic.take(1);
    await vic.leave('r');
    await ann.leave('r');
    await expire('room-log', 'room-meta');
    expect(await vic.open(cursor)).toMatchObject({ resumed: false, rooms: [] });
  });

  it('G3: is no loss to one who has left the room, and had heard all of it', async () => {
    await ann.broadcast('r', 'heard');
    await vic.take(1);
    await vic.leave('r');
    await ann.broadcast('r', 'not for vic');
    await expire('room-log');
    await vic.drop();
    expect(await vic.resume()).toMatchObject({ resumed: true, rooms: [] });
  });

  it('G8: keeps nothing for longer, also where something is always said', async () => {
    const log = `{${prefix}}:room-log:r`;
    // Time is not waited for, but taken from what was said.
    await redis.del(log);
    for (let i = 1; i <= 40; i++) await redis.xadd(log, `${i}-0`, 'e', '{}', 'by', ann.id, 'n', 1);
    await redis.hset(`{${prefix}}:room-meta:r`, 'entries', 40, 'bytes', 80);
    for (let i = 0; i < 64; i++) await ann.broadcast('r', 'm', i);
    expect(await redis.xrange(log, '-', '40-0')).toEqual([]);
    expect(await redis.xlen(log)).toBe(64);
    await vic.take(64);
    await vic.drop();
    expect(await vic.resume(), 'which is no loss to one who had heard it').toMatchObject({ resumed: true });
  });

  it('G3: is older than two grace periods, for so long one may be away whose node stood still', async () => {
    const graceMs = 60_000;
    const scripts = new Scripts(redis, prefix, { ...defaultOptions, graceMs });
    await scripts.beat('node', 800, graceMs / 2, 1, '', 0);
    await scripts.run('relay', ann.id, 'r', vic.id, '"m"', 'null');
    await scripts.run('broadcast', ann.id, 'r', '"m"', 'null');
    for (const log of [`inbox:${vic.id}`, 'room-log:r']) {
      expect(await redis.pttl(`{${prefix}}:${log}`), log).toBeGreaterThan(2 * graceMs);
    }

    const oldest = `${(Date.now() - 2 * graceMs) * 1000}-0`;
    await redis.del(`{${prefix}}:room-log:r`);
    await redis.xadd(`{${prefix}}:room-log:r`, oldest, 'e', '{}', 'by', ann.id, 'n', 1);
    for (let i = 0; i < 64; i++) await scripts.run('broadcast', ann.id, 'r', '"m"', 'null');
    expect(await redis.xlen(`{${prefix}}:room-log:r`), 'nor is it trimmed before').toBe(65);
  });

  it('G3: lets go of the entries of one join together, and not while they are within its bounds', async () => {
    const scripts = new Scripts(redis, prefix, defaultOptions, { entries: 4, bytes: 10_000 });
    await scripts.beat('node', 800, 2600, 1, '', 0);
    const open = async (after: string) => {
      const [resumed] = (await scripts.open('cat', '{"id":"cat"}', 'node', 'stream', after)) as [number];
      return resumed === 1;
    };
    const relay = () => scripts.run('relay', ann.id, 'r', 'cat', '"m"', 'null');
    await open('');
    const [newest] = (await scripts.run('join', 'cat', 'r', 'null', 10, 10)) as [string];
    const between = String(Number(newest) - 1);
    for (let i = 0; i < 3; i++) await relay();
    expect(await open(between), 'both offers and three relays').toBe(true);
    await relay();
    expect(await open(newest), 'what one has seen is no loss').toBe(true);
    expect(await open(between)).toBe(false);
  });

  it('G10: with all its fields, while peers are in the room, costs none of them their work', async () => {
    const meta = `{${prefix}}:room-meta:r`;
    await ann.broadcast('r', 'm');
    await redis.hdel(`{${prefix}}:room:r`, vic.id);
    await vic.leave('r');
    expect(await redis.pttl(meta), 'a room where peers are does not expire').toBe(-1);
    await redis.del(meta);
    await ann.broadcast('r', 'm');
    await vic.join('r');
    await ann.broadcast('r', 'm');
    await vic.leave('r');
    await ann.leave('r');
    expect(await redis.pttl(meta)).toBeGreaterThan(0);
  });

  it('G10: and a member that Redis has thrown away keep no node from its work', async () => {
    await redis.hdel(`{${prefix}}:room:r`, vic.id);
    await vic.drop();
    await until(
      async () => (await redis.exists(`{${prefix}}:session:${vic.id}`)) === 0,
      'the session is over',
    );
    expect(hub.ready()).toBe(true);
    expect((await ann.room('r'))?.peers).toEqual([ann.as(null)]);
  });

  it('G4: and a node that was given up takes no peer until it is known again', async () => {
    await redis.del(`{${prefix}}:nodes`);
    await expect(hub.open(vic.profile)).rejects.toEqual(refusal('UNAVAILABLE'));
    expect(await ann.outcome(), 'what it held has moved, for all it knows').toMatchObject({
      name: 'AbortError',
    });
    await ann.open();
    await ann.join('r');
  });
});

describe('a session at its node', () => {
  const profile = { id: 'vic', username: 'vic', state: null };
  const signal = (n: number): Dispatch => ({
    n,
    run: '',
    newest: n,
    kind: 'peer',
    stream: 'it',
    batch: [
      { entry: { type: 'Signal', id: `${n}`, roomId: 'r', peer: profile, event: 'm', data: n }, bytes: 1 },
    ],
  });
  const snapshot = (n: number, ...missed: number[]) => ({
    n,
    rooms: [],
    missed: missed.flatMap((each) => {
      const { kind, batch } = { ...signal(each), kind: 'peer' as const } as Extract<
        Dispatch,
        { kind: 'peer' }
      >;
      return kind === 'peer' ? [...batch] : [];
    }),
  });
  const open = () => {
    const session = new LocalSession('it', 'vic', new RoomIndex<LocalSession>(), () => undefined);
    session.settle(snapshot(1), false, {
      type: 'Connected',
      id: '1',
      peer: profile,
      resumed: false,
      rooms: [],
    });
    return session;
  };
  const idsOf = async (session: LocalSession, count: number) => {
    const ids: string[] = [];
    for (let i = 0; i < count; i++) ids.push((await session.stream.next()).value?.id ?? '');
    return ids;
  };

  it('G3: takes what it was sent past a hole from the next snapshot, after what was in the hole', async () => {
    const session = open();
    session.hold();
    // The snapshot of 3 is on its way when 4 is lost, and 5 comes.
    session.take(signal(5));
    session.settle(snapshot(3, 2, 3), true);
    expect(session.waiting, 'it needs another').toBe(true);
    session.settle(snapshot(5, 4, 5), false);
    session.take(signal(6));
    expect(await idsOf(session, 6)).toEqual(['1', '2', '3', '4', '5', '6']);
  });

  it('G3: takes each once, whether a snapshot or a dispatch brought it', async () => {
    const session = open();
    session.hold();
    for (const n of [2, 3, 4]) session.take(signal(n));
    session.settle(snapshot(3, 2, 3), false);
    session.take(signal(5));
    expect(await idsOf(session, 5)).toEqual(['1', '2', '3', '4', '5']);
  });

  it('is in no room any more when it has closed, whatever it is sent then', async () => {
    const index = new RoomIndex<LocalSession>();
    const session = new LocalSession('it', 'vic', index, () => undefined);
    session.take({ n: 2, run: '', newest: 2, kind: 'disowned' });
    session.take({ n: 3, run: '', newest: 3, kind: 'joined', stream: 'it', room: 'r', batch: [] });
    session.settle(snapshot(1), false);
    expect(session.stream.closed).toBe(true);
    expect(index.members('r').size).toBe(0);
  });
});
