import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { type Body, readBody } from '../test/support/client.ts';

/** The result of a call. `unknown`: nobody knows whether the call took effect, or will do so later. */
export type Answer =
  | { readonly outcome: 'ok'; readonly data: Readonly<Record<string, unknown>> }
  | { readonly outcome: 'refused'; readonly code: string }
  | { readonly outcome: 'unknown'; readonly code: string }
  | { readonly outcome: 'not sent'; readonly code: string };

/** A mutation is answered within 2 s (G10). A call that takes longer than this hangs at a halted node. */
export const callLimitMs = 4000;

const agent = new Agent({ keepAlive: true });

/** Closes the connections that are kept open between calls. */
export function closeConnections(): void {
  agent.destroy();
}

/** Makes one call. Never rejects. */
export async function call(
  url: string | undefined,
  token: string | undefined,
  query: string,
  variables: Readonly<Record<string, unknown>>,
): Promise<Answer> {
  if (url === undefined) return { outcome: 'not sent', code: 'DOWN' };
  const req = request(`${url}/graphql`, {
    method: 'POST',
    agent,
    headers: {
      accept: 'application/json',
      'content-type': 'application/json',
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    },
  });
  const limit = setTimeout(() => req.destroy(new Error('NO_ANSWER')), callLimitMs);
  try {
    req.end(JSON.stringify({ query, variables }));
    const [response] = (await once(req, 'response')) as [IncomingMessage];
    return toAnswer(await readBody(response));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return { outcome: code === 'ECONNREFUSED' ? 'not sent' : 'unknown', code: code ?? message };
  } finally {
    clearTimeout(limit);
  }
}

function toAnswer({ data, errors }: Body): Answer {
  if (!errors) return { outcome: 'ok', data: data as Readonly<Record<string, unknown>> };
  const code = errors[0]?.extensions?.code ?? 'NO_CODE';
  return { outcome: code === 'UNAVAILABLE' ? 'unknown' : 'refused', code };
}
