import { type ErrorJson, SignalboxError } from './types.ts';

interface Result<Data> {
  readonly data?: Data | null;
  readonly errors?: readonly ErrorJson[];
}

export interface Request {
  readonly query: string;
  readonly variables?: object;
}

export interface PostOptions {
  /** How long the answer may take. 10,000 by default. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** How long an answer may take, in milliseconds. */
const answerTimeoutMs = 10_000;
const eventStream = 'text/event-stream';

/** What was thrown in place of an answer: the server's refusal, or `NETWORK`. */
export function network(cause: unknown): SignalboxError {
  if (cause instanceof SignalboxError) return cause;
  const extensions = { code: 'NETWORK', retryable: true };
  return new SignalboxError({ message: 'No answer came.', extensions }, { cause });
}

export function refusal(
  error: ErrorJson = { message: 'The server sent no reason.' },
  retryAfter?: string | null,
): SignalboxError {
  const retryAfterMs = Number(retryAfter) * 1000 || undefined;
  return new SignalboxError({ ...error, extensions: { retryAfterMs, ...error.extensions } });
}

function send(
  url: string,
  token: string | undefined,
  request: Request,
  init: RequestInit,
  accept = 'application/json',
): Promise<Response> {
  return fetch(url, {
    ...init,
    method: 'POST',
    headers: {
      Accept: accept,
      'Content-Type': 'application/json',
      ...(token && { Authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(request),
  });
}

/** The data of an answer. Throws the first error in it. */
async function dataOf<Data>(response: Response): Promise<Data> {
  const { data, errors } = (await response.json()) as Result<Data>;
  if (errors || !data) throw refusal(errors?.[0], response.headers.get('Retry-After'));
  return data;
}

/**
 * Posts one request. Throws a `SignalboxError`: `NETWORK` if no answer came within `timeoutMs` or the signal was aborted,
 * else the first error of the answer.
 */
export async function post<Data>(
  url: string,
  token: string | undefined,
  request: Request,
  { timeoutMs = answerTimeoutMs, signal }: PostOptions = {},
): Promise<Data> {
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const either = signal ? AbortSignal.any([signal, timeout]) : timeout;
    return await dataOf(await send(url, token, request, { signal: either }));
  } catch (error) {
    throw network(error);
  }
}

/** Posts a request without waiting for the answer, from a page that is being closed. */
export function postAndForget(url: string, token: string, request: Request): void {
  send(url, token, request, { keepalive: true }).catch(() => undefined);
}

export type StreamResult = Result<{ readonly messages: unknown }>;

/**
 * Opens an event stream. For each part that arrives, yields its results: an empty list if it has only a comment. Throws a
 * `SignalboxError` if the server gives no stream. A broken connection ends the stream without an error.
 */
export async function* readStream(
  url: string,
  token: string,
  request: Request,
  signal: AbortSignal,
): AsyncGenerator<readonly StreamResult[], void> {
  let response: Response;
  try {
    response = await send(url, token, request, { signal }, eventStream);
    if (!response.headers.get('Content-Type')?.startsWith(eventStream)) throw await dataOf(response);
  } catch (error) {
    throw network(error);
  }
  let text = '';
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  try {
    for (let step = await reader?.read(); step?.value !== undefined; step = await reader?.read()) {
      const lines = (text + step.value).split('\n');
      text = lines.pop() ?? '';
      const data = lines.filter((line) => line.startsWith('data: '));
      yield data.map((line) => JSON.parse(line.slice('data: '.length)) as StreamResult);
    }
  } catch {
    // The connection broke.
  } finally {
    reader?.cancel().catch(() => undefined);
  }
}
