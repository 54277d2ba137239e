import { expect } from 'vitest';
import type { Entry } from '../../../src/hub/hub.ts';
import type { TestPeer } from '../peer.ts';
import { expectIncreasing, isSignal, type Story } from '../support.ts';

const rounds = 60;

/**
 * Sends 0, 1, 2… to the room, each after the answer to the one before. Every tenth number is a new state, the
 * others are broadcasts.
 */
async function count(peer: TestPeer, roomId: string): Promise<void> {
  for (let n = 0; n < rounds; n++) {
    if (n % 10 === 9) await peer.setState(roomId, n);
    else await peer.broadcast(roomId, 'count', n);
  }
}

function counted(entries: readonly Entry[], by: TestPeer): unknown[] {
  const own = entries.filter((e) => e.peer.id === by.id);
  return own.map((e) => (isSignal(e) ? e.data : e.state).parse());
}

const upToRounds = Array.from({ length: rounds }, (_, n) => n);

/** All members see the entries of a room in one order (G2). */
export function orderStories(story: Story): void {
  story(
    'G2: all members see concurrent senders in one order, and each sender in the order it sent',
    async (stage) => {
      const names = ['ann', 'ben', 'cat', 'dan', 'eve', 'fay'] as const;
      const members = await stage.roomOf('r', ...names);
      const [ann, ben, cat, dan, eve, fay] = members;
      for (const member of members) await member.beforeBarrier(member === ann ? ben : ann, 'r');
      const senders = [ann, ben, cat];
      await Promise.all(senders.map((sender) => count(sender, 'r')));

      const all = await dan.take(senders.length * rounds);
      expectIncreasing(all);
      for (const sender of senders) expect(counted(all, sender)).toEqual(upToRounds);
      for (const listener of [eve, fay]) expect(await listener.take(all.length)).toEqual(all);
      for (const sender of senders) {
        const others = all.filter((e) => e.peer.id !== sender.id);
        expect(await sender.take(others.length)).toEqual(others);
      }
    },
  );

  story('G2: relays and broadcasts of one sender arrive in the order sent', async (stage) => {
    const [ann, ben] = await stage.roomOf('r', 'ann', 'ben');
    for (let n = 0; n < rounds; n++) {
      if (n % 2 === 0) await ann.relay('r', ben, 'count', n);
      else await ann.broadcast('r', 'count', n);
    }
    const entries = await ben.take(rounds);
    expectIncreasing(entries);
    expect(counted(entries, ann)).toEqual(upToRounds);
  });

  story('G2: cursors on the stream of a peer in several rooms strictly increase', async (stage) => {
    const [ann, ben, cat] = await stage.roomOf('a', 'ann', 'ben', 'cat');
    for (const peer of [ann, ben, cat]) await peer.join('b');
    await Promise.all([count(ann, 'a'), count(ann, 'b'), count(ben, 'b')]);
    await cat.beforeBarrier(ann, 'a');
    await cat.beforeBarrier(ben, 'b');
    expectIncreasing(cat.seen);
    const counts = cat.seen.filter((e) => isSignal(e) && e.event === 'count');
    expect(counts).toHaveLength(3 * rounds * 0.9);
  });
}
