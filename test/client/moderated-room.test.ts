import { expect, test } from 'vitest';
import { post, serveSignalbox } from '../http/support.ts';
import { heardIn, meets, open, tokenOf } from './support.ts';

/** A server, and a function that asks it as the application's back end, which may moderate every room. */
async function moderated() {
  const { url } = await serveSignalbox();
  const token = await tokenOf('back end', 60, { rooms: [{ match: '*', allow: ['moderate'] }] });
  const ask = async (fields: string) => {
    const { body } = await post(
      url,
      { query: `mutation { ${fields} }` },
      { authorization: `Bearer ${token}` },
    );
    expect(body.errors).toBeUndefined();
  };
  return { url, ask };
}

test('G16: a client that is put out of a room gets `closed` with the code KICKED, and cannot come back', async () => {
  const { url, ask } = await moderated();
  const ada = await open(url, { username: 'ada' });
  const ben = await open(url, { username: 'ben' });
  const [one, two] = [await ada.join('one'), await ada.join('two')];
  const bensOne = await ben.join('one');
  const bensTwo = await ben.join('two');
  await Promise.all([bensOne, bensTwo].map((room) => meets(room, 'ada')));
  const [closed, error, left] = [one.once('closed'), ada.once('error'), bensOne.once('left')];
  await ask(`removePeer(roomId: "one", peerId: "${ada.peer?.id}")`);
  const code = { code: 'KICKED' };
  expect(await closed).toMatchObject([code]);
  expect(await error).toMatchObject([code]);
  expect(await left).toMatchObject([{ username: 'ada' }, 'KICKED']);
  expect(one.peers, 'it has dropped the others').toEqual([]);
  expect(ada.rooms).toEqual([two]);
  await expect(ada.join('one')).rejects.toMatchObject({ code: 'FORBIDDEN' });
  const heard = heardIn(bensTwo);
  await two.broadcast('still-here');
  await expect.poll(() => heard).toEqual(['ada: still-here null']);
});

test('G16: all clients of a room that is closed get `closed` with the code CLOSED, and may enter it again', async () => {
  const { url, ask } = await moderated();
  const boxes = [await open(url, { username: 'ada' }), await open(url, { username: 'ben' })];
  const rooms = await Promise.all(boxes.map((box) => box.join('r')));
  const closed = rooms.map((room) => room.once('closed'));
  await ask('closeRoom(roomId: "r")');
  for (const event of closed) expect(await event).toMatchObject([{ code: 'CLOSED' }]);
  for (const box of boxes) expect(box.rooms).toEqual([]);
  const again = await Promise.all(boxes.map((box) => box.join('r')));
  await Promise.all(again.map((room, i) => meets(room, i === 0 ? 'ben' : 'ada')));
});

test('a client hears a back end that speaks to its room and is no member of it', async () => {
  const { url, ask } = await moderated();
  const ada = await open(url, { username: 'ada' });
  const room = await ada.join('r');
  const heard = heardIn(room);
  await ask(
    `broadcast(roomId: "r", event: "news", data: 1) { status } relay(roomId: "r", peerId: "${ada.peer?.id}", event: "rtc.data", data: {}) { status } last: broadcast(roomId: "r", event: "last") { status }`,
  );
  await expect.poll(() => heard).toEqual(['back end: news 1', 'back end: last null']);
  expect(room.peers).toEqual([]);
});
