import type { Message } from '../test/support/client.ts';
import { EventStream } from './event-stream.ts';
import type { Attempt, ClientHistory, Session, StreamEnd, StreamHistory } from './history.ts';
import type { Random } from './random.ts';

/** The nodes, as a load balancer knows them. */
export interface Nodes {
  /** The nodes that listen. One of them may be halted, or about to die. */
  readonly listening: readonly number[];
  /** Undefined if the node is down. */
  url(node: number): string | undefined;
}

export interface ConnectionEvents {
  /** A session began. It is in no room yet. */
  began(): void;
  /** The stream broke, and the client did not want that. */
  lost(): void;
  /** A message arrived on the current stream. */
  arrived(message: Message): void;
}

/** How long a client waits before it opens a lost stream again. */
const backoffMs = [50, 600] as const;
/** How long a user takes to reload a tab that was replaced. */
const askAgainMs = [300, 1500] as const;
/** How long after a reload the old tab is closed. */
const oldTabMs = 5000;

/**
 * Keeps a stream open as a good client does: if the stream is lost, the client waits a moment and resumes from its
 * cursor at another node. Records everything in the history.
 */
export class Connection {
  readonly #history: ClientHistory;
  readonly #token: string;
  readonly #nodes: Nodes;
  readonly #random: Random;
  readonly #events: ConnectionEvents;
  readonly #oldTabs = new Map<EventStream, NodeJS.Timeout>();
  #session: Session | undefined;
  #cursor: string | undefined;
  #node = -1;
  #stream: EventStream | undefined;
  #connected = false;
  #reload: (() => void) | undefined;
  #awayMs = 0;
  #closed = false;
  #wake: (() => void) | undefined;

  constructor(history: ClientHistory, token: string, nodes: Nodes, random: Random, events: ConnectionEvents) {
    this.#history = history;
    this.#token = token;
    this.#nodes = nodes;
    this.#random = random;
    this.#events = events;
  }

  get session(): Session | undefined {
    return this.#session;
  }

  get connected(): boolean {
    return this.#connected;
  }

  /** Whether the client dropped its stream on purpose and has not come back yet. */
  get away(): boolean {
    return this.#awayMs > 0;
  }

  /** Resolves once the connection is closed for good. Never rejects. */
  async run(): Promise<void> {
    while (!this.#closed) {
      const end = await this.#follow();
      this.#connected = false;
      if (this.#closed) return;
      const replaced = end !== 'reload' && end.code === 'REPLACED';
      if (replaced) this.#cursor = undefined;
      if (end === 'reload') continue;
      if (end.how === 'cut' || end.how === 'silent') this.#events.lost();
      if (this.#closed) return;
      const [min, max] = replaced ? askAgainMs : backoffMs;
      await this.#sleep(this.#awayMs || this.#random.between(min, max));
      this.#awayMs = 0;
    }
  }

  /** Drops the stream, and comes back after that many milliseconds. */
  leave(awayMs: number): void {
    if (!this.#connected || this.away) return;
    this.#awayMs = awayMs;
    this.#stream?.drop();
  }

  /** Reloads the page: a new session begins while the old stream is still open (G5). */
  reload(): void {
    if (!this.#connected || this.away || !this.#stream) return;
    const old = this.#stream;
    this.#oldTabs.set(
      old,
      setTimeout(() => old.drop(), oldTabMs),
    );
    void old.ended.then(() => {
      clearTimeout(this.#oldTabs.get(old));
      this.#oldTabs.delete(old);
    });
    this.#stream = undefined;
    this.#cursor = undefined;
    this.#connected = false;
    this.#reload?.();
  }

  /** Drops the stream for good. */
  close(): void {
    this.#closed = true;
    this.#history.goneAt = Date.now();
    this.#stream?.drop();
    for (const old of this.#oldTabs.keys()) old.drop();
    this.#wake?.();
  }

  /** Makes one attempt and follows its stream until the stream ends or a reload takes its place. */
  async #follow(): Promise<StreamEnd | 'reload'> {
    this.#node = this.#anotherNode();
    const attempt: Attempt = { node: this.#node, after: this.#cursor, startedAt: Date.now() };
    this.#history.attempts.push(attempt);
    const url = this.#nodes.url(this.#node);
    if (url === undefined) {
      attempt.end = { how: 'not sent' };
      attempt.endedAt = Date.now();
      return attempt.end;
    }
    let record: StreamHistory | undefined;
    const stream = new EventStream(url, this.#token, this.#cursor, {
      bytes: () => {
        if (record) record.lastByteAt = Date.now();
      },
      message: (message) => {
        if (record) this.#take(stream, record, message);
        else record = this.#connect(attempt, message);
      },
    });
    this.#stream = stream;
    const reload = new Promise<'reload'>((resolve) => {
      this.#reload = () => resolve('reload');
    });
    const ended = stream.ended.then((end) => {
      attempt.end = end;
      attempt.endedAt = Date.now();
      return end;
    });
    return Promise.race([ended, reload]);
  }

  #connect(attempt: Attempt, message: Message): StreamHistory | undefined {
    if (message.__typename !== 'Connected') return undefined;
    const now = Date.now();
    attempt.connectedAt = now;
    const record = { attempt, connectedAt: now, connected: message, arrivals: [], lastByteAt: now };
    const begins = !message.resumed || !this.#session;
    if (begins) {
      this.#session = {
        client: this.#history,
        startCursor: Number(message.cursor),
        openedBy: attempt,
        streams: [],
      };
      this.#history.sessions.push(this.#session);
    }
    this.#session?.streams.push(record);
    this.#cursor = message.cursor;
    this.#connected = true;
    if (begins) this.#events.began();
    return record;
  }

  #take(stream: EventStream, record: StreamHistory, message: Message): void {
    if (message.__typename === 'Connected' || message.__typename === 'Heartbeat') return;
    record.arrivals.push({ cursor: Number(message.cursor), at: Date.now(), message });
    // Only the checks need the messages that still reach an old tab.
    if (stream !== this.#stream) return;
    this.#cursor = message.cursor;
    this.#events.arrived(message);
  }

  #anotherNode(): number {
    const others = this.#nodes.listening.filter((node) => node !== this.#node);
    return this.#random.pick(others) ?? this.#nodes.listening[0] ?? 0;
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
