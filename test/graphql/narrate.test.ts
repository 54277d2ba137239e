import { SignJWT } from 'jose';
import { expect, test } from 'vitest';
import { stage } from './stage.ts';

test('a server in development tells of each join, leave, message and refusal, and never shows data, state or a token', async () => {
  const told: string[] = [];
  const { engine, peer } = await stage({ tell: (line) => told.push(line) });
  const [ada, ben] = [await peer('ada'), await peer('ben')];
  const lines = async (request: Promise<unknown>) => {
    await request;
    return told.splice(0);
  };
  const secret = '"hunter2"';
  const join = `mutation { joinRoom(roomId: "lobby", state: ${secret}) { id } }`;
  expect(await lines(ada.ask(join))).toEqual([
    'ada was refused joinRoom: NOT_CONNECTED. You have no session. Open the subscription `messages` first, and join from the handler of its `Connected`.',
  ]);
  expect(await lines(ada.open('subscription { messages { cursor } }'))).toEqual(['ada opened its stream']);
  await ben.open('subscription { messages { cursor } }');
  told.length = 0;
  expect(await lines(ada.ask(join))).toEqual(['ada joined lobby (1 peer)']);
  expect(await lines(ben.ask(join))).toEqual(['ben joined lobby (2 peers)']);
  expect(await lines(ben.ask(join))).toEqual(['ben joined lobby, and was in it already']);
  const relay = `mutation { relay(roomId: "lobby", peerId: "${ben.id}", event: "offer", data: ${secret}) { cursor } }`;
  expect(await lines(ada.ask(relay))).toEqual(['ada relayed offer in lobby']);
  const two = `mutation {
    broadcast(roomId: "lobby", event: "chat", data: ${secret}) { cursor }
    setState(roomId: "lobby", state: ${secret}) { state }
  }`;
  expect(await lines(ben.ask(two))).toEqual([
    'ben broadcast chat in lobby',
    'ben changed its state in lobby',
  ]);
  expect(await lines(ben.ask('mutation { leaveRoom(roomId: "lobby") renew { token } }'))).toEqual([
    'ben left lobby',
    'ben got its next token',
  ]);
  expect(await lines(ben.ask('mutation { leaveRoom(roomId: "lobby") }'))).toEqual([]);
  const moderate = `mutation {
    nobody: removePeer(roomId: "lobby", peerId: "nobody")
    removePeer(roomId: "lobby", peerId: "${ada.id}")
    closeRoom(roomId: "lobby")
  }`;
  await ben.ask(join);
  told.length = 0;
  const token = await new SignJWT({
    username: 'mod',
    signalbox: { rooms: [{ match: 'lobby', allow: ['moderate'] }] },
  })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject('mod')
    .setExpirationTime('1 min')
    .sign(new Uint8Array(32).fill(1));
  const mod = { method: 'POST', takesEvents: false, credentials: { token }, address: '10.0.0.1' } as const;
  expect(await lines(engine.run({ query: moderate }, mod))).toEqual([
    `mod put ${ada.id} out of lobby`,
    'mod closed lobby',
  ]);
  const stranger = { method: 'POST', takesEvents: false, credentials: {}, address: '10.0.0.1' } as const;
  const enter = 'mutation { access(username: "eve") { token } }';
  expect(await lines(engine.run({ query: enter }, stranger))).toEqual(['eve got a token']);
  expect(await lines(engine.run({ query: join }, stranger))).toEqual([
    expect.stringMatching(/^somebody was refused joinRoom: UNAUTHENTICATED\. This operation needs a token/),
  ]);
});
