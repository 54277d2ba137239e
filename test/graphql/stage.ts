import type { ExecutionResult } from 'graphql';
import { pino } from 'pino';
import { expect, onTestFinished } from 'vitest';
import { Tokens } from '../../src/auth/tokens.ts';
import type { Services } from '../../src/graphql/context.ts';
import { createEngine, type Results } from '../../src/graphql/engine.ts';
import type { Result } from '../../src/graphql/result.ts';
import { MemoryHub } from '../../src/hub/memory/hub.ts';
import { JsonText } from '../../src/json-text.ts';
import { Meters } from '../../src/limits/account.ts';
import { payload } from '../hub/peer.ts';
import { defaultOptions } from '../hub/support.ts';

export const tokens = new Tokens({ secret: new Uint8Array(32).fill(1), ttlSeconds: 60 });

/**
 * An engine without HTTP, on a `MemoryHub` that closes when the test ends. `peer` makes a guest. `rate` is the factor of
 * the limits; 0: none.
 */
export async function stage({ rate = 0, tell }: Pick<Services, 'tell'> & { readonly rate?: number } = {}) {
  const hub = new MemoryHub(defaultOptions);
  await hub.start();
  onTestFinished(() => hub.close());
  const services = {
    hub,
    tokens,
    guestAccess: true,
    maxDataBytes: 64 * 1024,
    meters: new Meters({ peer: rate, address: rate }),
    tell,
  };
  const engine = createEngine(services, pino({ level: 'silent' }));
  const peer = async (username: string, address = '10.0.0.1') => {
    const { token, peer: issued } = await tokens.issue(username);
    const request = { method: 'POST', takesEvents: true, credentials: { token }, address } as const;
    return {
      id: issued.id,
      ask: async (query: string, variables = {}) => {
        return parsed((await engine.run({ query, variables }, request)) as Result);
      },
      open: async (query: string, variables = {}) => {
        return (await engine.run({ query, variables }, request)) as Results;
      },
      /** Opens a stream and skips `Connected`. */
      async subscribe(query: string, variables = {}) {
        const results = await this.open(query, variables);
        await results.next();
        return results;
      },
      join: (state: unknown = null) => hub.joinRoom(issued.id, 'r', payload(state)),
      say: (event: string, data: unknown = null) => hub.broadcast(issued.id, 'r', event, payload(data)),
    };
  };
  return { engine, hub, peer };
}

/** The same result, with its data as a value if it is a text. */
export function parsed({ data, ...rest }: Result): ExecutionResult<Record<string, unknown>> {
  if (data === undefined) return rest;
  return { ...rest, data: data instanceof JsonText ? (data.parse() as Record<string, unknown>) : data };
}

/** The result of the next Signal, or the next error. Skips messages about other peers. */
export async function nextSignal(results: Results): Promise<Result> {
  for (;;) {
    const { value } = await results.next();
    if (!value) expect.fail('The results ended before a Signal came.');
    const message = parsed(value).data?.messages as { event?: string } | undefined;
    if (value.errors || message?.event !== undefined) return value;
  }
}
