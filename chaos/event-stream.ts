import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { type Body, type Message, readBody } from '../test/support/client.ts';
import type { StreamEnd } from './history.ts';

const document = `subscription ($after: ID) {
  messages(after: $after) {
    __typename cursor sentAt
    ... on Connected { resumed peer { ...All } rooms { id members { peer { ...All } state } } }
    ... on PeerAdded { roomId offer peer { ...All } state }
    ... on PeerChanged { roomId peer { ...All } state }
    ... on PeerRemoved { roomId reason peer { ...All } state }
    ... on Signal { roomId event data peer { ...All } }
  }
}
fragment All on Peer { id username guest }`;

const frame = /^event: next\n(?:id: (\d+)\n)?data: (.*)$/;

/** How long a client waits for `Connected`. */
const openLimitMs = 3000;
/** How long a client waits for any byte: three times the ping interval of a run's nodes. */
const silenceLimitMs = 3000;

export interface StreamListener {
  message(message: Message): void;
  /** Bytes arrived. Comments count. */
  bytes(): void;
}

/** One `messages` stream of a good client, from the attempt to open it to its end. */
export class EventStream {
  /** Resolves when the stream has ended, or could not be opened. Never rejects. */
  readonly ended: Promise<StreamEnd>;
  readonly #end = Promise.withResolvers<StreamEnd>();
  readonly #listener: StreamListener;
  readonly #req: ClientRequest;
  readonly #limit: NodeJS.Timeout;
  #silence: NodeJS.Timeout | undefined;
  #text = '';
  #connected = false;
  #complete = false;
  #code: string | undefined;

  constructor(url: string, token: string, after: string | undefined, listener: StreamListener) {
    this.ended = this.#end.promise;
    this.#listener = listener;
    this.#limit = setTimeout(() => this.#finish({ how: 'unanswered' }), openLimitMs);
    this.#req = request(`${url}/graphql`, {
      method: 'POST',
      agent: false,
      headers: {
        accept: 'text/event-stream',
        'content-type': 'application/json',
        authorization: `Bearer ${token}`,
      },
    });
    this.#req.on('error', (error: NodeJS.ErrnoException) => {
      const notSent = !this.#connected && error.code === 'ECONNREFUSED';
      this.#finish(notSent ? { how: 'not sent' } : this.#broken());
    });
    this.#req.on('response', (response) => this.#answer(response));
    this.#req.end(JSON.stringify({ query: document, variables: { after } }));
  }

  /** Closes the connection. */
  drop(): void {
    this.#finish({ how: 'dropped' });
  }

  #answer(response: IncomingMessage): void {
    if (response.headers['content-type'] !== 'text/event-stream; charset=utf-8') {
      readBody(response).then(
        ({ errors }) => this.#finish({ how: 'refused', code: errors?.[0]?.extensions?.code }),
        () => this.#finish({ how: 'unanswered' }),
      );
      return;
    }
    response.setEncoding('utf8').on('data', (text: string) => this.#receive(text));
    // `close` follows an error, and handles it.
    response.on('error', () => undefined);
    response.on('close', () => this.#finish(this.#broken()));
  }

  /** How the stream ended if its connection is gone. A request without an answer may still take effect. */
  #broken(): StreamEnd {
    const code = this.#code;
    if (!this.#connected) return code === undefined ? { how: 'unanswered' } : { how: 'refused', code };
    return { how: this.#complete ? 'complete' : 'cut', code };
  }

  #receive(text: string): void {
    this.#listener.bytes();
    this.#silence?.refresh();
    const events = (this.#text + text).split('\n\n');
    this.#text = events.pop() ?? '';
    try {
      for (const event of events) this.#read(event);
    } catch (error) {
      this.#finish({ how: 'cut', wireError: (error as Error).message });
    }
  }

  #read(event: string): void {
    if (event === ':') return;
    if (this.#complete) throw new Error(`after \`complete\` came another event: ${event}`);
    if (event === 'event: complete\ndata:') {
      this.#complete = true;
      return;
    }
    const [, id, json] = frame.exec(event) ?? [];
    if (json === undefined) throw new Error(`not a valid event: ${event}`);
    const { data, errors } = JSON.parse(json) as Body & { data?: { messages: Message } };
    if (errors) {
      this.#code = errors[0]?.extensions?.code ?? 'NO_CODE';
      return;
    }
    if (!data) throw new Error(`neither a message nor an error: ${event}`);
    const { messages: message } = data;
    if (message.cursor !== id) throw new Error(`the line "id: ${id}" belongs to cursor ${message.cursor}`);
    if (this.#connected === (message.__typename === 'Connected')) {
      const problem = this.#connected
        ? 'Connected came again'
        : `${message.__typename} came before Connected`;
      throw new Error(problem);
    }
    if (!this.#connected) {
      this.#connected = true;
      clearTimeout(this.#limit);
      this.#silence = setTimeout(() => this.#finish({ how: 'silent' }), silenceLimitMs);
    }
    this.#listener.message(message);
  }

  #finish(end: StreamEnd): void {
    clearTimeout(this.#limit);
    clearTimeout(this.#silence);
    this.#end.resolve(end);
    this.#req.destroy();
  }
}
