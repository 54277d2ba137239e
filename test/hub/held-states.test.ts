import { expect, it, onTestFinished } from 'vitest';
import { MemoryHub } from '../../src/hub/memory/hub.ts';
import type { JsonText } from '../../src/json-text.ts';
import { payload } from './peer.ts';
import { defaultOptions, refusal } from './support.ts';

const MiB = 1024 * 1024;
const maxStateBytes = 4 * MiB;
const page = payload('x'.repeat(60_000));
const small = payload('small');
const unavailable = refusal('UNAVAILABLE');

async function startHub() {
  const hub = new MemoryHub({ ...defaultOptions, maxRoomsPerPeer: 200 }, 64 * MiB, maxStateBytes);
  await hub.start();
  onTestFinished(() => hub.close());
  /** Opens a stream from this address. The peer enters the rooms with this state. */
  const open = (id: string, origin: string, rooms: readonly string[] = [], state: JsonText = small) => {
    const joins = rooms.map((roomId) => ({ roomId, state }));
    return hub.open({ id, username: id, guest: true }, undefined, joins, undefined, origin);
  };
  /** Joins one room after another with a large state, and returns how many the hub has taken. */
  const fill = async (id: string, most = 200) => {
    for (let n = 0; n < most; n++) {
      try {
        await hub.joinRoom(id, `room ${n} of ${id}`, page);
      } catch (error) {
        expect(error).toEqual(unavailable);
        return n;
      }
    }
    return most;
  };
  return { hub, open, fill };
}

it('G8, G13: the states of all rooms in memory are bounded; one address takes at most three quarters, and others find room', async () => {
  const { hub, open, fill } = await startHub();
  await open('mallory', 'a');
  const taken = await fill('mallory');
  expect(taken * 60_000).toBeGreaterThan(0.7 * maxStateBytes);
  expect(taken * 60_000).toBeLessThan(0.75 * maxStateBytes);
  await open('another', 'a');
  expect(await fill('another'), 'the share is of the address').toBe(0);

  await open('ann', 'b', ['r']);
  await hub.setState('ann', 'r', page);
  await expect(open('third', 'a', ['r'], page)).rejects.toMatchObject({
    code: 'UNAVAILABLE',
    message: expect.stringMatching(/^You cannot enter the room "r", .* as many states/),
  });
  await expect(
    hub.setState('ann', 'r', payload('y'.repeat(60_000))),
    'it does not grow',
  ).resolves.toBeDefined();
});

it('G8: what a room holds is free again when its member leaves, changes to a small state, or ends', async () => {
  const { hub, open, fill } = await startHub();
  await open('ann', 'a');
  const taken = await fill('ann');
  await hub.leaveRoom('ann', 'room 0 of ann');
  await hub.setState('ann', 'room 1 of ann', small);
  await open('ben', 'a');
  expect(await fill('ben')).toBe(2);
  await hub.leaveRoom('ben', 'room 0 of ben');
  // Opening anew ends the session.
  await open('ann', 'a');
  expect(await fill('ann')).toBe(taken - 1);
});

it('G8: states that fit alone are refused if `messages(join:)` names too many of them, and no room is entered', async () => {
  const { hub, open, fill } = await startHub();
  await open('ann', 'a');
  await fill('ann');
  await hub.leaveRoom('ann', 'room 0 of ann');
  await expect(open('ben', 'a', ['r', 's'], page)).rejects.toEqual(unavailable);
  await expect(open('ben', 'a', ['r'], page)).resolves.toBeDefined();
});
