import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';

export interface Peer {
  readonly id: string;
  readonly username: string;
  readonly state: unknown;
}

export interface Room {
  readonly id: string;
  readonly peers: readonly Peer[];
}

interface Sent<Type extends string> {
  readonly __typename: Type;
  readonly id: string;
  readonly sentAt: string;
}

interface Entry<Type extends string> extends Sent<Type> {
  readonly roomId: string;
  readonly peer: Peer;
}

export interface Connected extends Sent<'Connected'> {
  readonly peer: Peer;
  readonly resumed: boolean;
  readonly rooms: readonly Room[];
}

export type RoomMessage =
  | (Entry<'PeerAdded'> & { readonly offer: boolean })
  | Entry<'PeerChanged'>
  | (Entry<'PeerRemoved'> & { readonly reason: string })
  | (Entry<'Signal'> & { readonly event: string; readonly data: unknown });

export type Message = Connected | RoomMessage | Sent<'Heartbeat'>;

export interface Receipt {
  readonly id: string;
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

/** What the API refused, by the code and the HTTP status that came. */
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

/** The JSON that a response holds. */
export async function readBody(response: IncomingMessage): Promise<Body> {
  const chunks: string[] = [];
  for await (const chunk of response.setEncoding('utf8')) chunks.push(chunk);
  return JSON.parse(chunks.join(''));
}

/** Thousands of calls are made in these tests, and `fetch` takes several times as long for each. */
const agent = new Agent({ keepAlive: true });

export interface SendOptions {
  readonly accept?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** What follows the path of the URL. */
  readonly search?: string;
}

/** The API as one token's owner calls it, at one node. */
export class ApiClient {
  readonly url: string;
  readonly token: string | undefined;

  constructor(url: string, token?: string) {
    this.url = url;
    this.token = token;
  }

  /** Posts a body, as JSON or as the text that it is, and returns what came, errors included. */
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

  /** The data of a query or a mutation. Throws an `ApiError`. */
  async run<Data>(query: string, variables: Readonly<Record<string, unknown>> = {}): Promise<Data> {
    const { status, body } = await this.send({ query, variables });
    if (body.errors || !body.data) throw new ApiError(status, body.errors ?? []);
    return body.data as Data;
  }
}

/** A guest's token and peer, new each time. */
export async function access(url: string, username: string): Promise<{ token: string; peer: Peer }> {
  const { access: given } = await new ApiClient(url).run<{ access: { token: string; peer: Peer } }>(
    'mutation ($username: String!) { access(username: $username) { token peer { id username state } } }',
    { username },
  );
  return given;
}
