import type { ExecutionResult } from 'graphql';
import { createClient, type RequestParams } from 'graphql-sse';
import { askForStream } from './ask-for-stream.ts';
import { type Entry, entryOf, noteOf } from './entry.ts';
import { identityOf } from './token.ts';

/** How many of the newest messages of a peer are kept. */
const maxEntries = 200;
/** How long to wait before a lost stream is opened again, in milliseconds: at least, and at most. */
const minRetryMs = 500;
const maxRetryMs = 1500;

export type StreamState = 'closed' | 'opening' | 'open' | 'lost';

/** One of the two peers of this window: its token, its stream, and the list of its messages. */
export class Peer {
  /** The name that the walk gives it. */
  readonly name: string;
  #username: string | undefined;
  #id: string | undefined;
  #token: string | undefined;
  #stream: StreamState = 'closed';
  #entries: readonly Entry[] = [];
  #total = 0;
  #cursor: string | undefined;
  #stop: (() => void) | undefined;
  readonly #url: string;
  readonly #changed: () => void;

  /** `changed` is called after every change. */
  constructor(name: string, url: string, changed: () => void) {
    this.name = name;
    this.#url = url;
    this.#changed = changed;
  }

  /** The name in its token, or the name that the walk gives it. */
  get username(): string {
    return this.#username ?? this.name;
  }

  get id(): string | undefined {
    return this.#id;
  }

  get token(): string | undefined {
    return this.#token;
  }

  get stream(): StreamState {
    return this.#stream;
  }

  /** The newest messages, the newest first. */
  get entries(): readonly Entry[] {
    return this.#entries;
  }

  /** How many messages have come. */
  get total(): number {
    return this.#total;
  }

  /** Takes a token. All that this peer sends from now on has it. The token of another peer ends the stream. */
  take(token: string): void {
    const identity = identityOf(token);
    if (this.#id !== undefined && identity?.id !== this.#id) this.close();
    this.#token = token;
    this.#id = identity?.id;
    this.#username = identity?.username;
    this.#changed();
  }

  /**
   * Opens the stream, in place of the one that is open. It stays open until `close`, and comes back by itself after a
   * lost connection. Resolves to the first result. Rejects if there is no stream.
   */
  open(request: RequestParams, headers: Readonly<Record<string, string>>): Promise<ExecutionResult> {
    this.#stop?.();
    this.#cursor = undefined;
    this.#set('opening');
    const { promise, resolve, reject } = Promise.withResolvers<ExecutionResult>();
    const client = createClient({
      url: this.#url,
      headers: () => ({
        ...(this.#token !== undefined && { Authorization: `Bearer ${this.#token}` }),
        ...headers,
        ...(this.#cursor !== undefined && { 'Last-Event-ID': this.#cursor }),
      }),
      fetchFn: askForStream,
      retryAttempts: Number.POSITIVE_INFINITY,
      retry: async () => {
        if (this.#stream === 'open') this.#note('Connection lost', 'The page asks for the stream again.');
        this.#set('lost');
        await new Promise((wake) => setTimeout(wake, minRetryMs + Math.random() * (maxRetryMs - minRetryMs)));
      },
    });
    let isCurrent = true;
    const stop = client.subscribe(request, {
      next: (result) => {
        if (!isCurrent) return;
        this.#receive(result as ExecutionResult);
        resolve(result as ExecutionResult);
      },
      error: (error) => {
        if (isCurrent) this.#end('Error', error instanceof Error ? error.message : String(error));
        reject(error);
      },
      complete: () => {
        if (isCurrent) this.#end('Complete', 'The stream is over.');
        reject(new Error('The stream ended before its first message.'));
      },
    });
    this.#stop = () => {
      isCurrent = false;
      stop();
    };
    return promise;
  }

  /** Closes the stream. The peer's session goes on for GRACE_SECONDS. */
  close(): void {
    if (!this.#stop) return;
    this.#stop();
    this.#end('Closed', 'This page has closed the stream.');
  }

  #receive(result: ExecutionResult): void {
    const entry = entryOf(result, this.#total + 1);
    this.#cursor = entry.cursor ?? this.#cursor;
    if (entry.isMessage) this.#total += 1;
    this.#stream = 'open';
    this.#add(entry);
  }

  #end(title: string, words: string): void {
    this.#stop = undefined;
    this.#stream = 'closed';
    this.#note(title, words);
  }

  #note(title: string, words: string): void {
    this.#add(noteOf(title, words));
  }

  #add(entry: Entry): void {
    this.#entries = [entry, ...this.#entries].slice(0, maxEntries);
    this.#changed();
  }

  #set(stream: StreamState): void {
    this.#stream = stream;
    this.#changed();
  }
}
