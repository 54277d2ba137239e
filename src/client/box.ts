import { Credentials } from './credentials.ts';
import { MESSAGES, mutationOf } from './documents.ts';
import { Emitter } from './emitter.ts';
import { type BoxEvents, defaultRetryMs, defaultSilenceMs, type Options, type Status } from './options.ts';
import { Outbox } from './outbox.ts';
import { randomId } from './random-id.ts';
import { Room } from './room.ts';
import { post, postAndForget, RequestError, readStream, refusal } from './transport.ts';
import {
  type Connected,
  type ErrorJson,
  type Json,
  type Message,
  type PeerInfo,
  SignalboxError,
} from './types.ts';

/** The client's session: one stream for all its rooms. It comes back by itself, until it is closed. */
export class Box extends Emitter<BoxEvents> {
  readonly #urls: readonly string[];
  readonly #options: Options;
  readonly #credentials: Credentials;
  readonly #outbox: Outbox;
  readonly #rooms = new Map<string, Room>();
  readonly #joins = new Map<string, Promise<Room>>();
  readonly #keys = `${randomId()}.`;
  #sent = 0;
  /** Which of the URLs is called now. */
  #turn = 0;
  #cursor: string | undefined;
  #peer: PeerInfo | undefined;
  #status: Status = 'connecting';
  #stream: AbortController | undefined;
  #running = false;
  #session = newSession();
  #wake: (() => void) | undefined;

  constructor(urls: readonly string[], options: Options) {
    super();
    this.#urls = urls.map((url) => `${url.replace(/\/(graphql)?$/, '')}/graphql`);
    this.#options = options;
    this.#credentials = new Credentials(options);
    this.#outbox = new Outbox({
      send: async (request) => {
        const token = await this.#credentials.ensure(this.#url);
        try {
          return await post(this.#url, token, request);
        } catch (error) {
          if (codeOf(error) === 'UNAUTHENTICATED') this.#credentials.forget(token);
          throw error;
        }
      },
      ready: () => this.#session.promise,
      waitMs: (attempt) => this.#retryMs(attempt),
    });
  }

  /** This client as the others see it. Undefined before the first connection. */
  get peer(): PeerInfo | undefined {
    return this.#peer;
  }

  get status(): Status {
    return this.#status;
  }

  get rooms(): readonly Room[] {
    return [...this.#rooms.values()];
  }

  /** Opens the stream. Resolves at the first `Connected`. Rejects if the server refuses the client for good. */
  async connect(): Promise<this> {
    const { promise } = this.#session;
    if (!this.#running && this.#status !== 'closed') {
      this.#running = true;
      void this.#run();
    }
    await promise;
    return this;
  }

  /** Enters a room, and stays in it across new sessions. If the client is in the room already, returns that room. */
  async join(id: string, { state = null }: { readonly state?: Json } = {}): Promise<Room> {
    const joined = this.#joins.get(id) ?? this.#join(id, state);
    this.#joins.set(id, joined);
    return await joined;
  }

  async #join(id: string, state: Json): Promise<Room> {
    const room = new Room(id, state, {
      push: (field, args) => this.#outbox.push(field, args),
      key: () => this.#keys + this.#sent++,
      iceServers: async () => [...(this.#options.iceServers ?? [])],
    });
    this.#rooms.set(id, room);
    try {
      await this.#outbox.push('joinRoom', { roomId: id, state });
      setTimeout(() => room.open());
      return room;
    } catch (error) {
      this.#forget(room);
      throw error;
    }
  }

  /** Leaves a room. The others are told at once. */
  async leave(id: string): Promise<void> {
    const room = this.#rooms.get(id);
    if (!room) return;
    this.#forget(room);
    await this.#outbox.push('leaveRoom', { roomId: id });
  }

  /** Leaves all rooms and ends the stream, without waiting for an answer: it works while a page is being closed. */
  close(): void {
    const { token } = this.#credentials;
    const leaves = [...this.#rooms.keys()].map((roomId) => ({
      field: 'leaveRoom' as const,
      args: { roomId },
    }));
    if (this.#running && token !== undefined && leaves.length > 0)
      postAndForget(this.#url, token, mutationOf(leaves));
    this.#stop(
      'closed',
      new SignalboxError({ message: 'The client was closed.', extensions: { code: 'CLOSED' } }),
    );
  }

  #forget(room: Room): void {
    if (this.#rooms.get(room.id) !== room) return;
    this.#rooms.delete(room.id);
    this.#joins.delete(room.id);
    room.reset();
  }

  get #url(): string {
    return this.#urls[this.#turn % this.#urls.length] ?? '';
  }

  #retryMs(attempt: number): number {
    return (this.#options.retryMs ?? defaultRetryMs)(attempt);
  }

  async #run(): Promise<void> {
    for (let attempt = 0; this.#running; ) {
      this.#setStatus('connecting');
      try {
        const token = await this.#credentials.ensure(this.#url);
        if (!this.#running) return;
        await this.#read(token, () => {
          attempt = 0;
        });
      } catch (error) {
        const waitMs = this.#recover(error, attempt);
        if (waitMs === undefined) return;
        attempt += 1;
        await this.#pause(waitMs);
        continue;
      }
      // The stream was cut: the first attempt to come back is made almost at once.
      if (this.#running) await this.#pause(attempt === 0 ? Math.random() * 200 : this.#retryMs(attempt));
      attempt += 1;
    }
  }

  /** Reads one stream to its end. Rejects with the error that ended it. */
  async #read(token: string, onConnected: () => void): Promise<void> {
    const stream = new AbortController();
    this.#stream = stream;
    const silenceMs = this.#options.silenceMs ?? defaultSilenceMs;
    let silence = setTimeout(() => stream.abort(), silenceMs);
    const renewal = setTimeout(() => void this.#renew(stream), this.#credentials.renewInMs);
    let ended: RequestError | undefined;
    const join = [...this.#rooms.values()].map(({ id, state }) => ({ roomId: id, state }));
    const body = { query: MESSAGES, variables: { after: this.#cursor, join } };
    try {
      await readStream(this.#url, token, body, stream.signal, {
        life: () => {
          clearTimeout(silence);
          silence = setTimeout(() => stream.abort(), silenceMs);
        },
        next: ({ data, errors }) => {
          if (this.#stream !== stream) return;
          if (data?.messages) {
            const message = data.messages as Message;
            if (message.__typename === 'Connected') onConnected();
            this.#take(message);
          } else {
            ended = refusal(errors?.[0] as ErrorJson | undefined);
          }
        },
      });
    } finally {
      clearTimeout(silence);
      clearTimeout(renewal);
    }
    if (ended && this.#stream === stream) throw ended;
  }

  #take(message: Message): void {
    this.#cursor = message.cursor;
    if (message.__typename === 'Connected') {
      this.#connected(message);
      return;
    }
    const room = this.#rooms.get(message.roomId);
    // The server has put this client out of the room.
    if (room && message.__typename === 'PeerRemoved' && message.peer.id === this.#peer?.id)
      this.#forget(room);
    else room?.take(message);
  }

  #connected({ peer, resumed }: Connected): void {
    this.#peer = peer;
    if (!resumed) for (const room of this.#rooms.values()) room.reset();
    this.#session.resolve();
    this.#setStatus(resumed ? 'resumed' : 'connected');
  }

  /** Opens the next stream with a new token, before the present one ends with its own. */
  async #renew(stream: AbortController, attempt = 0): Promise<void> {
    if (this.#stream !== stream || stream.signal.aborted) return;
    try {
      if (!(await this.#credentials.renew(this.#url))) return;
      this.#setStatus('renewed');
      stream.abort();
    } catch {
      // If no attempt succeeds in time, the stream ends with TOKEN_EXPIRED, and the client gets another token.
      setTimeout(() => void this.#renew(stream, attempt + 1), this.#retryMs(attempt));
    }
  }

  /** What to do about an error: how long to wait before the next attempt, or undefined if there is none. */
  #recover(error: unknown, attempt: number): number | undefined {
    const code = codeOf(error);
    const { token } = this.#credentials;
    if (code === 'REPLACED') return this.#stop('replaced', error as SignalboxError);
    if (code === 'TOKEN_EXPIRED' || code === 'UNAUTHENTICATED') {
      if (attempt > 3) return this.#stop('closed', error as SignalboxError);
      if (token !== undefined) this.#credentials.forget(token);
      return attempt === 0 ? 0 : this.#retryMs(attempt);
    }
    if (error instanceof RequestError && (error.retryable || code === 'RATE_LIMITED')) {
      this.#setStatus('unavailable');
      this.#turn += 1;
      return error.retryAfterMs ?? this.#retryMs(attempt);
    }
    const refused = error instanceof SignalboxError ? error : new SignalboxError({ message: String(error) });
    return this.#stop('closed', refused);
  }

  #stop(status: 'replaced' | 'closed', error: SignalboxError): undefined {
    if (!this.#running) return;
    this.#running = false;
    this.#stream?.abort();
    this.#stream = undefined;
    // Another stream has the session, or it is over: the next stream begins a new session.
    this.#cursor = undefined;
    this.#wake?.();
    this.#session.reject(error);
    // Until there is a session again, the outbox waits.
    this.#session = newSession();
    if (status === 'closed') this.#session.reject(error);
    if (status === 'closed') this.#outbox.close(error);
    for (const room of this.#rooms.values()) room.reset();
    this.#setStatus(status);
    if (error.code !== 'CLOSED') this.emit('error', error);
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
    this.emit('status', status);
  }
}

function newSession(): PromiseWithResolvers<void> {
  const session = Promise.withResolvers<void>();
  // Callers that wait for the session see the rejection. Without any, it is no error.
  session.promise.catch(() => undefined);
  return session;
}

function codeOf(error: unknown): string | undefined {
  return error instanceof SignalboxError ? error.code : undefined;
}
