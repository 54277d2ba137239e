import { MESSAGES, RECEIVE } from './documents.ts';
import { defaultPatienceMs, defaultSilenceMs, type Options } from './options.ts';
import { StreamSlot } from './stream-slot.ts';
import { post, readStream, refusal } from './transport.ts';
import type { ErrorJson, Message, SignalboxError } from './types.ts';

/** From where the session reads, and what it hears. */
export interface Reading {
  readonly url: string;
  readonly token: string;
  /** Where to go on from: the variables of the next request. */
  variables(): object;
  message(message: Message): void;
  /** The server has answered, and the session goes on unless a message said otherwise. */
  alive(): void;
}

/** How long one poll waits for a message, in seconds. */
const waitSeconds = 25;
/** How often a tab without a stream of its own polls while it is shown, in milliseconds. */
const shortPollMs = 250;
/** How long a poll may take beside its wait, in milliseconds. */
const answerMs = 10_000;
/** If the network holds streams back, another stream is tried after this time, in milliseconds. */
const retryStreamMs = 5 * 60_000;

/**
 * How messages come. As a rule, that is a stream. The line polls if the network holds streams back, and in a tab that
 * may have no stream, because other tabs of the same origin hold as many as the browser has connections for.
 */
export class Line {
  readonly #options: Options;
  #slot: StreamSlot | undefined;
  #ready: Promise<void> | undefined;
  /** Until when streams are known to be held back. */
  #heldBackUntil = 0;
  /** Ends the present stream or poll, so that the line goes on in another way. */
  #switch = new AbortController();

  constructor(options: Options) {
    this.#options = options;
  }

  /** Reads messages until the connection or the signal ends it. Rejects with the error that ended it. */
  async read(reading: Reading, signal: AbortSignal): Promise<void> {
    const { url } = reading;
    this.#ready ??= this.#prepare(url);
    await this.#ready;
    for (let goesOn = true; goesOn && !signal.aborted; ) {
      if (this.#slot && StreamSlot.isNeedless(url)) this.close(true);
      this.#switch = new AbortController();
      const either = AbortSignal.any([signal, this.#switch.signal]);
      if (this.#slot && !this.#slot.held) await this.#pollInShort(reading, either);
      else if (Date.now() < this.#heldBackUntil) await this.#poll(reading, either, waitSeconds);
      else goesOn = await this.#stream(reading, either);
      goesOn ||= this.#switch.signal.aborted;
    }
  }

  /** Lets other tabs have the stream. `isReady`: the line goes on, and needs no slot. */
  close(isReady = false): void {
    this.#slot?.close();
    this.#slot = undefined;
    if (!isReady) this.#ready = undefined;
  }

  async #prepare(url: string): Promise<void> {
    this.#slot = StreamSlot.for(url, () => this.#switch.abort());
    await this.#slot?.take();
  }

  /** Resolves to true if the line should go on by polls. */
  async #stream(reading: Reading, signal: AbortSignal): Promise<boolean> {
    const { silenceMs = defaultSilenceMs, patienceMs = defaultPatienceMs } = this.#options;
    const own = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const watch = (ms: number) => {
      clearTimeout(timer);
      timer = setTimeout(() => own.abort(), ms);
    };
    watch(patienceMs);
    let hasEvent = false;
    let ended: SignalboxError | undefined;
    try {
      const body = { query: MESSAGES, variables: reading.variables() };
      await readStream(reading.url, reading.token, body, AbortSignal.any([signal, own.signal]), {
        life: () => {
          if (hasEvent) watch(silenceMs);
        },
        next: ({ data, errors }) => {
          if (signal.aborted) return;
          if (!hasEvent) watch(silenceMs);
          hasEvent = true;
          if (data?.messages) reading.message(data.messages as Message);
          else ended = refusal(errors?.[0] as ErrorJson | undefined);
        },
      });
    } catch (error) {
      if (signal.aborted) return false;
      if (!own.signal.aborted) throw error;
    } finally {
      clearTimeout(timer);
    }
    if (ended) throw ended;
    if (hasEvent || !own.signal.aborted || signal.aborted) return false;
    // If a poll fails too, the network does not only hold back streams: the error ends the reading.
    await this.#poll(reading, signal, 0);
    this.#heldBackUntil = Date.now() + retryStreamMs;
    return true;
  }

  async #poll(reading: Reading, signal: AbortSignal, wait: number): Promise<void> {
    const { url, token } = reading;
    const body = { query: RECEIVE, variables: { ...reading.variables(), wait } };
    try {
      const timeoutMs = wait * 1000 + answerMs;
      const { receive } = await post<{ receive: Message[] }>(url, token, body, { timeoutMs, signal });
      if (signal.aborted) return;
      for (const message of receive) reading.message(message);
      reading.alive();
    } catch (error) {
      if (signal.aborted) return;
      // The client may be in another network now, so the next attempt is a stream.
      this.#heldBackUntil = 0;
      throw error;
    }
  }

  /**
   * One poll that holds a connection only for a moment. In a hidden tab, the browser slows timers down. There the poll
   * waits at the server instead, and the tabs wait one after the other.
   */
  async #pollInShort(reading: Reading, signal: AbortSignal): Promise<void> {
    if (document.hidden) {
      await this.#slot?.inTurn(async () => {
        if (!signal.aborted) await this.#poll(reading, signal, 1);
      });
      return;
    }
    await this.#poll(reading, signal, 0);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, shortPollMs);
      signal.addEventListener('abort', () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}
