import { readdirSync, readFileSync } from 'node:fs';
import { buildSchema } from 'graphql';
import { pino } from 'pino';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Random } from '../../../chaos/random.ts';
import { Rights } from '../../../src/auth/rights.ts';
import { createEngine, cursorOf, type Results } from '../../../src/graphql/engine.ts';
import { PreparedOperations } from '../../../src/graphql/prepared/operations.ts';
import type { Result } from '../../../src/graphql/result.ts';
import { toBody } from '../../../src/http/respond.ts';
import { Account, Meters } from '../../../src/limits/account.ts';
import { tokens } from '../stage.ts';
import { type GeneratedRequest, Requests } from './documents.ts';
import { messages, ScriptedHub } from './scripted-hub.ts';

const folder = new URL('../../../schema/', import.meta.url);
const schema = buildSchema(
  readdirSync(folder)
    .map((file) => readFileSync(new URL(file, folder), 'utf8'))
    .join('\n'),
);

/** Thousands of requests take a few seconds, and longer on a busy machine. */
const timeout = 180_000;

afterEach(() => vi.restoreAllMocks());

/** What one request did, and what came of it. */
interface Trace {
  readonly body: string;
  readonly calls: readonly string[];
  readonly told: readonly string[];
  /** The amounts of each cost that were charged together. */
  readonly charged: Readonly<Record<string, number>>;
  readonly checked: readonly string[];
  readonly byPlan: boolean;
}

/** May moderate one of the rooms that requests name, and not enter another. */
const rights = new Rights({
  rooms: [
    { match: 'room 2', allow: ['moderate', 'join'] },
    { match: 'r', allow: ['join', 'send', 'state'] },
    { match: 'fails', allow: ['join', 'send', 'state'] },
    { match: 'throws', allow: ['join', 'send', 'state'] },
    { match: 'large', allow: ['join', 'send', 'state', 'moderate'] },
    { match: 'xxx*', allow: ['send'] },
  ],
});

/** An engine on a hub that always says the same. Its tokens are as unchanging. */
async function scripted(maxDataBytes = 64 * 1024) {
  const hub = new ScriptedHub();
  const told: string[] = [];
  const { token } = await tokens.issue('ann');
  const caller = { ...(await tokens.verify(token)), id: 'ann', rights };
  const fixed = { token: 'a token', peer: caller, expiresAt: new Date(1764288000000) };
  const services = {
    hub,
    tokens: { verify: async () => caller, issue: async () => fixed, renew: async () => fixed } as never,
    guestAccess: true,
    maxDataBytes,
    meters: new Meters({ peer: 0, address: 0 }),
    tell: (line: string) => void told.push(line),
  };
  const engine = createEngine(services, pino({ level: 'silent' }));
  const charge = vi.spyOn(Account.prototype, 'charge');
  const check = vi.spyOn(Account.prototype, 'check');
  const run = vi.spyOn(PreparedOperations.prototype, 'run');
  const ask = async (given: object, { authorized = true, method = 'POST' as 'GET' | 'POST' } = {}) => {
    const request = {
      method,
      takesEvents: true,
      credentials: authorized ? { token } : {},
      address: 'a',
    } as const;
    return engine.run(given, request);
  };
  const trace = async (given: GeneratedRequest, authorized: boolean): Promise<Trace> => {
    for (const mock of [charge, check, run]) mock.mockClear();
    hub.calls.length = 0;
    told.length = 0;
    const result = (await ask(given, { authorized })) as Result;
    const charged: Record<string, number> = {};
    for (const [cost, amount] of charge.mock.calls) charged[cost] = (charged[cost] ?? 0) + amount;
    return {
      body: toBody(result),
      calls: [...hub.calls],
      told: [...told],
      charged,
      checked: check.mock.calls.map(([cost]) => cost),
      byPlan: run.mock.results.some(({ value }) => value !== undefined),
    };
  };
  return { hub, ask, trace };
}

describe.each([
  ['mutation', 1],
  ['query', 2],
] as const)('a prepared %s', (operation, seed) => {
  it('answers with the same bytes as graphql-js, calls the hub and charges the meters in the same way', {
    timeout,
  }, async () => {
    const { trace } = await scripted();
    const random = new Random(seed);
    const requests = new Requests(schema, random);
    let byPlan = 0;
    let failed = 0;
    let tooLarge = 0;
    const inOrder = (lines: readonly string[]) => (operation === 'mutation' ? lines : lines.toSorted());
    for (let i = 0; i < 2000; i++) {
      const request = requests.next(operation);
      const authorized = !random.chance(0.05);
      const first = await trace(request, authorized);
      const second = await trace(request, authorized);
      const { query, variablesText } = request;
      expect(first.byPlan).toBe(false);
      const comparable = ({ byPlan: _, calls, told, checked, charged, body }: Trace) => ({
        body,
        calls: inOrder(calls),
        told: inOrder(told),
        checked: inOrder(checked),
        // Beyond the bound of a response, the sum depends on which field of a query is complete first.
        charged: operation === 'query' && body.includes('would exceed') ? 'too much' : charged,
      });
      expect(comparable(second), `${query}\n${variablesText}`).toEqual(comparable(first));
      if (second.byPlan) byPlan++;
      if (second.byPlan && second.body.startsWith('{"errors"')) failed++;
      if (second.byPlan && second.body.includes('would exceed')) tooLarge++;
    }
    expect(byPlan, 'how many were run by their plans').toBeGreaterThan(700);
    expect(failed, 'how many of them failed').toBeGreaterThan(150);
    expect(tooLarge, 'how many of them asked for too much').toBeGreaterThan(0);
  });
});

it('a mutation that has a plan is still refused over GET, and does not run', async () => {
  const { hub, ask } = await scripted();
  const query = 'mutation { leaveRoom(roomId: "room 2") }';
  for (let i = 0; i < 2; i++) expect(toBody((await ask({ query })) as Result)).toContain('true');
  hub.calls.length = 0;
  const refused = (await ask({ query }, { method: 'GET' })) as Result;
  expect(refused.errors).toMatchObject([{ extensions: { http: { status: 405 } } }]);
  expect(hub.calls).toEqual([]);
});

it('an operation that has a plan is still refused under a name that it does not have', async () => {
  const { hub, ask } = await scripted();
  const query = 'query Rooms { rooms { id } }';
  for (let i = 0; i < 2; i++) await ask({ query, operationName: 'Rooms' });
  hub.calls.length = 0;
  for (const operationName of ['Other', '']) {
    expect((await ask({ query, operationName })) as Result).toMatchObject({
      errors: [{ message: 'Could not determine what operation to execute.' }],
    });
  }
  expect(hub.calls).toEqual([]);
});

it('a prepared selection of messages writes the same bytes as graphql-js', { timeout }, async () => {
  const { hub, ask } = await scripted();
  hub.messages = messages;
  const requests = new Requests(schema, new Random(3));
  const read = async (query: string) => {
    const results = (await ask({ query })) as Results | Result;
    if (!(Symbol.asyncIterator in results)) return [toBody(results)];
    const bodies: string[] = [];
    for await (const result of results) bodies.push(`${cursorOf(result)} ${toBody(result)}`);
    return bodies;
  };
  let events = 0;
  for (let i = 0; i < 1000; i++) {
    const [plain, byGraphQL] = requests.nextSelection();
    const written = await read(plain);
    expect(written, plain).toEqual(await read(byGraphQL));
    events += written.length;
  }
  expect(events).toBeGreaterThan(8000);
});
