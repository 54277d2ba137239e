import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { SignalboxError } from '../../src/errors.ts';
import type { Connected } from '../../src/hub/hub.ts';
import type { Sync } from '../../src/hub/redis/scripts/arguments.ts';
import type { Dispatch } from '../../src/hub/redis/scripts/dispatch.ts';
import type { Synced } from '../../src/hub/redis/scripts/replies.ts';
import { CatchUp } from '../../src/hub/redis/streams/catch-up.ts';
import { LocalStreams } from '../../src/hub/redis/streams/local-streams.ts';

function beat(n: number): Dispatch {
  return { kind: 'beat', n, run: 'a', newest: 0 };
}

/** Streams that wait for a snapshot because a dispatch was missed, and a catch-up for them. */
function scene(peers: readonly string[], sync: (request: Sync, count: number) => Promise<Synced>) {
  const streams = new LocalStreams('node', () => undefined);
  for (const id of peers) {
    const peer = { id, username: id, guest: false };
    const connected: Connected = { type: 'Connected', cursor: '10', peer, resumed: false, rooms: [] };
    streams.begin(streams.admit(id)).settle({ n: 1, rooms: [], missed: [] }, connected);
  }
  streams.receive(beat(3));
  const asked: string[] = [];
  let allowed = true;
  const catchUp = new CatchUp({
    streams,
    scripts: { sync: (request) => sync(request, asked.push(request.peerId)) },
    mayAsk: () => allowed,
    log: pino({ level: 'silent' }),
  });
  const waiting = () => streams.waiting.map(({ peerId }) => peerId);
  const disagree = () => {
    allowed = false;
  };
  return { streams, catchUp, asked, waiting, disagree };
}

const snapshot = (n: number): Synced => ({ kind: 'snapshot', snapshot: { n, rooms: [], missed: [] } });

describe('CatchUp', () => {
  it('G3: a gap that shows while snapshots are on their way makes the catch-up ask for new snapshots at once', async () => {
    const { streams, catchUp, asked, waiting } = scene(['ann', 'ben'], async (_request, count) => {
      // Both snapshots have been asked for when dispatch 4 is missed.
      await Promise.resolve();
      if (count === 1) streams.receive(beat(5));
      return snapshot(count <= 2 ? 3 : 5);
    });
    expect(waiting()).toEqual(['ann', 'ben']);
    await catchUp.run();
    expect(waiting()).toEqual([]);
    expect(asked).toEqual(['ann', 'ben', 'ann', 'ben']);
  });

  it('G3: a call during a catch-up starts no second one, and the first one serves streams that begin to wait', async () => {
    const { streams, catchUp, asked, waiting } = scene(['ann'], async (_request, count) => {
      if (count === 1) {
        streams.receive(beat(5));
        await catchUp.run();
      }
      return snapshot(5);
    });
    await catchUp.run();
    expect(waiting()).toEqual([]);
    expect(asked).toEqual(['ann', 'ann']);
  });

  it('G10: a catch-up gives up at the first failure of Redis, and the next call begins again', async () => {
    const { catchUp, asked, waiting } = scene(['ann'], async (_request, count) => {
      if (count === 1) throw new SignalboxError('UNAVAILABLE');
      return snapshot(3);
    });
    await catchUp.run();
    expect(asked).toEqual(['ann']);
    expect(waiting()).toEqual(['ann']);
    await catchUp.run();
    expect(waiting()).toEqual([]);
  });

  it('G10: a catch-up gives up after some rounds if there is a gap in each', async () => {
    const { streams, catchUp, asked, waiting } = scene(['ann'], async (_request, count) => {
      streams.receive(beat(3 + 2 * count));
      return snapshot(3 + 2 * count);
    });
    await catchUp.run();
    expect(waiting()).toEqual(['ann']);
    expect(asked.length).toBeGreaterThan(1);
    expect(asked.length).toBeLessThan(20);
  });

  it('G3: a catch-up asks for no snapshot while one Redis sends dispatches and another answers', async () => {
    const { streams, catchUp, asked, waiting, disagree } = scene(['ann'], async () => {
      disagree();
      streams.holdAll();
      return snapshot(3);
    });
    await catchUp.run();
    await catchUp.run();
    expect(asked).toEqual(['ann']);
    expect(waiting()).toEqual(['ann']);
  });

  it('a replaced stream ends with REPLACED, and a lost one is cut', async () => {
    const { streams, catchUp } = scene(['ann', 'ben'], async ({ peerId }) => ({
      kind: peerId === 'ann' ? 'replaced' : 'lost',
    }));
    const [ann, ben] = streams.all;
    await catchUp.run();
    await ann?.stream.next();
    await expect(ann?.stream.next()).rejects.toMatchObject({ code: 'REPLACED' });
    await expect(ben?.stream.next()).rejects.toMatchObject({ name: 'AbortError' });
    expect(streams.size).toBe(0);
  });
});
