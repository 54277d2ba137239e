import { Credentials } from './credentials.ts';
import { mutationOf, type Operation } from './documents.ts';
import { Line, type Reading } from './line.ts';
import { defaultRetryMs, type Options, type Status } from './options.ts';
import { post, postAndForget } from './transport.ts';
import { type Connected, type Message, type RoomMessage, SignalboxError } from './types.ts';

/** What the session needs of its owner, and tells it. */
export interface SessionOwner {
  /** The rooms to enter with the stream. */
  joins(): readonly object[];
  connected(message: Connected): void;
  message(message: RoomMessage): void;
  status(status: Status): void;
  /** The client has stopped. Called before the status changes. */
  stopped(status: 'replaced' | 'closed', error: SignalboxError): void;
}

/** Why the server may refuse a room that the client names when it opens a stream. */
const joinFaults = ['ROOM_FULL', 'TOO_MANY_ROOMS', 'PAYLOAD_TOO_LARGE', 'BAD_USER_INPUT', 'FORBIDDEN'];

/** The presence of one peer: it gets messages, and comes back by itself, until it is stopped. */
export class Session {
  readonly #urls: readonly string[];
  readonly #options: Options;
  readonly #owner: SessionOwner;
  readonly #credentials: Credentials;
  readonly #line: Line;
  /** Which of the URLs is called now. */
  #turn = 0;
  #cursor: string | undefined;
  #status: Status = 'connecting';
  #stream: AbortController | undefined;
  #running = false;
  #begun = deferred();
  #wake: (() => void) | undefined;
  /** The token whose renewal is planned, and the timer of that. */
  #planned: string | undefined;
  #renewal: ReturnType<typeof setTimeout> | undefined;
  /** Whether the server has refused a room, so that the next stream opens without any. */
  #withoutRooms = false;

  constructor(urls: readonly string[], options: Options, owner: SessionOwner) {
    this.#urls = urls.map((url) => `${url.replace(/\/(graphql)?$/, '')}/graphql`);
    this.#options = options;
    this.#owner = owner;
    this.#credentials = new Credentials(options);
    this.#line = new Line(options);
  }

  get status(): Status {
    return this.#status;
  }

  /** Whether the last stream was opened without the rooms. */
  get isWithoutRooms(): boolean {
    return this.#withoutRooms;
  }

  /** Resolves when there is a session. Rejects if the client has stopped. */
  get begun(): Promise<void> {
    return this.#begun.promise;
  }

  /** Resolves at the first `Connected`. Rejects if the server refuses the client for good. */
  async start(): Promise<void> {
    const { promise } = this.#begun;
    if (!this.#running && this.#status !== 'closed') {
      this.#running = true;
      void this.#run();
    }
    await promise;
  }

  /** Sends one request. Rejects with a `SignalboxError`. */
  async post<Data>(request: { readonly query: string; readonly variables?: object }): Promise<Data> {
    const token = await this.#credentials.ensure(this.#url);
    try {
      return await post(this.#url, token, request);
    } catch (error) {
      if (codeOf(error) === 'UNAUTHENTICATED') this.#credentials.forget(token);
      throw error;
    }
  }

  /** Stops, and sends the last operations without waiting for an answer: it works while a page is being closed. */
  close(last: readonly Operation[]): void {
    const { token } = this.#credentials;
    if (this.#running && token !== undefined && last.length > 0)
      postAndForget(this.#url, token, mutationOf(last));
    this.#stop('closed', errorOf('CLOSED', 'The client was closed.'));
  }

  /** How long to wait before attempt `n`, in milliseconds. */
  retryMs(attempt: number): number {
    return (this.#options.retryMs ?? defaultRetryMs)(attempt);
  }

  get #url(): string {
    return this.#urls[this.#turn % this.#urls.length] ?? '';
  }

  async #run(): Promise<void> {
    for (let attempt = 0; this.#running; attempt++) {
      this.#setStatus('connecting');
      try {
        const token = await this.#credentials.ensure(this.#url);
        if (!this.#running) return;
        this.#planRenewal(token);
        await this.#read(token, () => {
          attempt = 0;
        });
        // The stream was cut: the first attempt to come back is made almost at once.
        if (this.#running) await this.#pause(attempt === 0 ? Math.random() * 200 : this.retryMs(attempt));
      } catch (error) {
        const waitMs = this.#recover(error, attempt);
        if (waitMs === undefined) return;
        await this.#pause(waitMs);
      }
    }
  }

  /** Reads messages until the connection ends. Rejects with the error that ended it. */
  async #read(token: string, alive: () => void): Promise<void> {
    this.#stream = new AbortController();
    const reading: Reading = {
      url: this.#url,
      token,
      variables: () => ({ after: this.#cursor, join: this.#withoutRooms ? [] : this.#owner.joins() }),
      message: (message) => {
        if (message.__typename === 'Connected') alive();
        this.#take(message);
      },
      alive: () => {
        alive();
        if (this.#status === 'connecting') this.#setStatus('resumed');
      },
    };
    await this.#line.read(reading, this.#stream.signal);
  }

  #take(message: Message): void {
    this.#cursor = message.cursor;
    if (message.__typename !== 'Connected') {
      this.#owner.message(message);
      return;
    }
    this.#owner.connected(message);
    this.#withoutRooms = false;
    this.#begun.resolve();
    this.#setStatus(message.resumed ? 'resumed' : 'connected');
  }

  /** Plans the renewal of a token, once. The plan stands also while no stream can be opened: else a guest is lost. */
  #planRenewal(token: string | undefined): void {
    if (token === undefined || token === this.#planned) return;
    this.#planned = token;
    clearTimeout(this.#renewal);
    this.#renewal = setTimeout(() => void this.#renew(token), this.#credentials.renewInMs);
  }

  /** Renews the token before it ends. The next stream has the new one. */
  async #renew(token: string, attempt = 0): Promise<void> {
    if (this.#credentials.token !== token) return;
    try {
      if (!(await this.#credentials.renew(this.#url)) || !this.#running) return;
      this.#planRenewal(this.#credentials.token);
      this.#setStatus('renewed');
      this.#stream?.abort();
    } catch {
      // If no attempt succeeds in time, the stream ends with TOKEN_EXPIRED, and the client gets another token.
      if (this.#planned === token)
        this.#renewal = setTimeout(() => void this.#renew(token, attempt + 1), this.retryMs(attempt));
    }
  }

  /** What to do about an error: how long to wait before the next attempt, or undefined if there is none. */
  #recover(error: unknown, attempt: number): number | undefined {
    const code = codeOf(error) ?? '';
    const { token } = this.#credentials;
    if (code === 'REPLACED') return this.#stop('replaced', error as SignalboxError);
    if (code === 'TOKEN_EXPIRED' || code === 'UNAUTHENTICATED') {
      if (attempt > 3) return this.#stop('closed', error as SignalboxError);
      if (token !== undefined) this.#credentials.forget(token);
      return attempt === 0 ? 0 : this.retryMs(attempt);
    }
    if (error instanceof SignalboxError && (error.retryable || code === 'RATE_LIMITED')) {
      this.#setStatus('unavailable');
      this.#turn += 1;
      return error.retryAfterMs ?? this.retryMs(attempt);
    }
    if (joinFaults.includes(code) && !this.#withoutRooms && this.#owner.joins().length > 0) {
      this.#withoutRooms = true;
      return 0;
    }
    return this.#stop('closed', error instanceof SignalboxError ? error : errorOf('UNKNOWN', String(error)));
  }

  #stop(status: 'replaced' | 'closed', error: SignalboxError): undefined {
    if (!this.#running) return;
    this.#running = false;
    clearTimeout(this.#renewal);
    this.#planned = undefined;
    this.#stream?.abort();
    this.#stream = undefined;
    this.#line.close();
    // Another stream has the session, or it is over: the next stream begins a new session.
    this.#cursor = undefined;
    this.#wake?.();
    this.#begun.reject(error);
    // Until there is a session again, operations wait.
    this.#begun = deferred();
    if (status === 'closed') this.#begun.reject(error);
    this.#owner.stopped(status, error);
    this.#setStatus(status);
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #setStatus(status: Status): void {
    if (this.#status === status) return;
    this.#status = status;
    this.#owner.status(status);
  }
}

function deferred(): PromiseWithResolvers<void> {
  const made = Promise.withResolvers<void>();
  // Callers that wait see the rejection. Without any, it is no error.
  made.promise.catch(() => undefined);
  return made;
}

export function errorOf(code: string, message: string): SignalboxError {
  return new SignalboxError({ message, extensions: { code } });
}

function codeOf(error: unknown): string | undefined {
  return error instanceof SignalboxError ? error.code : undefined;
}
