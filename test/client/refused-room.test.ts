import { expect, onTestFinished, test, vi } from 'vitest';
import type { SignalboxError } from '../../src/client/index.ts';
import { serveSignalbox } from '../http/support.ts';
import { heardIn, meets, open, reaches, statusesOf } from './support.ts';

/** From now on the cursors of the client with this token are unknown to the server: its next session is a new one. */
function forgetSessionOf(token: string): void {
  const real = globalThis.fetch;
  vi.stubGlobal('fetch', (url: string, init: RequestInit) => {
    const { Authorization } = init.headers as Record<string, string>;
    if (Authorization !== `Bearer ${token}`) return real(url, init);
    return real(url, { ...init, body: String(init.body).replace(/"after":"\d+"/, '"after":null') });
  });
  onTestFinished(() => void vi.unstubAllGlobals());
}

test('a room that refuses the client when it comes back is dropped, with an event, and the others stay', async () => {
  const { url, http, hub, tokenFor } = await serveSignalbox();
  const adasToken = await tokenFor('ada');
  const ada = await open(url, { token: () => adasToken });
  const ben = await open(url, { username: 'ben' });
  const rooms = await Promise.all(['one', 'full', 'two'].map((id) => ada.join(id, { state: id })));
  const [one, full, two] = rooms;
  if (!one || !full || !two) throw new Error('unreachable');
  const bensOne = await ben.join('one');
  await meets(bensOne, 'ada');
  const heard = heardIn(bensOne);
  const statuses = statusesOf(ada);
  const closed = full.once('closed');
  const error = ada.once('error') as Promise<[SignalboxError]>;

  forgetSessionOf(adasToken);
  await hub.leaveRoom(ada.peer?.id ?? '', 'full');
  for (let n = 0; n < 10; n++) {
    const box = await open(url, { token: () => tokenFor(`other ${n}`) });
    await box.join('full');
  }
  const again = reaches(ada, 'connected');
  http.server.closeAllConnections();
  await again;
  expect(await closed).toMatchObject([{ code: 'ROOM_FULL' }]);
  expect(await error).toMatchObject([{ code: 'ROOM_FULL' }]);
  expect(ada.rooms.map(({ id }) => id)).toEqual(['one', 'two']);
  await expect.poll(() => bensOne.peers.map(({ state }) => state)).toEqual(['one']);
  await one.broadcast('hello');
  await two.broadcast('hello');
  await expect.poll(() => heard).toEqual(['ada: hello null']);
  expect(statuses).toEqual(['connecting', 'connected']);
  await expect(full.broadcast('hello')).rejects.toMatchObject({ code: 'NOT_IN_ROOM' });
  // It can be entered again as any other room.
  await expect(ada.join('full')).rejects.toMatchObject({ code: 'ROOM_FULL' });
});
