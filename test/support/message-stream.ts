import { type IncomingMessage, request } from 'node:http';
import { Arrivals, patiently } from './arrivals.ts';
import { ApiError, type ErrorJson, type Message, readBody } from './client.ts';

const messagesDocument = `
  subscription Messages($after: ID, $join: [JoinInput!], $heartbeat: Int) {
    messages(after: $after, join: $join, heartbeat: $heartbeat) {
      __typename
      cursor
      sentAt
      ... on Connected { resumed peer { ...All } rooms { id members { peer { ...All } state } } }
      ... on PeerAdded { roomId offer peer { ...All } state }
      ... on PeerChanged { roomId peer { ...All } state }
      ... on PeerRemoved { roomId reason peer { ...All } state }
      ... on Signal { roomId event data peer { ...All } }
    }
  }
  fragment All on Peer { id username guest }
`;

/** How a stream ended: with `complete`, cut by the node, or dropped by the test. */
export interface Outcome {
  readonly how: 'complete' | 'cut' | 'dropped';
  /** The code of the last error on the stream, if there was one. */
  readonly code?: string | undefined;
}

export interface StreamOptions {
  readonly after?: unknown;
  readonly join?: unknown;
  readonly heartbeat?: unknown;
  readonly lastEventId?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  /** The IPv4 address to connect from. */
  readonly localAddress?: string;
  /** Called in the same turn of the event loop in which the response's headers arrive. */
  readonly onHeaders?: () => void;
  readonly onMessage?: (message: Message) => void;
}

const frame = /^event: next\n(?:id: (\d+)\n)?data: ([^\n]*)$/;

/** One `messages` stream, read strictly: any departure from the contract rejects `outcome`. */
export class MessageStream {
  readonly messages = new Arrivals<Message>('a stream');
  readonly comments = new Arrivals<string>('the comments of a stream');
  readonly #ended = Promise.withResolvers<Outcome>();
  readonly #response: IncomingMessage;
  readonly #onMessage: ((message: Message) => void) | undefined;
  #text = '';
  #lastCursor = 0n;
  #code: string | undefined;
  #complete = false;
  #dropped = false;

  private constructor(response: IncomingMessage, { onMessage }: StreamOptions) {
    this.#response = response;
    this.#onMessage = onMessage;
    response.setEncoding('utf8').on('data', (text: string) => this.#receive(text));
    // A broken connection is an outcome like any other: `close` follows.
    response.on('error', () => undefined);
    response.on('close', () => {
      if (response.complete && !this.#complete)
        this.#ended.reject(new Error('The stream ended as HTTP requires, but without `complete`.'));
      const how = this.#complete ? 'complete' : this.#dropped ? 'dropped' : 'cut';
      this.#ended.resolve({ how, code: this.#code });
    });
  }

  /** Resolves at the headers. Rejects with an `ApiError` if the response is not an event stream. */
  static open(url: string, token: string, options: StreamOptions = {}): Promise<MessageStream> {
    const { promise, resolve, reject } = Promise.withResolvers<MessageStream>();
    const { after, join, heartbeat, lastEventId } = options;
    const req = request(`${url}/graphql`, {
      method: 'POST',
      agent: false,
      ...(options.localAddress !== undefined && { localAddress: options.localAddress, family: 4 }),
      headers: {
        accept: 'text/event-stream',
        'content-type': 'application/json',
        authorization: `Bearer ${token}`,
        ...(lastEventId !== undefined && { 'last-event-id': lastEventId }),
        ...options.headers,
      },
    });
    req.on('error', reject);
    req.on('response', (response) => {
      const type = response.headers['content-type'];
      if (response.statusCode === 200 && type === 'text/event-stream; charset=utf-8') {
        options.onHeaders?.();
        resolve(new MessageStream(response, options));
      } else {
        readBody(response).then(
          ({ errors = [] }) => reject(new ApiError(response.statusCode ?? 0, errors)),
          reject,
        );
      }
    });
    req.end(JSON.stringify({ query: messagesDocument, variables: { after, join, heartbeat } }));
    return promise;
  }

  /** Resolves when the stream ends, however long that takes. */
  get ended(): Promise<Outcome> {
    return this.#ended.promise;
  }

  get outcome(): Promise<Outcome> {
    return patiently(
      this.#ended.promise,
      () => `The stream did not end. Its last cursor is ${this.#lastCursor}.`,
    );
  }

  /** Destroys the connection. Resolves when it is closed. */
  async drop(): Promise<void> {
    this.#dropped = true;
    this.#response.destroy();
    await this.outcome;
  }

  #receive(text: string): void {
    try {
      const events = (this.#text + text).split('\n\n');
      this.#text = events.pop() ?? '';
      for (const event of events) this.#read(event);
    } catch (error) {
      this.#ended.reject(error);
      this.#response.destroy();
    }
  }

  #read(event: string): void {
    if (this.#complete) throw new Error(`An event came after \`complete\`: ${event}`);
    if (event === ':') {
      this.comments.push(event);
    } else if (event === 'event: complete\ndata:') {
      this.#complete = true;
    } else {
      const [, id, json] = frame.exec(event) ?? [];
      if (json === undefined) throw new Error(`Not an event of the contract: ${event}`);
      this.#take(JSON.parse(json), id);
    }
  }

  #take(
    { data, errors }: { data?: { messages: Message }; errors?: ErrorJson[] },
    id: string | undefined,
  ): void {
    if (errors) {
      if (id !== undefined) throw new Error('An error must have no id.');
      this.#code = errors[0]?.extensions?.code;
      return;
    }
    const message = data?.messages;
    if (!message) throw new Error('An event must have a message or an error.');
    const number = BigInt(message.cursor);
    const isFirst = this.messages.all.length === 0;
    if (isFirst !== (message.__typename === 'Connected'))
      throw new Error('The first message, and no other, must be Connected.');
    if (message.__typename === 'Heartbeat') {
      if (id !== undefined || number !== this.#lastCursor)
        throw new Error('A heartbeat must have no id and repeat the last cursor.');
    } else if (id !== message.cursor || number <= this.#lastCursor) {
      throw new Error(`Cursor ${message.cursor} with id ${id} came after cursor ${this.#lastCursor}.`);
    }
    this.#lastCursor = number;
    this.#onMessage?.(message);
    this.messages.push(message);
  }
}
