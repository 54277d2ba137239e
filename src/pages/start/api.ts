import { readStream, type StreamResult } from '../../client/transport.ts';

/** One request, as it is sent and as it is shown. */
export interface Request {
  readonly query: string;
  readonly variables?: Readonly<Record<string, unknown>>;
}

export interface Answer {
  readonly data?: Readonly<Record<string, unknown>> | null;
  readonly errors?: readonly { readonly message: string; readonly extensions?: { readonly code?: string } }[];
}

export const endpoint = new URL('./graphql', location.href).href;

export async function send(token: string | undefined, request: Request): Promise<Answer> {
  const response = await fetch(endpoint, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      ...(token !== undefined && { Authorization: `Bearer ${token}` }),
    },
    body: JSON.stringify(request),
  });
  return (await response.json()) as Answer;
}

/** Opens the stream. Resolves when it has ended. */
export async function listen(
  token: string,
  request: Request,
  signal: AbortSignal,
  next: (result: StreamResult) => void,
): Promise<void> {
  for await (const results of readStream(endpoint, token, request, signal)) results.forEach(next);
}

/** The GraphQL of a request, with its variables. */
export function toGraphQL({ query, variables }: Request): string {
  return variables ? `${query}\n\n# variables\n${JSON.stringify(variables, null, 1)}` : query;
}

/** The command that sends the same request. `-N` shows the messages of a stream as they come. */
export function toCurl(token: string | undefined, request: Request, isStream: boolean): string {
  const flags = isStream ? ['curl -N', `-H 'Accept: text/event-stream'`] : ['curl'];
  return [
    `${flags[0]} ${endpoint}`,
    `-H 'Content-Type: application/json'`,
    ...flags.slice(1),
    ...(token === undefined ? [] : [`-H 'Authorization: Bearer ${token}'`]),
    `-d '${JSON.stringify(request).replaceAll("'", `'\\''`)}'`,
  ].join(' \\\n  ');
}
