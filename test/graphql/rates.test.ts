import type { ExecutionResult } from 'graphql';
import { expect, it, vi } from 'vitest';
import { logBounds } from '../../src/hub/bounds.ts';
import { bytesOfSend, peerCosts } from '../../src/limits/rates.ts';
import { payload } from '../hub/peer.ts';
import { parsed, stage } from './stage.ts';

const page = 'x'.repeat(64 * 1024 - 2);

/** An operation with one root field under many names. */
function aliases(kind: string, count: number, field: string): string {
  const fields = Array.from({ length: count }, (_, i) => `a${i}: ${field}`);
  return `${kind} { ${fields.join(' ')} }`;
}

function codeOf(result: ExecutionResult): unknown {
  return result.errors?.[0]?.extensions.code;
}

const signalFields = 'messages { cursor ... on Connected { resumed } ... on Signal { event data } }';

it('G13: of 20 broadcasts of 64 KB in one request, those beyond the limit get RATE_LIMITED, and those before are sent', async () => {
  const { peer, hub } = await stage({ rate: 1 });
  const [ann, ben] = [await peer('ann'), await peer('ben')];
  for (const each of [ann, ben]) {
    await each.open(`subscription { ${signalFields} }`);
    await each.join();
  }
  const broadcast = vi.spyOn(hub, 'broadcast');
  const field = 'broadcast(roomId: "r", event: "m", data: $data) { cursor }';
  const query = aliases('mutation ($data: JSON)', 20, field);
  const result = await ann.ask(query, { data: page });
  const allowed = Math.ceil(peerCosts.bytes.burst / bytesOfSend(page.length + 2));
  expect(result).toMatchObject({
    data: null,
    errors: [
      {
        message: expect.stringMatching(
          /^Too much from your peer: it may have 786,432 bytes .* Try again in \d/,
        ),
        path: [expect.stringMatching(/^a1\d$/)],
        extensions: {
          code: 'RATE_LIMITED',
          retryable: true,
          retryAfterMs: expect.any(Number),
          http: { status: 429, headers: { 'Retry-After': expect.stringMatching(/^\d+$/) } },
        },
      },
    ],
  });
  const sent = broadcast.mock.calls.length;
  expect(sent).toBeGreaterThanOrEqual(allowed);
  // The bucket refills while this runs.
  expect(sent).toBeLessThanOrEqual(allowed + 3);
  expect(codeOf(await ben.ask(query, { data: page })), 'other peers have their own share').toBe(
    'RATE_LIMITED',
  );
  expect(broadcast.mock.calls.length - sent).toBeGreaterThanOrEqual(allowed);
});

it('G13: joins and leaves in a loop are refused after a burst, so that members do not hear of thousands', async () => {
  const { peer } = await stage({ rate: 1 });
  const ann = await peer('ann');
  await ann.open(`subscription { ${signalFields} }`);
  let joins = 0;
  for (; joins < 1000; joins++) {
    const joined = await ann.ask('mutation { joinRoom(roomId: "r") { id } leaveRoom(roomId: "r") }');
    if (codeOf(joined) === 'RATE_LIMITED') break;
  }
  expect(joins).toBeGreaterThanOrEqual(peerCosts.joins.burst);
  expect(joins).toBeLessThan(peerCosts.joins.burst + 10);
});

it('G13: a room of large states can be joined and left only as often as its size allows', async () => {
  const { peer, hub } = await stage({ rate: 1 });
  for (let i = 0; i < 40; i++) {
    const member = await peer(`member ${i}`);
    await hub.open({ id: member.id, username: `member ${i}`, guest: true });
    await hub.joinRoom(member.id, 'large', payload(page.slice(0, 50_000)));
  }
  const ann = await peer('ann');
  await ann.open(`subscription { ${signalFields} }`);
  const once = 'joinRoom(roomId: "large") { id } b: leaveRoom(roomId: "large")';
  const fields = Array.from(
    { length: 10 },
    (_, i) => `${once.replace('b:', `b${i}:`).replace('join', `a${i}: join`)}`,
  );
  const join = vi.spyOn(hub, 'joinRoom');
  expect(codeOf(await ann.ask(`mutation { ${fields.join(' ')} }`))).toBe('RATE_LIMITED');
  expect(join.mock.calls.length).toBeLessThan(6);
});

it('G13: `access` counts for its address, so nobody makes peers without end', async () => {
  const { engine, peer } = await stage({ rate: 0.01 });
  const request = { method: 'POST', takesEvents: false, credentials: {}, address: '10.0.0.1' } as const;
  const ask = async (address: string) =>
    (await engine.run(
      { query: aliases('mutation', 20, 'access(username: "x") { token }') },
      { ...request, address },
    )) as ExecutionResult;
  let answered = 0;
  while (codeOf(await ask('10.0.0.1')) === undefined) answered++;
  // A hundredth of 6,000 tokens, 20 a request.
  expect(answered).toBeGreaterThanOrEqual(2);
  expect(answered).toBeLessThan(5);
  expect(codeOf(await ask('10.0.0.2')), 'another address').toBeUndefined();
  const ann = await peer('ann', '10.0.0.1');
  expect(codeOf(await ann.ask('{ me { id } }')), 'a peer of that address goes on').toBeUndefined();
});

it('G13: requests that never become an operation count for their address', async () => {
  const { engine } = await stage({ rate: 0.01 });
  const request = { method: 'POST', takesEvents: false, credentials: {}, address: '10.0.0.1' } as const;
  let refused = 0;
  let result: ExecutionResult;
  do {
    result = (await engine.run({ query: '{ nothing }' }, request)) as ExecutionResult;
    refused++;
  } while (codeOf(result) === 'BAD_USER_INPUT' && refused < 1000);
  expect(codeOf(result)).toBe('RATE_LIMITED');
  expect(refused).toBeGreaterThan(300);
});

it('G13: a client that asks for large answers again and again has to wait', async () => {
  const { peer, hub } = await stage({ rate: 1 });
  const ann = await peer('ann');
  await ann.open(`subscription { ${signalFields} }`);
  for (let i = 0; i < 20; i++) await hub.joinRoom(ann.id, `room ${i}`, payload(page));
  const ask = () => ann.ask('{ rooms { id members { state } } }');
  let answers = 0;
  while (codeOf(await ask()) === undefined) answers++;
  expect(answers).toBeGreaterThanOrEqual(5);
  expect(answers).toBeLessThan(10);
  expect((await ann.ask('{ me { id } }')).errors, 'what costs nothing is not refused').toBeUndefined();
});

it('G13: a peer that opens streams in a loop has to wait', async () => {
  const { peer } = await stage({ rate: 1 });
  const ann = await peer('ann');
  let opened = 0;
  for (; opened < 100; opened++) {
    const results = await ann.open(`subscription { ${signalFields} }`);
    if ('errors' in results) {
      expect(codeOf(results as ExecutionResult)).toBe('RATE_LIMITED');
      break;
    }
  }
  expect(opened).toBeGreaterThanOrEqual(peerCosts.opens.burst);
  expect(opened).toBeLessThan(peerCosts.opens.burst + 5);
});

it('G13: the streams of one address have few selections that differ, however many streams they are', async () => {
  const { peer } = await stage({ rate: 1 });
  const select = (i: number) => {
    const names = Array.from({ length: 200 }, (_, n) => `s${i}_${n}: cursor`);
    return `subscription { messages { ${names.join(' ')} } }`;
  };
  let opened = 0;
  let code: unknown;
  for (let i = 0; i < 60 && code === undefined; i++) {
    const results = await (await peer(`p${i}`, '10.0.0.9')).open(select(i));
    if ('errors' in results) code = codeOf(results as ExecutionResult);
    else opened++;
  }
  expect(code).toBe('RATE_LIMITED');
  expect(opened).toBeLessThan(10);
  const same = await (await peer('same', '10.0.0.9')).open(select(0));
  expect('errors' in same, 'one more of the same').toBe(false);
  const elsewhere = await (await peer('elsewhere', '10.0.0.8')).open(select(100));
  expect('errors' in elsewhere, 'another address').toBe(false);
});

it('G13: an address may open a new selection when it has closed another', async () => {
  const { peer } = await stage({ rate: 1 });
  const select = (i: number) => {
    const names = Array.from({ length: 200 }, (_, n) => `s${i}_${n}: cursor`);
    return `subscription { messages { ${names.join(' ')} } }`;
  };
  for (let i = 0; i < 30; i++) {
    const results = await (await peer(`p${i}`)).open(select(i));
    expect('errors' in results).toBe(false);
    await results.return?.();
  }
});

it('members that a query does not select are not read, and a room is read once a request', async () => {
  const { peer, hub } = await stage();
  const ann = await peer('ann');
  await ann.open(`subscription { ${signalFields} }`);
  await ann.join('here');
  const [room, rooms] = [vi.spyOn(hub, 'room'), vi.spyOn(hub, 'rooms')];
  await ann.ask(aliases('query', 20, 'rooms { id }'));
  expect(rooms.mock.calls).toEqual([[ann.id, { members: false }]]);
  await ann.ask(aliases('query', 20, 'room(roomId: "r") { id members { state } }'));
  expect(room.mock.calls).toEqual([[ann.id, 'r', { members: true }]]);
  expect(await ann.ask('{ room(roomId: "r") { members { state } } }')).toMatchObject({
    data: { room: { members: [{ state: payload('here') }] } },
  });
});

it('G13: the rates of a peer leave room in a backlog and in a log', () => {
  const { burst, perSecond } = peerCosts.bytes;
  const graceSeconds = 15;
  const within = burst + graceSeconds * perSecond;
  expect(burst + 64 * 1024).toBeLessThan(logBounds.maxBytes / 2);
  expect(burst / bytesOfSend(0)).toBeLessThan(logBounds.maxEntries / 2);
  expect(within).toBeLessThan(logBounds.maxBytes);
  expect(within / bytesOfSend(0)).toBeLessThan(logBounds.maxEntries);
});

it('G13: rooms that a stream enters count as joins for a new session, and not for one that resumes', async () => {
  const { peer } = await stage({ rate: 1 });
  const ann = await peer('ann');
  const join = Array.from({ length: 32 }, (_, i) => ({ roomId: `room ${i}` }));
  const query = `subscription ($after: ID, $join: [JoinInput!]) { messages(after: $after, join: $join) { cursor } }`;
  const open = async (after?: string) => {
    const results = await ann.open(query, { after, join });
    if ('errors' in results) return codeOf(results as ExecutionResult);
    const { value } = await results.next();
    const messages = (value && parsed(value).data?.messages) as { cursor: string } | undefined;
    return messages?.cursor;
  };
  let cursor = String(await open());
  for (let i = 0; i < 10; i++) {
    cursor = String(await open(cursor));
    expect(cursor, 'a resume').toMatch(/^\d+$/);
  }
  // The bucket holds two times 32, and refills a little while this runs.
  const codes = [await open(), await open(), await open()];
  expect(codes[0], 'a second session').toMatch(/^\d+$/);
  expect(codes[2]).toBe('RATE_LIMITED');
});

it('G13: rooms that a resumed session enters with its stream count as joins', async () => {
  const { peer } = await stage({ rate: 1 });
  const ann = await peer('ann');
  const query = `subscription ($after: ID, $join: [JoinInput!]) { messages(after: $after, join: $join) { cursor } }`;
  let after: string | undefined;
  let code: unknown;
  let rooms = 0;
  for (; rooms < 200 && code === undefined; rooms += 8) {
    const join = Array.from({ length: 8 }, (_, i) => ({ roomId: `room ${i}` }));
    const results = await ann.open(query, { after, join });
    if ('errors' in results) code = codeOf(results as ExecutionResult);
    else {
      const { value } = await results.next();
      after = ((value && parsed(value).data?.messages) as { cursor: string } | undefined)?.cursor;
      for (const { roomId } of join) await ann.ask(`mutation { leaveRoom(roomId: "${roomId}") }`);
    }
  }
  expect(code).toBe('RATE_LIMITED');
  expect(rooms).toBeLessThan(peerCosts.joins.burst + 24);
});

it('G13: a state counts twice, because the leave sends it again', async () => {
  const { peer } = await stage({ rate: 1 });
  const ann = await peer('ann');
  await ann.open(`subscription { ${signalFields} }`);
  const enter =
    'mutation ($state: JSON) { joinRoom(roomId: "r", state: $state) { id } leaveRoom(roomId: "r") }';
  let cycles = 0;
  while (cycles < 50 && codeOf(await ann.ask(enter, { state: page })) === undefined) cycles += 1;
  const affordable = Math.ceil(peerCosts.bytes.burst / (2 * bytesOfSend(page.length + 2)));
  expect(cycles).toBeGreaterThanOrEqual(affordable);
  expect(cycles).toBeLessThanOrEqual(affordable + 2);
});
