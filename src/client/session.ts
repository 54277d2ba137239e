import { Api } from './api.ts';
import { mutationOf, type Operation } from './documents.ts';
import { Line } from './line.ts';
import { defaultRetryMs, type Options, type Status } from './options.ts';
import { sleep } from './sleep.ts';
import { type Connected, type Message, type RoomMessage, SignalboxError } from './types.ts';

/** What the session needs of its owner, and tells it. */
export interface SessionOwner {
  /** The rooms to enter with the stream. */
  joins(): readonly object[];
  /** `isWithoutRooms`: the stream was opened without the rooms, because the server has refused one of them. */
  connected(message: Connected, isWithoutRooms: boolean): void;
  message(message: RoomMessage): void;
  status(status: Status): void;
  /** The client has stopped. Called before the status changes. */
  stopped(status: 'replaced' | 'closed', error: SignalboxError): void;
}

/** The presence of one peer: it gets messages, and comes back by itself, until it is stopped. */
export class Session {
  readonly api: Api;
  readonly #options: Options;
  readonly #owner: SessionOwner;
  readonly #line: Line;
  /** How many attempts to connect have failed since the server answered. */
  #attempt = 0;
  /** How many tokens the server has refused since then. */
  #refusedTokens = 0;
  #cursor: string | undefined;
  #status: Status = 'connecting';
  #running = false;
  /** Ends the present stream. */
  #stream = new AbortController();
  /** Ends the stream, the waits and the timers when the client stops. */
  #over = new AbortController();
  /** The token whose renewal is planned. */
  #planned: string | undefined;
  #begun = deferred();
  /** Whether the server has refused a room, so that the next stream opens without any. */
  #withoutRooms = false;

  constructor(urls: readonly string[], options: Options, owner: SessionOwner) {
    this.api = new Api(urls, options);
    this.#options = options;
    this.#owner = owner;
    this.#line = new Line(this.api, options, {
      variables: () => ({ after: this.#cursor, join: this.#withoutRooms ? [] : owner.joins() }),
      message: (message) => this.#take(message),
      alive: () => {
        this.#attempt = this.#refusedTokens = 0;
        if (this.#status === 'connecting') this.#setStatus('resumed');
      },
    });
  }

  get status(): Status {
    return this.#status;
  }

  /** Resolves when there is a session. Rejects if the client has stopped. */
  get begun(): Promise<void> {
    return this.#begun.promise;
  }

  /** Resolves at the first `Connected`. Rejects if the server refuses the client for good. */
  start(): Promise<void> {
    const { promise } = this.#begun;
    if (!this.#running && this.#status !== 'closed') {
      this.#running = true;
      void this.#run();
    }
    return promise;
  }

  /** Stops, and sends the last operations without waiting for an answer: it works while a page is being closed. */
  close(last: readonly Operation[]): void {
    if (this.#running && last.length > 0) this.api.postAndForget(mutationOf(last));
    this.#stop('closed', errorOf('CLOSED', 'The client was closed.'));
  }

  /** How long to wait before attempt `n`, in milliseconds. */
  retryMs(attempt: number): number {
    return (this.#options.retryMs ?? defaultRetryMs)(attempt);
  }

  async #run(): Promise<void> {
    this.#over = new AbortController();
    const { signal } = this.#over;
    for (this.#attempt = this.#refusedTokens = 0; !signal.aborted; this.#attempt++) {
      this.#setStatus('connecting');
      // The stream was cut: the first attempt to come back is made almost at once.
      let waitMs = Math.random() * 200;
      try {
        const token = await this.api.token();
        if (signal.aborted) return;
        if (token !== this.#planned) void this.#renew(token, signal);
        this.#stream = new AbortController();
        await this.#line.read(AbortSignal.any([this.#stream.signal, signal]));
        if (this.#attempt > 0) waitMs = this.retryMs(this.#attempt);
      } catch (error) {
        waitMs = this.#recover(error);
      }
      await sleep(waitMs, signal);
    }
  }

  #take(message: Message): void {
    this.#cursor = message.cursor;
    if (message.__typename !== 'Connected') {
      this.#owner.message(message);
      return;
    }
    this.#attempt = this.#refusedTokens = 0;
    this.#owner.connected(message, this.#withoutRooms);
    this.#withoutRooms = false;
    this.#begun.resolve();
    this.#setStatus(message.resumed ? 'resumed' : 'connected');
  }

  /** Renews a token before it ends, also while no stream can be opened. A guest without a token would be a new peer. */
  async #renew(token: string, signal: AbortSignal): Promise<void> {
    this.#planned = token;
    await sleep(this.api.renewInMs, signal);
    for (let attempt = 0; !signal.aborted; attempt++) {
      try {
        if ((await this.api.renew(token)) && !signal.aborted) {
          this.#setStatus('renewed');
          // The next stream is opened with the new token.
          this.#stream.abort();
        }
        return;
      } catch {
        // If no attempt succeeds in time, the stream ends with TOKEN_EXPIRED, and the client gets another token.
        await sleep(this.retryMs(attempt), signal);
      }
    }
  }

  /** Decides what to do about an error. Stops the client, or returns how long to wait before the next attempt, in ms. */
  #recover(error: unknown): number {
    const refusal = error instanceof SignalboxError ? error : errorOf('UNKNOWN', String(error));
    const { code, retryable, retryAfterMs } = refusal;
    if (code === 'TOKEN_EXPIRED' || code === 'UNAUTHENTICATED') {
      this.api.forget();
      const refused = this.#refusedTokens++;
      if (refused <= 3) return refused && this.retryMs(refused);
    } else if (retryable) {
      this.#setStatus('unavailable');
      this.api.turn();
      return retryAfterMs ?? this.retryMs(this.#attempt);
    } else if (code !== 'REPLACED' && !this.#withoutRooms && this.#owner.joins().length > 0) {
      // The server may refuse one of the rooms.
      this.#withoutRooms = true;
      return 0;
    }
    this.#stop(code === 'REPLACED' ? 'replaced' : 'closed', refusal);
    return 0;
  }

  #stop(status: 'replaced' | 'closed', error: SignalboxError): void {
    if (!this.#running) return;
    this.#running = false;
    this.#planned = undefined;
    this.#over.abort();
    this.#line.close();
    // Another stream has the session, or it is over: the next stream begins a new session.
    this.#cursor = undefined;
    this.#begun.reject(error);
    // Until there is a session again, operations wait.
    this.#begun = deferred();
    if (status === 'closed') this.#begun.reject(error);
    this.#owner.stopped(status, error);
    this.#setStatus(status);
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
