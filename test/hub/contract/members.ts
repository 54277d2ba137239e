import { expect } from 'vitest';
import { patienceMs } from '../../support/arrivals.ts';
import { TestPeer } from '../peer.ts';
import { isSignal, refusal, type Story } from '../support.ts';

/** Waits until the hub has noticed that the peer's stream is lost. */
async function queued(from: TestPeer, to: TestPeer): Promise<void> {
  const probe = async () => (await from.relay('r', to, 'probe')).status;
  await expect.poll(probe, { timeout: patienceMs }).toBe('QUEUED');
}

/** Who may do what to whom, and what the sender is told of it (G6, receipts). */
export function memberStories(story: Story): void {
  story('a peer without a session can do nothing, and is in no room', async (stage) => {
    const [ann] = await stage.roomOf('r', 'ann');
    const nobody = new TestPeer(stage.hubs, 'nobody');
    const refused = refusal('NOT_CONNECTED');
    await expect(nobody.join('r')).rejects.toEqual(refused);
    await expect(nobody.leave('r')).rejects.toEqual(refused);
    await expect(nobody.relay('r', ann, 'hello')).rejects.toEqual(refused);
    await expect(nobody.broadcast('r', 'hello')).rejects.toEqual(refused);
    await expect(nobody.setState('r', 1)).rejects.toEqual(refused);
    expect(await nobody.room('r')).toBeNull();
    expect(await nobody.rooms()).toEqual([]);
    expect((await ann.room('r'))?.peers).toEqual([ann.as(null)]);
  });

  story('G6: an outsider can neither speak in a room nor look into it', async (stage) => {
    const [ann, ben] = await stage.roomOf('r', 'ann', 'ben');
    const [out] = await stage.roomOf('elsewhere', 'out');
    for (const roomId of ['r', 'a room that is not']) {
      const refused = refusal('NOT_IN_ROOM');
      await expect(out.relay(roomId, ann, 'hello')).rejects.toEqual(refused);
      await expect(out.broadcast(roomId, 'hello')).rejects.toEqual(refused);
      await expect(out.setState(roomId, 1)).rejects.toEqual(refused);
      expect(await out.room(roomId)).toBeNull();
      expect(await out.leave(roomId)).toBe(false);
    }
    expect(await ann.beforeBarrier(ben, 'r')).toEqual([]);
    expect(await ben.beforeBarrier(ann, 'r')).toEqual([]);
  });

  story('G6: a peer that has left is an outsider', async (stage) => {
    const [ann, ben] = await stage.roomOf('r', 'ann', 'ben');
    await ann.leave('r');
    await expect(ann.broadcast('r', 'hello')).rejects.toEqual(refusal('NOT_IN_ROOM'));
    await expect(ben.relay('r', ann, 'hello')).rejects.toEqual(refusal('PEER_NOT_IN_ROOM'));
    expect(await ann.room('r')).toBeNull();
  });

  story('G6: a message reaches no peer outside of the room it is sent in', async (stage) => {
    const [ann, ben] = await stage.roomOf('r', 'ann', 'ben');
    const [out, friend] = await stage.roomOf('elsewhere', 'out', 'friend');
    const refused = refusal('PEER_NOT_IN_ROOM');
    await expect(ann.relay('r', out, 'hello')).rejects.toEqual(refused);
    await expect(ann.relay('r', { id: 'unknown' }, 'hello')).rejects.toEqual(refused);
    await ann.broadcast('r', 'hello');
    await ann.setState('r', 1);
    expect(await out.beforeBarrier(friend, 'elsewhere')).toEqual([]);
    expect((await ben.take(2)).map((e) => e.type)).toEqual(['Signal', 'PeerChanged']);
  });

  story('G6: a signal names its sender, and only the one it is for gets it', async (stage) => {
    const [ann, ben, cat] = await stage.roomOf('r', 'ann', 'ben', 'cat');
    const receipt = await ann.relay('r', ben, 'offer', { sdp: 'v=0' });
    const [signal] = await ben.take(1);
    const { id } = receipt;
    const event = { event: 'offer', data: { sdp: 'v=0' } };
    expect(signal).toEqual({ type: 'Signal', id, roomId: 'r', peer: ann.as(null), ...event });
    expect(await cat.beforeBarrier(ann, 'r')).toEqual([]);
  });

  story('G6: nothing is echoed to its sender', async (stage) => {
    const [ann, ben] = await stage.roomOf('r', 'ann', 'ben');
    await ann.broadcast('r', 'hello');
    await ann.setState('r', 1);
    await ann.relay('r', ben, 'hello');
    await ann.leave('r');
    await ann.join('r');
    const entries = await ann.beforeBarrier(ben, 'r');
    expect(entries).toMatchObject([{ type: 'PeerAdded', peer: ben.as(null), offer: true }]);
  });

  story('a relay is DELIVERED to a peer with a stream, QUEUED to one between connections', async (stage) => {
    const [ann, ben] = await stage.roomOf('r', 'ann', 'ben');
    const first = await ann.relay('r', ben, 'first');
    expect(first.status).toBe('DELIVERED');
    await ben.drop();
    await queued(ann, ben);
    const away = await ann.relay('r', ben, 'away');
    expect(away.status).toBe('QUEUED');
    await ben.resume();
    const back = await ann.relay('r', ben, 'back');
    expect(back.status).toBe('DELIVERED');
    for (const { id } of [first, away, back])
      expect((await ben.next((e) => e.id === id)).type).toBe('Signal');
  });

  story('a broadcast is QUEUED only where there are others and none of them has a stream', async (stage) => {
    const [ann] = await stage.roomOf('r', 'ann');
    expect((await ann.broadcast('r', 'alone')).status).toBe('DELIVERED');
    const ben = await stage.peer('ben');
    await ben.join('r');
    const cat = await stage.peer('cat');
    await cat.join('r');
    expect((await ann.broadcast('r', 'both here')).status).toBe('DELIVERED');

    await ben.drop();
    await queued(ann, ben);
    const oneAway = await ann.broadcast('r', 'one away');
    expect(oneAway.status).toBe('DELIVERED');
    await cat.drop();
    await queued(ann, cat);
    const bothAway = await ann.broadcast('r', 'both away');
    expect(bothAway.status).toBe('QUEUED');
    await cat.resume();
    expect((await ann.broadcast('r', 'one back')).status).toBe('DELIVERED');

    await ben.resume();
    const ids = [oneAway.id, bothAway.id];
    for (const peer of [ben, cat]) {
      for (const id of ids) await peer.next((e) => isSignal(e) && e.id === id);
    }
  });

  story('a peer between connections can still send', async (stage) => {
    const [ann, ben] = await stage.roomOf('r', 'ann', 'ben');
    await ann.drop();
    const receipts = [await ann.relay('r', ben, 'a'), await ann.broadcast('r', 'b')];
    expect(receipts.map((r) => r.status)).toEqual(['DELIVERED', 'DELIVERED']);
    expect((await ben.take(2)).map((e) => e.id)).toEqual(receipts.map((r) => r.id));
  });
}
