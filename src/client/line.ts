import { MESSAGES } from '../documents.ts';
import type { Api } from './api.ts';
import { RECEIVE } from './documents.ts';
import { defaultPatienceMs, defaultSilenceMs, type Options } from './options.ts';
import { sleep } from './sleep.ts';
import { StreamSlot } from './stream-slot.ts';
import { refusal } from './transport.ts';
import type { Message } from './types.ts';

/** What the line needs of the session, and tells it. */
export interface LineOwner {
  /** Where to go on from: the variables of the next request. */
  variables(): object;
  message(message: Message): void;
  /** The server has answered a poll, and the session goes on unless a message said otherwise. */
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
  readonly #api: Api;
  readonly #options: Options;
  readonly #owner: LineOwner;
  /** Undefined before the first request, and null if none is needed. */
  #slot: StreamSlot | null | undefined;
  /** Until when streams are known to be held back. */
  #heldBackUntil = 0;
  /** Ends the present stream or poll, so that the line goes on in another way. */
  #switch = new AbortController();

  constructor(api: Api, options: Options, owner: LineOwner) {
    this.#api = api;
    this.#options = options;
    this.#owner = owner;
  }

  /** Reads messages until the connection or the signal ends it. Rejects with the error that ended it. */
  async read(signal: AbortSignal): Promise<void> {
    const { url } = this.#api;
    if (this.#slot === undefined) {
      this.#slot = StreamSlot.for(url, () => this.#switch.abort()) ?? null;
      await this.#slot?.take();
    }
    for (let goesOn = true; goesOn && !signal.aborted; ) {
      if (this.#slot && StreamSlot.isNeedless(url)) {
        this.close();
        this.#slot = null;
      }
      this.#switch = new AbortController();
      const either = AbortSignal.any([signal, this.#switch.signal]);
      if (this.#slot && !this.#slot.held) await this.#pollInShort(either);
      else if (Date.now() < this.#heldBackUntil) await this.#poll(either, waitSeconds);
      else goesOn = (await this.#stream(either)) || this.#switch.signal.aborted;
    }
  }

  /** Lets other tabs have the stream. */
  close(): void {
    this.#slot?.close();
    this.#slot = undefined;
  }

  /** Resolves to true if the line should go on by polls. */
  async #stream(signal: AbortSignal): Promise<boolean> {
    const { silenceMs = defaultSilenceMs, patienceMs = defaultPatienceMs } = this.#options;
    const silence = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const watch = (ms: number) => {
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), ms);
    };
    watch(patienceMs);
    let hasEvent = false;
    try {
      const body = { query: MESSAGES, variables: this.#owner.variables() };
      const either = AbortSignal.any([signal, silence.signal]);
      for await (const results of await this.#api.read(body, either)) {
        for (const { data, errors } of results) {
          if (signal.aborted) return false;
          if (!data) throw refusal(errors?.[0]);
          hasEvent = true;
          this.#owner.message(data.messages as Message);
        }
        if (hasEvent) watch(silenceMs);
      }
    } catch (error) {
      if (signal.aborted) return false;
      if (!silence.signal.aborted) throw error;
    } finally {
      clearTimeout(timer);
    }
    if (hasEvent || !silence.signal.aborted || signal.aborted) return false;
    // If a poll fails too, the network does not only hold back streams: the error ends the reading.
    await this.#poll(signal, 0);
    this.#heldBackUntil = Date.now() + retryStreamMs;
    return true;
  }

  async #poll(signal: AbortSignal, wait: number): Promise<void> {
    const body = { query: RECEIVE, variables: { ...this.#owner.variables(), wait } };
    try {
      const timeoutMs = wait * 1000 + answerMs;
      const { receive } = await this.#api.post<{ receive: Message[] }>(body, { timeoutMs, signal });
      if (signal.aborted) return;
      for (const message of receive) this.#owner.message(message);
      this.#owner.alive();
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
  async #pollInShort(signal: AbortSignal): Promise<void> {
    if (document.hidden) {
      await this.#slot?.inTurn(async () => {
        if (!signal.aborted) await this.#poll(signal, 1);
      });
    } else {
      await this.#poll(signal, 0);
      await sleep(shortPollMs, signal);
    }
  }
}
