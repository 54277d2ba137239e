import { type IncomingMessage, request } from 'node:http';
import { Arrivals, patiently } from './arrivals.ts';
import { ApiError, type ErrorJson, type Message, readBody } from './client.ts';

const messagesDocument = `
  subscription Messages($after: ID, $heartbeat: Int) {
    messages(after: $after, heartbeat: $heartbeat) {
      __typename
      id
      sentAt
      ... on Connected { resumed peer { ...All } rooms { id peers { ...All } } }
      ... on PeerAdded { roomId offer peer { ...All } }
      ... on PeerChanged { roomId peer { ...All } }
      ... on PeerRemoved { roomId reason peer { ...All } }
      ... on Signal { roomId event data peer { ...All } }
    }
  }
  fragment All on Peer { id username state }
`;

/** How a stream ended: `complete` was said; or it was not, by the server's doing (cut) or ours (dropped). */
export interface Outcome {
  readonly how: 'complete' | 'cut' | 'dropped';
  /** The code of the error that came last, if one did. */
  readonly code?: string | undefined;
}

export interface StreamOptions {
  readonly after?: unknown;
  readonly heartbeat?: unknown;
  readonly lastEventId?: string | undefined;
  /** Called in the very turn in which the response's headers are there. */
  readonly onHeaders?: () => void;
  readonly onMessage?: (message: Message) => void;
}

const frame = /^event: next\n(?:id: (\d+)\n)?data: ([^\n]*)$/;

/** One `messages` stream, read strictly: whatever is not exactly as the contract has it, fails `outcome`. */
export class MessageStream {
  readonly messages = new Arrivals<Message>('a stream');
  readonly comments = new Arrivals<string>('a stream that waits for comments');
  readonly #ended = Promise.withResolvers<Outcome>();
  readonly #response: IncomingMessage;
  readonly #onMessage: ((message: Message) => void) | undefined;
  #text = '';
  #lastId = 0n;
  #code: string | undefined;
  #complete = false;
  #dropped = false;

  private constructor(response: IncomingMessage, { onMessage }: StreamOptions) {
    this.#response = response;
    this.#onMessage = onMessage;
    response.setEncoding('utf8').on('data', (text: string) => this.#receive(text));
    // A connection that breaks is an outcome like others, and `close` follows.
    response.on('error', () => undefined);
    response.on('close', () => {
      const how = this.#complete ? 'complete' : this.#dropped ? 'dropped' : 'cut';
      this.#ended.resolve({ how, code: this.#code });
    });
  }

  /** Resolves at the headers. Rejects with an `ApiError` where the answer is no event stream. */
  static open(url: string, token: string, options: StreamOptions = {}): Promise<MessageStream> {
    const { promise, resolve, reject } = Promise.withResolvers<MessageStream>();
    const { after, heartbeat, lastEventId } = options;
    const req = request(`${url}/graphql`, {
      method: 'POST',
      agent: false,
      headers: {
        accept: 'text/event-stream',
        'content-type': 'application/json',
        authorization: `Bearer ${token}`,
        ...(lastEventId !== undefined && { 'last-event-id': lastEventId }),
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
    req.end(JSON.stringify({ query: messagesDocument, variables: { after, heartbeat } }));
    return promise;
  }

  get outcome(): Promise<Outcome> {
    return patiently(this.#ended.promise, () => `A stream did not end. It is at ${this.#lastId}.`);
  }

  /** Loses the connection. Resolves when it is gone. */
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
    if (this.#complete) throw new Error(`After \`complete\` came: ${event}`);
    if (event === ':') {
      this.comments.push(event);
    } else if (event === 'event: complete\ndata:') {
      this.#complete = true;
    } else {
      const [, id, json] = frame.exec(event) ?? [];
      if (json === undefined) throw new Error(`This is no event: ${event}`);
      this.#take(JSON.parse(json), id);
    }
  }

  #take(
    { data, errors }: { data?: { messages: Message }; errors?: ErrorJson[] },
    id: string | undefined,
  ): void {
    if (errors) {
      if (id !== undefined) throw new Error('An error has no id.');
      this.#code = errors[0]?.extensions?.code;
      return;
    }
    const message = data?.messages;
    if (!message) throw new Error('An event has a message or an error.');
    const number = BigInt(message.id);
    const isFirst = this.messages.all.length === 0;
    if (isFirst !== (message.__typename === 'Connected'))
      throw new Error('The first, and only it, is Connected.');
    if (message.__typename === 'Heartbeat') {
      if (id !== undefined || number !== this.#lastId) throw new Error('A heartbeat repeats the last id.');
    } else if (id !== message.id || number <= this.#lastId) {
      throw new Error(`The id ${message.id} (line: ${id}) came after ${this.#lastId}.`);
    }
    this.#lastId = number;
    this.#onMessage?.(message);
    this.messages.push(message);
  }
}
