import { once } from 'node:events';
import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { ApiClient, access } from '../support/client.ts';
import { type NodeProcess, startNode } from '../support/node.ts';
import { freshPrefix } from '../support/redis.ts';
import { GuestPeer, wholly } from './peer.ts';

/** Texts that a parser and a writer of JSON would change. */
const texts = [
  '750727362669608961',
  '1e400',
  '-0',
  '1.10',
  '{"b":1,"a":2,"b":3,"10":4,"9":5}',
  String.raw`"\u0041\/\ud800"`,
  '[[],{},[{}]]',
];

const selection = '... on Signal { data } ... on PeerChanged { state } ... on PeerAdded { state }';

/** The raw text of a stream from here on, and a way to wait until it contains something. */
async function rawStream(url: string, token: string) {
  const query = `subscription { messages { __typename ${selection} } }`;
  const req = request(`${url}/graphql`, {
    method: 'POST',
    headers: {
      accept: 'text/event-stream',
      'content-type': 'application/json',
      authorization: `Bearer ${token}`,
    },
  });
  req.end(JSON.stringify({ query }));
  const [response] = await once(req, 'response');
  let text = '';
  response.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  response.on('error', () => undefined);
  return { contains: (part: string) => expect.poll(() => text).toContain(part), close: () => req.destroy() };
}

describe.each(['memory', 'Redis'])('on %s', (hub) => {
  let node: NodeProcess;
  beforeAll(async () => {
    const env = { REDIS_URL: inject('redisUrl'), REDIS_PREFIX: freshPrefix() };
    node = await startNode(hub === 'Redis' ? { env } : {});
  });
  afterAll(() => node[Symbol.asyncDispose]());

  it('G12: data and state come out as the JSON text that went in, in variables and in the query', async () => {
    const ann = await access(node.url, 'ann');
    const ben = await access(node.url, 'ben');
    const stream = await rawStream(node.url, ben.token);
    const annStream = await rawStream(node.url, ann.token);
    await stream.contains('Connected');
    await annStream.contains('Connected');
    const client = new ApiClient(node.url, ann.token);
    const join = 'mutation { joinRoom(roomId: "r") { id } }';
    for (const { token } of [ben, ann]) await new ApiClient(node.url, token).run(join);
    for (const [i, text] of texts.entries()) {
      const spaced = text.replaceAll(/([,:[\]{}])/g, ' $1\n');
      const relay =
        'mutation ($to: ID!, $v: JSON) { relay(roomId: "r", peerId: $to, event: "m", data: $v) { status } }';
      const { body } = await client.send(
        `{"query":${JSON.stringify(relay)},"variables":{"to":"${ben.peer.id}","v":["relay ${i}", ${spaced}]}}`,
      );
      expect(body.errors).toBeUndefined();
      await stream.contains(`"data":["relay ${i}",${text}]`);

      const setState = 'mutation ($v: JSON) { setState(roomId: "r", state: $v) { state } }';
      await client.send(`{"query":${JSON.stringify(setState)},"variables":{"v":["state ${i}",${text}]}}`);
      await stream.contains(`"state":["state ${i}",${text}]`);
    }
    const literal = 'broadcast(roomId: "r", event: "m", data: { z: 750727362669608961, a: [1e400, -0, $v] })';
    await client.send(
      `{"query":${JSON.stringify(`mutation ($v: JSON) { ${literal} { status } }`)},"variables":{"v":{"n":1.0}}}`,
    );
    await stream.contains('"data":{"z":750727362669608961,"a":[1e400,-0,{"n":1.0}]}');
    stream.close();
    annStream.close();
  });
});

it('G12: entries that wait for absent peers take about the memory of their text, not a hundred times as much', async () => {
  await using node = await startNode({ nodeArgs: ['--max-old-space-size=128'] });
  const ann = await GuestPeer.arrive('ann', wholly(node));
  await ann.join('r');
  const absent: GuestPeer[] = [];
  for (let i = 0; i < 10; i++) {
    const peer = await GuestPeer.arrive(`absent ${i}`, wholly(node));
    await peer.join('r');
    await peer.drop();
    absent.push(peer);
  }
  const client = new ApiClient(node.url, ann.token);
  const relay = 'relay(roomId: "r", peerId: $to, event: "m", data: $v) { status }';
  const query = JSON.stringify(`mutation ($to: ID!, $v: JSON) { ${relay} }`);
  const data = `[${'{},'.repeat(6_500)}{}]`;
  for (let round = 0; round < 53; round++) {
    for (const { id } of absent) {
      const { body } = await client.send(`{"query":${query},"variables":{"to":"${id}","v":${data}}}`);
      expect(body.errors).toBeUndefined();
    }
  }
  await ann.broadcast('r', 'alive');
});
