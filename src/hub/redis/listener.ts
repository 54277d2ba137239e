import { RedisPubSub } from 'graphql-redis-subscriptions';
import type { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { Sampled } from '../../sampled.ts';
import { connected, connectForMessages } from './connect/connection.ts';
import { type Dispatch, toDispatch } from './scripts/dispatch.ts';

/** How long it may take to make the listening connection and to receive a beat on it, over a slow line. */
const listenTimeoutMs = 8000;

export interface ListenerOptions {
  readonly url: string;
  readonly channel: string;
  /** The connection for commands. */
  readonly commands: Redis;
  /** Whether the Redis with this start of its run id answers the commands, as far as the node knows. */
  readonly answers: (runStart: string) => boolean;
  readonly log: Logger;
}

export interface ListenerEvents {
  /** The connection was made anew. Dispatches come once it has subscribed. */
  connected(): void;
  /** The connection has subscribed anew: dispatches since the last one may have been missed. */
  resubscribed(): void;
  /** From now on one Redis sends dispatches and another one answers commands. */
  disagreed(): void;
  /** A dispatch came, from the Redis that answers commands. */
  dispatched(dispatch: Dispatch): void;
}

/** The connection that receives the dispatches to this node, on a channel of the node's own. */
export class Listener {
  readonly #channel: string;
  readonly #answers: (runStart: string) => boolean;
  readonly #events: ListenerEvents;
  readonly #log: Logger;
  readonly #subscriber: Redis;
  readonly #pubsub: RedisPubSub;
  readonly #malformed: Sampled<number>;
  /** First 8 characters of the run id of the Redis that sent the last dispatch; empty before the first. */
  #sender = '';
  /** When the connection was last lost, or could not be made. */
  #unconnectedSince = 0;

  constructor({ url, channel, commands, answers, log }: ListenerOptions, events: ListenerEvents) {
    this.#channel = channel;
    this.#answers = answers;
    this.#events = events;
    this.#log = log;
    this.#subscriber = connectForMessages(url, log, channel);
    this.#malformed = new Sampled((count, bytes) => {
      log.warn({ count, bytes }, 'redis: a message on this node’s channel is no dispatch: ignored');
    });
    // The text is passed on as it came: `toDispatch` parses it.
    this.#pubsub = new RedisPubSub({
      publisher: commands,
      subscriber: this.#subscriber,
      deserializer: String,
    });
  }

  /** Connects for the first time. Rejects with UNAVAILABLE and the reason. */
  async connect(): Promise<void> {
    await connected(this.#subscriber);
  }

  /** Subscribes for the first time. From then on it subscribes anew after each lost connection. */
  async subscribe(): Promise<void> {
    // RedisPubSub would leave the rejection unhandled if Redis refused the channel, so this asks first.
    await this.#subscriber.subscribe(this.#channel);
    await this.#pubsub.subscribe(this.#channel, (message: string) => this.#receive(message));
    this.#subscriber.on('close', () => {
      this.#unconnectedSince = performance.now();
    });
    this.#subscriber.on('ready', () => {
      this.#events.connected();
      void this.#resubscribe();
    });
  }

  /**
   * Whether one Redis sends dispatches and another one answers commands: a replica has taken over, and one of the
   * connections has not moved yet. The dispatches then follow on writes that the commands cannot read.
   */
  get connectionsDisagree(): boolean {
    return !this.#answers(this.#sender);
  }

  /** Makes the connection anew, unless that is being done and may still succeed. */
  reconnect(): void {
    const isMade = this.#subscriber.status === 'ready';
    if (!isMade && performance.now() - this.#unconnectedSince < listenTimeoutMs) return;
    this.#log.warn('redis: beats do not come back: listening anew');
    this.#subscriber.disconnect(true);
  }

  disconnect(): void {
    this.#malformed.close();
    this.#subscriber.disconnect();
  }

  #receive(message: string): void {
    const dispatch = toDispatch(message);
    if (!dispatch) {
      // If this was a dispatch that got damaged, the next one shows that it is missing.
      this.#malformed.note(message.length);
      return;
    }
    const disagreedBefore = this.connectionsDisagree;
    this.#sender = dispatch.run;
    if (!this.connectionsDisagree) this.#events.dispatched(dispatch);
    else if (!disagreedBefore) this.#events.disagreed();
  }

  async #resubscribe(): Promise<void> {
    try {
      await this.#subscriber.subscribe(this.#channel);
    } catch (error) {
      this.#log.warn({ reason: String(error) }, 'redis: could not listen again; trying when connected');
      return;
    }
    this.#sender = '';
    this.#events.resubscribed();
  }
}
