import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';

export interface Peer {
  readonly id: string;
  readonly username: string;
  readonly guest: boolean;
}

export interface Member {
  readonly peer: Peer;
  readonly state: unknown;
}

export interface Room {
  readonly id: string;
  readonly members: readonly Member[];
}

interface Sent<Type extends string> {
  readonly __typename: Type;
  readonly cursor: string;
  readonly sentAt: string;
}

interface Entry<Type extends string> extends Sent<Type> {
  readonly roomId: string;
  readonly peer: Peer;
}

interface MemberEntry<Type extends string> extends Entry<Type>, Member {}

export interface Connected extends Sent<'Connected'> {
  readonly peer: Peer;
  readonly resumed: boolean;
  readonly rooms: readonly Room[];
}

export type RoomMessage =
  | (MemberEntry<'PeerAdded'> & { readonly offer: boolean })
  | MemberEntry<'PeerChanged'>
  | (MemberEntry<'PeerRemoved'> & { readonly reason: string })
  | (Entry<'Signal'> & { readonly event: string; readonly data: unknown });

export type Message = Connected | RoomMessage | Sent<'Heartbeat'>;

export interface Receipt {
  readonly cursor: string;
  readonly status: 'DELIVERED' | 'QUEUED';
}

export interface ErrorJson {
  readonly message: string;
  readonly extensions?: { readonly code?: string };
}

export interface Body {
  readonly data?: unknown;
  readonly errors?: readonly ErrorJson[];
}

/** An error response of the API: its first error's code, and the HTTP status. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: string | undefined;
  readonly status: number;

  constructor(status: number, [error]: readonly ErrorJson[]) {
    super(error?.message);
    this.code = error?.extensions?.code;
    this.status = status;
  }
}

/** Reads the JSON body of a response. */
export async function readBody(response: IncomingMessage): Promise<Body> {
  const chunks: string[] = [];
  for await (const chunk of response.setEncoding('utf8')) chunks.push(chunk);
  return JSON.parse(chunks.join(''));
}

/** These tests make thousands of calls, and `fetch` takes several times as long for each. */
const agent = new Agent({ keepAlive: true });

export interface SendOptions {
  readonly accept?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The query string, with its `?`. */
  readonly search?: string;
}

/** Calls the API of one node with one token. */
export class ApiClient {
  readonly url: string;
  readonly token: string | undefined;

  constructor(url: string, token?: string) {
    this.url = url;
    this.token = token;
  }

  /** Posts a body: a string as it is, any other value as JSON. Returns the response, errors included. */
  async send(body: unknown, { accept = 'application/json', headers, search = '' }: SendOptions = {}) {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const req = request(`${this.url}/graphql${search}`, {
      method: 'POST',
      agent,
      headers: {
        accept,
        'content-type': 'application/json',
        ...(this.token !== undefined && { authorization: `Bearer ${this.token}` }),
        ...headers,
      },
    });
    req.end(text);
    const [response] = (await once(req, 'response')) as [IncomingMessage];
    return { status: response.statusCode ?? 0, body: await readBody(response) };
  }

  /** Runs a query or a mutation, and returns its data. Throws an `ApiError`. */
  async run<Data>(query: string, variables: Readonly<Record<string, unknown>> = {}): Promise<Data> {
    const { status, body } = await this.send({ query, variables });
    if (body.errors || !body.data) throw new ApiError(status, body.errors ?? []);
    return body.data as Data;
  }
}

/** Makes a new guest: its token and its peer. */
export async function access(url: string, username: string): Promise<{ token: string; peer: Peer }> {
  const { access: given } = await new ApiClient(url).run<{ access: { token: string; peer: Peer } }>(
    'mutation ($username: String!) { access(username: $username) { token peer { id username guest } } }',
    { username },
  );
  return given;
}
