import { type ErrorJson, SignalboxError } from './types.ts';

interface Result<Data> {
  readonly data?: Data | null;
  readonly errors?: readonly ErrorJson[];
}

/** How long an answer may take, in milliseconds. */
const answerTimeoutMs = 10_000;

export function network(cause: unknown): SignalboxError {
  const message = 'No answer came. The server may have carried the request out.';
  return new SignalboxError({ message, extensions: { code: 'NETWORK', retryable: true } }, { cause });
}

export function refusal(error: ErrorJson | undefined, retryAfter?: string | null): SignalboxError {
  const { message = 'The server sent no reason.', extensions, path } = error ?? {};
  const retryAfterMs = extensions?.retryAfterMs ?? (Number(retryAfter) * 1000 || undefined);
  return new SignalboxError({
    message,
    ...(path && { path }),
    extensions: { ...extensions, ...(retryAfterMs !== undefined && { retryAfterMs }) },
  });
}

function send(
  url: string,
  token: string | undefined,
  body: object,
  init: RequestInit,
  accept = 'application/json',
): Promise<Response> {
  return fetch(url, {
    ...init,
    method: 'POST',
    headers: {
      Accept: accept,
      'Content-Type': 'application/json',
      ...(token !== undefined && { Authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(body),
  });
}

/**
 * Posts one request. Throws a `SignalboxError`: `NETWORK` if no answer came within `timeoutMs` or the signal was aborted,
 * else the first error of the answer.
 */
export async function post<Data>(
  url: string,
  token: string | undefined,
  body: { readonly query: string; readonly variables?: object },
  { timeoutMs = answerTimeoutMs, signal }: { timeoutMs?: number; signal?: AbortSignal } = {},
): Promise<Data> {
  const timeout = AbortSignal.timeout(timeoutMs);
  let response: Response;
  let result: Result<Data>;
  try {
    response = await send(url, token, body, {
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    });
    result = (await response.json()) as Result<Data>;
  } catch (error) {
    throw network(error);
  }
  if (result.errors || !result.data) throw refusal(result.errors?.[0], response.headers.get('Retry-After'));
  return result.data;
}

/** Posts a request without waiting for the answer, from a page that is being closed. */
export function postAndForget(url: string, token: string, body: object): void {
  send(url, token, body, { keepalive: true }).catch(() => undefined);
}

export interface StreamEvents {
  /** Some bytes came, perhaps only a comment: the connection lives. */
  life(): void;
  /** An event `next` came. */
  next(result: Result<{ messages: unknown }>): void;
}

/**
 * Opens an event stream and reads it. Resolves to true if the operation is over (`complete` came), and to false if
 * only the connection is. Throws a `SignalboxError` if there is no stream.
 */
export async function readStream(
  url: string,
  token: string,
  body: object,
  signal: AbortSignal,
  events: StreamEvents,
): Promise<boolean> {
  let response: Response;
  try {
    response = await send(url, token, body, { signal }, 'text/event-stream');
    if (!response.headers.get('Content-Type')?.startsWith('text/event-stream')) {
      const { errors } = (await response.json()) as Result<unknown>;
      throw refusal(errors?.[0], response.headers.get('Retry-After'));
    }
  } catch (error) {
    throw error instanceof SignalboxError ? error : network(error);
  }
  let text = '';
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  try {
    for (;;) {
      const step = await reader?.read();
      if (!step || step.done) return false;
      events.life();
      const parts = (text + step.value).split('\n\n');
      text = parts.pop() ?? '';
      for (const part of parts) {
        if (part.startsWith('event: complete')) return true;
        const data = /^data: (.*)$/m.exec(part)?.[1];
        if (data !== undefined) events.next(JSON.parse(data) as Result<{ messages: unknown }>);
      }
    }
  } catch {
    // A connection that breaks is an end like any other.
    return false;
  } finally {
    reader?.cancel().catch(() => undefined);
  }
}
