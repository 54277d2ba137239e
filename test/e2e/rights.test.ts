import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ApiClient, type RoomMessage } from '../support/client.ts';
import { MessageStream } from '../support/message-stream.ts';
import { tokenSecret } from '../support/node.ts';
import { hubs, type Pair, startPair } from './nodes.ts';
import { GuestPeer } from './peer.ts';

const secret = new TextEncoder().encode(tokenSecret);
const now = () => Math.floor(Date.now() / 1000);

type Grant = { match: string; allow: string[] };

/** An application's token. `signalbox` is the claim. */
function tokenFor(sub: string, signalbox?: unknown, issuedAt = now()): Promise<string> {
  return new SignJWT({ username: sub, ...(signalbox !== undefined && { signalbox }) })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(sub)
    .setIssuedAt(issuedAt)
    .setExpirationTime('1 h')
    .sign(secret);
}

const full = ['join', 'send', 'state'];
const rooms = (...grants: Grant[]) => ({ rooms: grants });
const moderator = rooms({ match: '*', allow: ['moderate'] });

/** One field of each kind for a room. */
const fields = {
  joinRoom: 'mutation ($r: ID!) { joinRoom(roomId: $r) { id } }',
  'joinRoom with a state': 'mutation ($r: ID!) { joinRoom(roomId: $r, state: 1) { id } }',
  relay: 'mutation ($r: ID!, $p: ID = "ann") { relay(roomId: $r, peerId: $p, event: "e") { status } }',
  broadcast: 'mutation ($r: ID!) { broadcast(roomId: $r, event: "e") { status } }',
  setState: 'mutation ($r: ID!) { setState(roomId: $r, state: 1) { state } }',
  removePeer: 'mutation ($r: ID!, $p: ID = "ann") { removePeer(roomId: $r, peerId: $p) }',
  closeRoom: 'mutation ($r: ID!) { closeRoom(roomId: $r) }',
  room: 'query ($r: ID!) { room(roomId: $r) { id members { peer { id } } } }',
  receive: 'mutation ($r: ID!) { receive(join: [{ roomId: $r }], wait: 0) { cursor } }',
} as const;
type Field = keyof typeof fields;

describe.each(hubs)('on %s', (hub) => {
  let pair: Pair;
  beforeAll(async () => {
    pair = await startPair(hub, { RATE_PEER: '0', RATE_ADDRESS: '0' });
  });
  afterAll(() => pair[Symbol.asyncDispose]());

  let count = 0;
  /** A name that no other test uses. */
  const fresh = (name: string) => `${name}-${++count}`;
  const ab = () => ({ stream: pair.a.url, calls: pair.b.url });
  /** A peer of the application with an open stream. */
  const arrive = async (sub: string, claim?: unknown, issuedAt?: number) => {
    const peer = new GuestPeer(sub, sub, await tokenFor(sub, claim, issuedAt), ab());
    await peer.open();
    return peer;
  };
  const ask = (token: string, field: Field, r: string, p?: string, at = pair.b) =>
    new ApiClient(at.url, token).run<Record<string, unknown>>(fields[field], { r, ...(p && { p }) });
  const codeOf = (asked: Promise<unknown>) =>
    asked.then(
      () => 'OK',
      ({ code }) => code,
    );

  test('G16, G6: a stranger gets the same answers whether or not the room exists, and nobody hears of it', async () => {
    const [r, ann, ben] = [fresh('room'), fresh('ann'), fresh('ben')];
    const inside = [await arrive(ann), await arrive(ben)] as const;
    await inside[0].join(r, 'secret');
    await inside[1].join(r);
    await inside[0].inbox.take(1);
    const claim = rooms({ match: 'elsewhere/*', allow: [...full, 'moderate'] });
    const token = await tokenFor(fresh('eve'), claim);
    const answersFor = async (roomId: string) => {
      const answers: unknown[] = [];
      for (const field of Object.keys(fields) as Field[]) {
        const sent = await new ApiClient(pair.b.url, token).send({
          query: fields[field],
          variables: { r: roomId, p: ann },
        });
        expect(sent.status, field).toBe(403);
        expect(sent.body, field).toMatchObject({ errors: [{ extensions: { code: 'FORBIDDEN' } }] });
        answers.push(sent.body);
      }
      const refused = await MessageStream.open(pair.a.url, token, { join: [{ roomId }] }).catch(
        (error) => error,
      );
      expect(refused).toMatchObject({ code: 'FORBIDDEN', status: 403 });
      const search = new URLSearchParams({
        query: `subscription { messages(join: [{ roomId: "${roomId}" }]) { cursor } }`,
        access_token: token,
      });
      const headers = { accept: 'text/event-stream' };
      const seen = await (await fetch(`${pair.a.url}/graphql?${search}`, { headers })).text();
      expect(seen).toMatch(/^event: next\ndata: .*FORBIDDEN.*\n\nevent: complete/);
      // That is false for every room that the caller is not in.
      const left = await new ApiClient(pair.b.url, token)
        .run('mutation ($r: ID!) { leaveRoom(roomId: $r) }', { r: roomId })
        .catch(({ code, message }) => ({ code, message }));
      return JSON.stringify([answers, refused.message, seen, left]).replaceAll(roomId, 'room');
    };
    const ofRoom = await answersFor(r);
    expect(ofRoom).toEqual(await answersFor(fresh('nothing')));
    expect(ofRoom).not.toContain('secret');
    expect(await inside[0].beforeBarrier(inside[1], r)).toEqual([]);
    await Promise.all(inside.map((peer) => peer.drop()));
  });

  test('G16: each right allows what it says, and nothing else', async () => {
    const r = fresh('team/room');
    const host = await arrive(fresh('host'));
    await host.join(r);
    const allowedWith = async (allow: string[]) => {
      const peer = await arrive(fresh('peer'), rooms({ match: 'team/*', allow }));
      const { token } = peer;
      const codes: Record<string, string> = {};
      for (const field of ['joinRoom', 'setState', 'broadcast', 'relay', 'room', 'removePeer'] as const) {
        codes[field] = await codeOf(ask(token, field, r, field === 'removePeer' ? 'nobody' : host.id));
      }
      await ask(token, 'joinRoom', r).catch(() => undefined);
      await new ApiClient(pair.a.url, token).run('mutation ($r: ID!) { leaveRoom(roomId: $r) }', { r });
      codes['joinRoom with a state'] = await codeOf(ask(token, 'joinRoom with a state', r));
      await peer.drop();
      return codes;
    };
    const none = {
      joinRoom: 'FORBIDDEN',
      setState: 'FORBIDDEN',
      broadcast: 'FORBIDDEN',
      relay: 'FORBIDDEN',
      room: 'FORBIDDEN',
      removePeer: 'FORBIDDEN',
      'joinRoom with a state': 'FORBIDDEN',
    };
    expect(await allowedWith([])).toEqual(none);
    expect(await allowedWith(['join'])).toEqual({ ...none, joinRoom: 'OK', room: 'OK' });
    expect(await allowedWith(['send'])).toEqual({ ...none, broadcast: 'NOT_IN_ROOM', relay: 'NOT_IN_ROOM' });
    expect(await allowedWith(['state'])).toEqual({ ...none, setState: 'NOT_IN_ROOM' });
    const all = { joinRoom: 'OK', setState: 'OK', broadcast: 'OK', relay: 'OK', room: 'OK' };
    expect(await allowedWith(full)).toEqual({ ...none, ...all, 'joinRoom with a state': 'OK' });
    expect(await allowedWith(['moderate'])).toEqual({
      ...none,
      broadcast: 'OK',
      relay: 'OK',
      room: 'OK',
      removePeer: 'OK',
    });
    await host.drop();
  });

  test('G16: a token without `rooms` allows everything but to moderate, in every room of its space', async () => {
    const token = await tokenFor(fresh('ann'), {});
    expect(await codeOf(ask(token, 'broadcast', 'any'))).toBe('NOT_CONNECTED');
    expect(await ask(token, 'room', 'any')).toEqual({ room: null });
    expect(await codeOf(ask(token, 'closeRoom', 'any'))).toBe('FORBIDDEN');
    expect(await codeOf(ask(token, 'removePeer', 'any'))).toBe('FORBIDDEN');
  });

  test('G16: a right that a newer token has no more is gone at the next call on any node', async () => {
    const [r, q, sub] = [fresh('r'), fresh('q'), fresh('ann')];
    const ann = await arrive(sub, rooms({ match: '*', allow: [...full, 'moderate'] }));
    const ben = await arrive(fresh('ben'));
    for (const room of [r, q]) {
      await ann.join(room);
      await ben.join(room);
    }
    const newer = await tokenFor(sub, rooms({ match: q, allow: ['join'] }));
    for (const node of [pair.a, pair.b]) {
      for (const field of Object.keys(fields) as Field[]) {
        expect(await codeOf(ask(newer, field, r, ben.id, node)), field).toBe('FORBIDDEN');
      }
      expect(await codeOf(ask(newer, 'broadcast', q, undefined, node))).toBe('FORBIDDEN');
      expect(await ask(newer, 'room', q, undefined, node)).toMatchObject({ room: { id: q } });
      const all = await new ApiClient(node.url, newer).run('{ rooms { id } }');
      expect(all, 'it does not even see the other').toEqual({ rooms: [{ id: q }] });
    }
    await ann.inbox.take(2);
    await ben.inbox.take(2);
    const again = new GuestPeer(sub, sub, newer, { stream: pair.b.url, calls: pair.a.url });
    expect(await again.open({ after: ann.cursor })).toMatchObject({ resumed: true, rooms: [{ id: q }] });
    const kicked = { __typename: 'PeerRemoved', roomId: r, reason: 'KICKED', peer: { id: sub } };
    expect(await again.inbox.take(1)).toMatchObject([kicked]);
    expect(await ben.inbox.take(1)).toMatchObject([kicked]);
    await ben.broadcast(r, 'not-for-ann');
    await ben.broadcast(q, 'for-ann');
    expect(await again.inbox.take(1)).toMatchObject([{ event: 'for-ann' }]);
    await Promise.all([again.drop(), ben.drop()]);
  });

  test('G16: a back end without a session reads a room, speaks to it, puts a peer out and closes it', async () => {
    const r = fresh('r');
    const ann = await arrive(fresh('ann'));
    const ben = await arrive(fresh('ben'));
    await ann.join(r);
    await ben.join(r);
    const backEnd = new ApiClient(pair.b.url, await tokenFor('back end', moderator));
    const { room } = await backEnd.run<{ room: unknown }>(
      'query ($r: ID!) { room(roomId: $r) { members { peer { id } } } }',
      { r },
    );
    expect(room).toEqual({ members: [{ peer: { id: ann.id } }, { peer: { id: ben.id } }] });
    await backEnd.run('mutation ($r: ID!) { broadcast(roomId: $r, event: "news", data: 1) { status } }', {
      r,
    });
    await backEnd.run(
      'mutation ($r: ID!, $p: ID!) { relay(roomId: $r, peerId: $p, event: "warning") { status } removePeer(roomId: $r, peerId: $p) }',
      { r, p: ann.id },
    );
    const news = { event: 'news', data: 1, peer: { id: 'back end', username: 'back end', guest: false } };
    const kicked = { __typename: 'PeerRemoved', reason: 'KICKED', peer: { id: ann.id } };
    const later = (messages: RoomMessage[]) => messages.filter((m) => m.__typename !== 'PeerAdded');
    expect(later(await ann.inbox.take(4))).toMatchObject([news, { event: 'warning' }, kicked]);
    expect(later(await ben.inbox.take(3))).toMatchObject([news, kicked]);
    expect(await backEnd.run('mutation ($r: ID!) { closeRoom(roomId: $r) }', { r })).toEqual({
      closeRoom: true,
    });
    expect(await ben.inbox.take(1)).toMatchObject([{ reason: 'CLOSED', peer: { id: ben.id } }]);
    expect(await ask(await tokenFor('back end', moderator), 'room', r)).toEqual({ room: null });
    await expect(
      backEnd.run('mutation ($r: ID!) { removePeer(roomId: $r, peerId: "back end") }', { r }),
    ).rejects.toMatchObject({ code: 'BAD_USER_INPUT', message: expect.stringContaining('`leaveRoom`') });
    await Promise.all([ann.drop(), ben.drop()]);
  });

  test('G16: a peer that was put out comes back with a newer token only; a guest with none', async () => {
    const [r, sub] = [fresh('r'), fresh('ann')];
    const claim = rooms({ match: 'r-*', allow: full });
    const ann = await arrive(sub, claim, now() - 5);
    const eve = await GuestPeer.arrive('eve', ab());
    const mod = await tokenFor(fresh('mod'), moderator);
    for (const peer of [ann, eve]) {
      await peer.join(r);
      expect(await ask(mod, 'removePeer', r, peer.id)).toEqual({ removePeer: true });
      for (const node of [pair.a, pair.b]) {
        const refused = ask(peer.token, 'joinRoom', r, undefined, node);
        await expect(refused).rejects.toMatchObject({
          code: 'FORBIDDEN',
          message: expect.stringContaining('put out'),
        });
      }
      expect(await codeOf(ask(peer.token, 'receive', r))).toBe('FORBIDDEN');
    }
    const before = await tokenFor(sub, claim, now() - 4);
    expect(await codeOf(ask(before, 'joinRoom', r)), 'a token from before').toBe('FORBIDDEN');
    const after = await tokenFor(sub, claim, now() + 1);
    expect(await codeOf(ask(after, 'joinRoom', r))).toBe('OK');
    const { renew } = await new ApiClient(pair.b.url, eve.token).run<{ renew: { token: string } }>(
      'mutation { renew { token } }',
    );
    expect(await codeOf(ask(renew.token, 'joinRoom', r)), 'a renewed token').toBe('FORBIDDEN');
    await Promise.all([ann.drop(), eve.drop()]);
  });
});
