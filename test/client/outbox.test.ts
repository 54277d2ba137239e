import { expect, test } from 'vitest';
import { serveSignalbox } from '../http/support.ts';
import { heardIn, meets, open } from './support.ts';

test('data that cannot be JSON is refused, and what is sent after it arrives', async () => {
  const { url } = await serveSignalbox();
  const ada = await open(url, { username: 'ada' });
  const ben = await open(url, { username: 'ben' });
  const adasRoom = await ada.join('lobby');
  const bensRoom = await ben.join('lobby');
  await meets(bensRoom, 'ada');
  const heard = heardIn(bensRoom);
  const circle: { self?: unknown } = {};
  circle.self = circle;
  const refused = expect(adasRoom.broadcast('n', circle as never)).rejects.toThrow(TypeError);
  await adasRoom.broadcast('n', 1);
  await refused;
  await expect.poll(() => heard).toEqual(['ada: n 1']);
});
