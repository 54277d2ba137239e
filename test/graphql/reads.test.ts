import type { ExecutionResult } from 'graphql';
import { expect, it } from 'vitest';
import { payload } from '../hub/peer.ts';
import { stage } from './stage.ts';

const page = 'x'.repeat(64 * 1024 - 2);

function codeOf(result: ExecutionResult): unknown {
  return result.errors?.[0]?.extensions.code;
}

/** Begins a session. Returns the cursor of its `Connected`. */
async function beginPolling(peer: { ask(query: string): Promise<object> }): Promise<string | undefined> {
  const { data } = (await peer.ask('mutation { receive(wait: 0) { cursor } }')) as {
    data: { receive: { cursor: string }[] };
  };
  return data.receive[0]?.cursor;
}

it.each([
  'query { rooms { members { __typename } } }',
  'mutation { joinRoom(roomId: "room 1") { members { __typename } } }',
  'mutation ($after: ID) { receive(after: $after, wait: 0, join: [{ roomId: "room 1" }]) { ...M } } fragment M on Message { ... on Connected { rooms { members { __typename } } } }',
])('G13: what the hub reads is charged for, also if the answer has little of it: %s', async (query) => {
  const { peer, hub } = await stage({ rate: 1 });
  const ann = await peer('ann');
  const after = await beginPolling(ann);
  for (let i = 0; i < 20; i++) await hub.joinRoom(ann.id, `room ${i}`, payload(page));
  for (let i = 0; i < 20; i++) {
    const member = await peer(`member ${i}`);
    await hub.open({ id: member.id, username: `member ${i}`, guest: true });
    await hub.joinRoom(member.id, 'room 1', payload(page));
  }
  let answers = 0;
  while (answers < 50 && codeOf(await ann.ask(query, { after })) === undefined) answers++;
  expect(answers).toBeGreaterThanOrEqual(3);
  expect(answers).toBeLessThan(10);
});

it('G13: a poll of the same messages again and again is charged for, also if it shows little of them', async () => {
  const { peer, hub } = await stage({ rate: 1 });
  const [ann, ben] = [await peer('ann'), await peer('ben')];
  const after = await beginPolling(ann);
  await hub.open({ id: ben.id, username: 'ben', guest: true });
  for (const each of [ann, ben]) await each.join();
  for (let i = 0; i < 14; i++) await ben.say('m', page);
  const ask = () =>
    ann.ask('mutation ($after: ID) { receive(after: $after, wait: 0) { cursor } }', { after });
  let polls = 0;
  while (polls < 50 && codeOf(await ask()) === undefined) polls++;
  expect(polls).toBeGreaterThanOrEqual(5);
  expect(polls).toBeLessThan(15);
});

it('G13: a query that asks for endless bytes leaves no endless debt to its address', async () => {
  const { peer } = await stage({ rate: 1 });
  const [ann, ben] = [await peer('ann'), await peer('ben')];
  const fragments = Array.from({ length: 100 }, (_, n) => {
    const next = n === 99 ? 'id' : `...F${n + 1} ...F${n + 1} ...F${n + 1} ...F${n + 1}`;
    return `fragment F${n} on Room { ${next} }`;
  });
  const asked = await ann.ask(`{ rooms { ...F0 } } ${fragments.join(' ')}`);
  expect(codeOf(asked)).toBe('PAYLOAD_TOO_LARGE');
  const { errors } = await ben.ask('{ rooms { id } }');
  expect(errors, 'others of the address go on').toBeUndefined();
});
