import { pino } from 'pino';
import { afterEach, expect, it, vi } from 'vitest';
import { createEngine } from '../../src/graphql/engine.ts';
import type { Result } from '../../src/graphql/result.ts';
import { parametersOfBody } from '../../src/http/parameters.ts';
import { MemoryHub } from '../../src/hub/memory/hub.ts';
import { JsonText } from '../../src/json-text.ts';
import { Meters } from '../../src/limits/account.ts';
import { defaultOptions } from '../hub/support.ts';
import { tokens } from './stage.ts';

afterEach(() => vi.restoreAllMocks());

/** Runs a request twice, as HTTP does: the second time by its plan, if it has one. Returns what the log got, too. */
async function ask(query: string, variables: string, token?: string) {
  const lines: string[] = [];
  const log = pino({ level: 'warn' }, { write: (line) => lines.push(line) });
  const hub = new MemoryHub(defaultOptions);
  const meters = new Meters({ peer: 0, address: 0 });
  const services = { hub, tokens, guestAccess: true, maxDataBytes: 64 * 1024, meters };
  const engine = createEngine(services, log);
  const credentials = { token };
  const request = { method: 'POST', takesEvents: true, credentials, address: '10.0.0.1' } as const;
  const run = (given: string) =>
    engine.run(parametersOfBody(`{"query":${JSON.stringify(query)},"variables":${given}}`), request);
  await run('{}');
  const begun = performance.now();
  const result = (await run(variables)) as Result;
  await hub.close();
  return { errors: result.errors?.map(({ message }) => message), ms: performance.now() - begun, lines };
}

const list = (element: string, count: number) => `[${Array(count).fill(element).join(',')}]`;
const receive = 'mutation ($join: [JoinInput!]) { receive(join: $join) { cursor } }';

it('G13: a long list of joins is refused before anything is done with its elements', async () => {
  const { errors } = await ask(receive, `{"join":${list('1', 150_000)}}`);
  expect(errors).toEqual(['A list in the variables has 150000 elements; at most 1000 are accepted.']);
});

it('G13: an object of many unknown fields is refused by its size, and not repeated in an error for each of them', async () => {
  const fields = Array.from({ length: 30_000 }, (_, n) => `"k${n}":1`).join(',');
  const { errors } = await ask(receive, `{"join":{${fields}}}`);
  expect(errors).toEqual(['An object in the variables has 30000 fields; at most 64 are accepted.']);
});

it('G13: a plan looks no further than the first wrong value of a variable', async () => {
  const query =
    'mutation ($x: [Int!]) { relay(roomId: "r", peerId: "p", event: "e", data: { x: $x }) { cursor } }';
  // Each wrong value took 13 microseconds.
  const { errors, ms } = await ask(query, `{"x":${list('""', 100_000)}}`);
  expect(errors?.[0]).toContain('Int cannot represent non-integer value: ""');
  expect(ms).toBeLessThan(500);
});

it('G8: a subscription takes variables of any depth, and no error comes into the log', async () => {
  const query = 'subscription ($all: Boolean!) { messages { cursor @include(if: $all) } }';
  const { token } = await tokens.issue('ann');
  const deep = '['.repeat(10_000) + ']'.repeat(10_000);
  const { errors, lines } = await ask(query, `{"all":true,"more":${deep}}`, token);
  expect(errors).toBeUndefined();
  expect(lines).toEqual([]);
});

it('G8: a literal that names a large variable thousands of times is refused, and takes no more memory than it was sent', async () => {
  const data = list('$x ', 3000).replaceAll(',', ' ');
  const query = `mutation ($x: JSON) { relay(roomId: "r", peerId: "p", event: "e", data: ${data}) { cursor } }`;
  const stringify = vi.spyOn(JsonText, 'of');
  // The text would have 180 MB, and take 700 MB on its way.
  const { errors } = await ask(query, `{"x":"${'x'.repeat(60_000)}"}`);
  expect(errors?.[0]).toMatch(/^Argument "data" has invalid value/);
  const longest = Math.max(...stringify.mock.calls.map(([text]) => text.length));
  expect(longest).toBeLessThan(1e6);
});

it('a literal may name a variable several times', async () => {
  const query =
    'mutation ($x: JSON) { relay(roomId: "r", peerId: "p", event: "e", data: [$x $x { a: $x }]) { cursor } }';
  const text = vi.spyOn(JsonText, 'of');
  const { errors } = await ask(query, '{"x":{"n":1.50}}');
  expect(errors?.[0]).toMatch(/needs a token/);
  expect(text.mock.calls.map(([json]) => json)).toContain('[{"n":1.50},{"n":1.50},{"a":{"n":1.50}}]');
});

it('G13: a variable that many joins name is searched for `__proto__` once', async () => {
  const search = vi.spyOn(JsonText.prototype, 'hasKey');
  const joins = list('{ roomId: "r", state: $x }', 1000).replaceAll('},{', '} {');
  const query = `mutation ($x: JSON) { receive(join: ${joins}, wait: 0) { cursor } }`;
  const { token } = await tokens.issue('ann');
  expect((await ask(query, '{"x":{"n":1}}', token)).errors).toBeUndefined();
  // The first request has no value for the variable.
  expect(search.mock.calls.length).toBe(1);
});

it('G13: errors do not repeat a large value that was sent', async () => {
  const fields = Array.from({ length: 50 }, (_, n) => `"k${n}":1`).join(',');
  const { errors = [] } = await ask(receive, `{"join":{${fields},"k":"${'x'.repeat(100_000)}"}}`);
  expect(errors.length).toBeGreaterThan(40);
  // It was 5 MB.
  expect(errors.join('').length).toBeLessThan(100_000);
});

it('G13: one variable as the state of many rooms does not become many times the request on the way to the hub', async () => {
  const joins = Array.from({ length: 1000 }, (_, n) => `{ roomId: "r${n}", state: $x }`).join(' ');
  const { token } = await tokens.issue('ann');
  const open = vi.spyOn(MemoryHub.prototype, 'open');
  const query = `mutation ($x: JSON) { receive(join: [${joins}], wait: 0) { cursor } }`;
  const { errors } = await ask(query, `{"x":"${'x'.repeat(60_000)}"}`, token);
  expect(errors).toEqual(['The states in `join` have more than 327680 bytes together as JSON.']);
  // The first request has no state.
  expect(open.mock.calls.length).toBe(1);
});
