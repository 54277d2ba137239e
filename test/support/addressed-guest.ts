import { once } from 'node:events';
import { Agent, type IncomingMessage, request } from 'node:http';
import { type Body, type Peer, readBody } from './client.ts';

/** The address of all attackers. On Linux, each address that begins with 127 is this machine's. */
export const attackersAddress = '127.6.6.6';

/** A guest whose connections all come from one address. */
export class AddressedGuest {
  readonly peer: Peer;
  readonly #url: string;
  /** The address that its connections come from. */
  readonly address: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #agent: Agent;
  readonly #streams: IncomingMessage[] = [];

  private constructor(url: string, peer: Peer, address: string, token?: string) {
    this.#url = url;
    this.peer = peer;
    this.address = address;
    this.#headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    this.#agent = new Agent({ keepAlive: true, maxSockets: 4, localAddress: address, family: 4 });
  }

  static async arrive(url: string, username: string, address = attackersAddress): Promise<AddressedGuest> {
    const anonymous = new AddressedGuest(url, { id: '', username, guest: true }, address);
    const query =
      'mutation ($name: String!) { access(username: $name) { token peer { id username guest } } }';
    const { data, errors } = await anonymous.ask(query, { name: username });
    anonymous.leave();
    if (!data) throw new Error(`No access: ${errors?.[0]?.message}`);
    const { token, peer } = (data as { access: { token: string; peer: Peer } }).access;
    return new AddressedGuest(url, peer, address, token);
  }

  get headers(): Readonly<Record<string, string>> {
    return this.#headers;
  }

  ask(query: string, variables: object = {}): Promise<Body> {
    return this.askText(JSON.stringify({ query, variables }));
  }

  /** Sends a request whose body is this text. */
  async askText(text: string): Promise<Body> {
    return readBody(await this.#post('application/json', text));
  }

  /** Opens a stream and reads it, without a look at what comes. Resolves to whether it was opened. */
  async open(query = 'subscription { messages { cursor } }', variables: object = {}): Promise<boolean> {
    const response = await this.#post('text/event-stream', JSON.stringify({ query, variables }), false);
    response.on('error', () => undefined).resume();
    this.#streams.push(response);
    return response.headers['content-type']?.startsWith('text/event-stream') ?? false;
  }

  /** Closes its connections. */
  leave(): void {
    for (const stream of this.#streams) stream.destroy();
    this.#agent.destroy();
  }

  async #post(accept: string, text: string, shared = true): Promise<IncomingMessage> {
    const req = request(`${this.#url}/graphql`, {
      method: 'POST',
      ...(shared ? { agent: this.#agent } : { agent: false, localAddress: this.address, family: 4 }),
      headers: { accept, 'content-type': 'application/json', ...this.#headers },
    });
    req.end(text);
    const [response] = (await once(req, 'response')) as [IncomingMessage];
    return response;
  }
}

/** An operation with one root field under many names. */
export function aliases(kind: string, count: number, field: string): string {
  return `${kind} { ${Array.from({ length: count }, (_, i) => `a${i}: ${field}`).join(' ')} }`;
}
