import { SignJWT } from 'jose';
import { describe, expect, test } from 'vitest';
import { ApiClient } from '../support/client.ts';
import { startNode, tokenSecret } from '../support/node.ts';
import { hubs, startPair } from './nodes.ts';
import { GuestPeer } from './peer.ts';

describe.each(hubs)('on %s', (hub) => {
  test('guests of two spaces and of none do not meet in a room of the same id, and see no trace of a space', async () => {
    await using pair = await startPair(hub);
    const at = { stream: pair.a.url, calls: pair.b.url };
    const r = 'r';
    const guestIn = async (space: string | null) => {
      const { access: given } = await new ApiClient(pair.a.url).run<{
        access: { token: string; peer: { id: string } };
      }>('mutation ($space: String) { access(username: "g", space: $space) { token peer { id } } }', {
        space,
      });
      const guest = new GuestPeer(given.peer.id, 'g', given.token, at);
      expect(await guest.open({ join: [{ roomId: r }] })).toMatchObject({ rooms: [{ id: r }] });
      return guest;
    };
    const [none, acme, friend, other] = [
      await guestIn(null),
      await guestIn('acme'),
      await guestIn('acme'),
      await guestIn('other'),
    ];
    expect(await friend.room(r)).toMatchObject({
      id: r,
      members: [{ peer: { id: acme.id } }, { peer: { id: friend.id } }],
    });
    for (const alone of [none, other]) expect((await alone.room(r))?.members).toHaveLength(1);
    await expect(none.relay(r, acme, 'e')).rejects.toMatchObject({ code: 'PEER_NOT_IN_ROOM' });
    // A full id of the other space.
    await expect(none.relay(r, { id: `acme\u001f${acme.id}` }, 'e')).rejects.toMatchObject({
      code: 'PEER_NOT_IN_ROOM',
    });
    const { renew } = await new ApiClient(pair.b.url, acme.token).run<{ renew: { token: string } }>(
      'mutation { renew { token } }',
    );
    const again = new GuestPeer(acme.id, 'g', renew.token, at);
    expect(await again.room(r), 'a renewed token is of the same space').toMatchObject({ members: [{}, {}] });
    const seen = await Promise.all([acme.inbox.take(1), friend.inbox.take(1)]);
    expect(JSON.stringify(seen)).not.toMatch(/acme|u001f/);
    expect(seen).toMatchObject([
      [{ roomId: r, peer: { id: friend.id }, offer: false }],
      [{ roomId: r, peer: { id: acme.id }, offer: true }],
    ]);
    const bad = new ApiClient(pair.a.url).run(
      'mutation { access(username: "g", space: "a\\u001fb") { token } }',
    );
    await expect(bad).rejects.toMatchObject({
      code: 'BAD_USER_INPUT',
      message: expect.stringContaining('`space`'),
    });
    await Promise.all([none, acme, friend, other].map((guest) => guest.drop()));
  });
});

test('peers with the same id in two spaces get different credentials for TURN', async () => {
  await using node = await startNode({
    env: { TURN_URLS: 'turn:turn.example.org', TURN_SECRET: 'correct-horse-battery-staple' },
  });
  const nameIn = async (space?: string) => {
    const token = await new SignJWT({ username: 'Ann', ...(space && { signalbox: { space } }) })
      .setProtectedHeader({ alg: 'HS256' })
      .setSubject('ann')
      .setExpirationTime('1 h')
      .sign(new TextEncoder().encode(tokenSecret));
    const { iceServers } = await new ApiClient(node.url, token).run<{ iceServers: { username: string }[] }>(
      '{ iceServers { username } }',
    );
    return iceServers.map(({ username }) => username.replace(/^\d+:/, ''));
  };
  expect(await nameIn()).toEqual(['ann']);
  expect(await nameIn('acme')).toEqual(['acme%1Fann']);
  expect(await nameIn('other')).toEqual(['other%1Fann']);
});
