import { expect } from 'vitest';
import { patienceMs } from '../../support/arrivals.ts';
import { payload, TestPeer } from '../peer.ts';
import { isSignal, refusal, type Story } from '../support.ts';

/** Waits until the hub has noticed that the stream of `to` is lost. */
async function untilQueued(from: TestPeer, to: TestPeer): Promise<void> {
  const probe = async () => (await from.relay('r', to, 'probe')).status;
  await expect.poll(probe, { timeout: patienceMs }).toBe('QUEUED');
}

/** The calls that need membership (G6), and the status in a sender's receipt. */
export function memberStories(story: Story): void {
  story('a peer without a session is refused with NOT_CONNECTED, and is in no room', async (stage) => {
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
    expect((await ann.room('r'))?.members).toEqual([ann.as(null)]);
  });

  story('G6: a peer outside a room can neither send to it nor read it', async (stage) => {
    const [ann, ben] = await stage.roomOf('r', 'ann', 'ben');
    const [out] = await stage.roomOf('elsewhere', 'out');
    for (const roomId of ['r', 'a room that does not exist']) {
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

  story('G6: a peer that has left a room can neither send to it nor receive from it', async (stage) => {
    const [ann, ben] = await stage.roomOf('r', 'ann', 'ben');
    await ann.leave('r');
    await expect(ann.broadcast('r', 'hello')).rejects.toEqual(refusal('NOT_IN_ROOM'));
    await expect(ben.relay('r', ann, 'hello')).rejects.toEqual(refusal('PEER_NOT_IN_ROOM'));
    expect(await ann.room('r')).toBeNull();
  });

  story('G6: a signal reaches no peer outside its room', async (stage) => {
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

  story('G6: a relayed signal names its sender and reaches only its target', async (stage) => {
    const [ann, ben, cat] = await stage.roomOf('r', 'ann', 'ben', 'cat');
    const receipt = await ann.relay('r', ben, 'offer', { sdp: 'v=0' });
    const [signal] = await ben.take(1);
    const { cursor } = receipt;
    const event = { event: 'offer', data: payload({ sdp: 'v=0' }) };
    expect(signal).toEqual({ type: 'Signal', cursor, roomId: 'r', peer: ann.peer, ...event });
    expect(await cat.beforeBarrier(ann, 'r')).toEqual([]);
  });

  story('a Signal carries its sender and no state, live and after a resume', async (stage) => {
    const [ann, ben, vic] = await stage.roomOf('r', 'ann', 'ben', 'vic');
    await ann.setState('r', 'muted');
    for (const peer of [ben, vic]) await peer.next((e) => e.type === 'PeerChanged');
    await vic.drop();
    for (const to of [ben, vic]) await ann.relay('r', to, 'm', 1);
    await ann.broadcast('r', 'm', 2);
    await vic.resume();
    for (const peer of [ben, vic]) {
      const signals = await peer.take(2);
      const expected = { type: 'Signal', roomId: 'r', peer: ann.peer, event: 'm' };
      expect(signals).toStrictEqual([
        { ...expected, cursor: signals[0]?.cursor, data: payload(1) },
        { ...expected, cursor: signals[1]?.cursor, data: payload(2) },
      ]);
    }
  });

  story('G6: no entry is echoed to its sender', async (stage) => {
    const [ann, ben] = await stage.roomOf('r', 'ann', 'ben');
    await ann.broadcast('r', 'hello');
    await ann.setState('r', 1);
    await ann.relay('r', ben, 'hello');
    await ann.leave('r');
    await ann.join('r');
    const entries = await ann.beforeBarrier(ben, 'r');
    expect(entries).toMatchObject([{ type: 'PeerAdded', ...ben.as(null), offer: true }]);
  });

  story(
    'a relay is DELIVERED if its target has a stream, QUEUED if the target is between connections',
    async (stage) => {
      const [ann, ben] = await stage.roomOf('r', 'ann', 'ben');
      const first = await ann.relay('r', ben, 'first');
      expect(first.status).toBe('DELIVERED');
      await ben.drop();
      await untilQueued(ann, ben);
      const away = await ann.relay('r', ben, 'away');
      expect(away.status).toBe('QUEUED');
      await ben.resume();
      const back = await ann.relay('r', ben, 'back');
      expect(back.status).toBe('DELIVERED');
      for (const { cursor } of [first, away, back])
        expect((await ben.next((e) => e.cursor === cursor)).type).toBe('Signal');
    },
  );

  story('a broadcast is QUEUED if there are other members and none of them has a stream', async (stage) => {
    const [ann] = await stage.roomOf('r', 'ann');
    expect((await ann.broadcast('r', 'alone')).status).toBe('DELIVERED');
    const ben = await stage.peer('ben');
    await ben.join('r');
    const cat = await stage.peer('cat');
    await cat.join('r');
    expect((await ann.broadcast('r', 'both here')).status).toBe('DELIVERED');

    await ben.drop();
    await untilQueued(ann, ben);
    const oneAway = await ann.broadcast('r', 'one away');
    expect(oneAway.status).toBe('DELIVERED');
    await cat.drop();
    await untilQueued(ann, cat);
    const bothAway = await ann.broadcast('r', 'both away');
    expect(bothAway.status).toBe('QUEUED');
    await cat.resume();
    expect((await ann.broadcast('r', 'one back')).status).toBe('DELIVERED');

    await ben.resume();
    const ids = [oneAway.cursor, bothAway.cursor];
    for (const peer of [ben, cat]) {
      for (const id of ids) await peer.next((e) => isSignal(e) && e.cursor === id);
    }
  });

  story('a peer between connections can still send', async (stage) => {
    const [ann, ben] = await stage.roomOf('r', 'ann', 'ben');
    await ann.drop();
    const receipts = [await ann.relay('r', ben, 'a'), await ann.broadcast('r', 'b')];
    expect(receipts.map((r) => r.status)).toEqual(['DELIVERED', 'DELIVERED']);
    expect((await ben.take(2)).map((e) => e.cursor)).toEqual(receipts.map((r) => r.cursor));
  });
}
