import { expect } from 'vitest';
import { maxReceipts } from '../../../src/hub/bounds.ts';
import type { TestPeer } from '../peer.ts';
import { isSignal, refusal, type Story } from '../support.ts';

/** The events of the signals that the peer gets before a barrier that `from` sends now. */
async function heardBy(peer: TestPeer, from: TestPeer): Promise<string[]> {
  return (await peer.beforeBarrier(from, 'r')).filter(isSignal).map(({ event }) => event);
}

/** A message with a key is sent once (G14). */
export function onceStories(story: Story): void {
  story('G14: a relay repeated with its key, on the other node, is sent once', async (stage) => {
    const [ann, ben] = await stage.roomOf('r', 'ann', 'ben');
    const first = await ann.relay('r', ben, 'm', 1, 'key');
    expect(await ann.relay('r', ben, 'm', 1, 'key')).toEqual(first);
    expect(await ann.relay('r', ben, 'm', 1, 'key')).toEqual(first);
    expect(await heardBy(ben, ann)).toEqual(['m']);
    expect(ben.seen.find(isSignal)).toMatchObject({ cursor: first.cursor });
  });

  story('G14: a broadcast repeated with its key is sent once', async (stage) => {
    const [ann, ben] = await stage.roomOf('r', 'ann', 'ben');
    const first = await ann.broadcast('r', 'm', 1, 'key');
    expect(await ann.broadcast('r', 'm', 1, 'key')).toEqual(first);
    expect(await heardBy(ben, ann)).toEqual(['m']);
    expect(await ann.broadcast('r', 'other', 1, 'another key')).not.toEqual(first);
    await ann.broadcast('r', 'without');
    await ann.broadcast('r', 'without');
    expect(await heardBy(ben, ann)).toEqual(['other', 'without', 'without']);
  });

  story('G14: a broadcast to nobody, repeated after a peer has joined, is not sent', async (stage) => {
    const [ann] = await stage.roomOf('r', 'ann');
    const ben = await stage.peer('ben');
    const first = await ann.broadcast('r', 'm', 1, 'key');
    expect(first.status).toBe('DELIVERED');
    await ben.join('r');
    expect(await ann.broadcast('r', 'm', 1, 'key')).toEqual(first);
    expect(await heardBy(ben, ann)).toEqual([]);
  });

  story('G14: calls with one key that run at the same time are sent once', async (stage) => {
    const [ann, ben] = await stage.roomOf('r', 'ann', 'ben');
    const receipts = await Promise.all(Array.from({ length: 20 }, () => ann.relay('r', ben, 'm', 1, 'key')));
    expect(new Set(receipts.map(({ cursor }) => cursor)).size).toBe(1);
    expect(await heardBy(ben, ann)).toEqual(['m']);
  });

  story('G14: a key used again with other arguments answers with the first receipt', async (stage) => {
    const [ann, ben, cat] = await stage.roomOf('r', 'ann', 'ben', 'cat');
    const first = await ann.relay('r', ben, 'm', 1, 'key');
    expect(await ann.relay('r', cat, 'other', 2, 'key')).toEqual(first);
    expect(await ann.broadcast('r', 'other', 2, 'key'), 'both fields share the keys').toEqual(first);
    expect(await ann.broadcast('no such room', 'other', 2, 'key')).toEqual(first);
    expect(await heardBy(cat, ann)).toEqual([]);
  });

  story('G14: a repeated call answers with the status that was first given', async (stage) => {
    const [ann, ben] = await stage.roomOf('r', 'ann', 'ben');
    await ben.drop();
    const queued = await ann.relay('r', ben, 'm', 1, 'to ben');
    const queuedToAll = await ann.broadcast('r', 'm', 1, 'to all');
    expect([queued.status, queuedToAll.status]).toEqual(['QUEUED', 'QUEUED']);
    await ben.resume();
    await ben.take(2);
    const delivered = await ann.relay('r', ben, 'm', 1, 'to ben, again');
    expect(delivered.status).toBe('DELIVERED');
    await ben.drop();
    expect(await ann.relay('r', ben, 'm', 1, 'to ben')).toEqual(queued);
    expect(await ann.broadcast('r', 'm', 1, 'to all')).toEqual(queuedToAll);
    expect(await ann.relay('r', ben, 'm', 1, 'to ben, again')).toEqual(delivered);
  });

  story('G14: the key of a call that failed can be used again', async (stage) => {
    const [ann, ben] = await stage.roomOf('elsewhere', 'ann', 'ben');
    await expect(ann.relay('r', ben, 'm', 1, 'key')).rejects.toEqual(refusal('NOT_IN_ROOM'));
    await expect(ann.broadcast('r', 'm', 1, 'key')).rejects.toEqual(refusal('NOT_IN_ROOM'));
    await ann.join('r');
    await expect(ann.relay('r', ben, 'm', 1, 'key')).rejects.toEqual(refusal('PEER_NOT_IN_ROOM'));
    await ben.join('r');
    await ann.relay('r', ben, 'm', 1, 'key');
    expect(await heardBy(ben, ann)).toEqual(['m']);
  });

  story('G14: a session remembers its keys when it leaves a room or resumes', async (stage) => {
    const [ann, ben] = await stage.roomOf('r', 'ann', 'ben');
    const first = await ann.relay('r', ben, 'm', 1, 'key');
    await ann.leave('r');
    expect(await ann.relay('r', ben, 'm', 1, 'key')).toEqual(first);
    await ann.drop();
    expect(await ann.relay('r', ben, 'm', 1, 'key'), 'within its grace').toEqual(first);
    await ann.resume();
    expect(await ann.relay('r', ben, 'm', 1, 'key')).toEqual(first);
  });

  story('G14: a new session may use the keys of the one before', async (stage) => {
    const [ann, ben] = await stage.roomOf('r', 'ann', 'ben');
    const first = await ann.relay('r', ben, 'm', 1, 'key');
    await ann.open();
    await expect(ann.relay('r', ben, 'm', 1, 'key')).rejects.toEqual(refusal('NOT_IN_ROOM'));
    await ann.join('r');
    expect(await ann.relay('r', ben, 'm', 1, 'key')).not.toEqual(first);
    expect(await heardBy(ben, ann)).toEqual(['m', 'm']);
  });

  story('G14: two peers may use the same key', async (stage) => {
    const [ann, ben] = await stage.roomOf('r', 'ann', 'ben');
    const sent = [
      await ann.relay('r', ben, 'of ann', 1, 'key'),
      await ben.relay('r', ann, 'of ben', 1, 'key'),
    ];
    expect(sent[0]?.cursor).not.toBe(sent[1]?.cursor);
    expect(await heardBy(ann, ben)).toEqual(['of ben']);
    expect(await heardBy(ben, ann)).toEqual(['of ann']);
  });

  story('G8, G14: a session remembers its last keys, and forgets the oldest first', async (stage) => {
    const [ann, ben] = await stage.roomOf('r', 'ann', 'ben');
    const first = await ann.relay('r', ben, 'first', 1, 'first');
    for (let i = 1; i < maxReceipts; i++) await ann.relay('r', ben, 'm', i, `key ${i}`);
    expect(await ann.relay('r', ben, 'first', 1, 'first'), 'as many as are remembered').toEqual(first);
    await ann.relay('r', ben, 'm', maxReceipts, 'one more');
    expect(await ann.relay('r', ben, 'first', 1, 'first'), 'forgotten').not.toEqual(first);
    const heard = await heardBy(ben, ann);
    expect(heard.filter((event) => event === 'first')).toHaveLength(2);
    expect(heard).toHaveLength(maxReceipts + 2);
  });
}
