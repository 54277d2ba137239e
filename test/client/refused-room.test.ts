import { expect, onTestFinished, test, vi } from 'vitest';
import type { SignalboxError } from '../../src/client/index.ts';
import { serveSignalbox } from '../http/support.ts';
import { heardIn, meets, open, reaches, statusesOf } from './support.ts';

/** From now on the client's cursors are unknown to the server, as after a server that forgot all. */
function forgetSessions(): void {
  const real = globalThis.fetch;
  vi.stubGlobal('fetch', (url: string, init: RequestInit) => {
    const body = String(init.body).replace(/"after":"\d+"/, '"after":null');
    return real(url, { ...init, body });
  });
  onTestFinished(() => void vi.unstubAllGlobals());
}

test('a room that refuses the client when it comes back is dropped, with an event, and the others stay', async () => {
  const { url, http, hub, tokenFor } = await serveSignalbox();
  const ada = await open(url, { username: 'ada' });
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

  forgetSessions();
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
  expect(statuses).not.toContain('closed');
  await expect(full.broadcast('hello')).rejects.toMatchObject({ code: 'NOT_IN_ROOM' });
  // It can be entered again as any other room.
  await expect(ada.join('full')).rejects.toMatchObject({ code: 'ROOM_FULL' });
});
