import { readFileSync } from 'node:fs';
import { type Redis, ReplyError } from 'ioredis';
import { isErrorCode, SignalboxError } from '../../errors.ts';
import { bounds, retentionMs } from '../bounds.ts';
import type { HubOptions } from '../hub.ts';
import { commandTimeoutMs } from './connection.ts';
import { Gate } from './gate.ts';

/** Each is a file in lua/, which says what it takes and returns. */
const names = [
  'beat',
  'broadcast',
  'detach',
  'held',
  'join',
  'leave',
  'open',
  'relay',
  'retire',
  'rooms',
  'set_state',
  'sync',
] as const;

/** What they share, in this order. */
const libraries = ['keys', 'logs', 'nodes', 'sessions'] as const;

type Name = (typeof names)[number];
type Argument = string | number;
type Commands = Record<Name, (key: string, ...args: Argument[]) => Promise<unknown>>;

/**
 * Where so many bytes wait for a Redis that does not take them, as one that stands still, no more are added (G8):
 * some seconds' worth of what a node can send.
 */
const mostWaitingBytes = 16 * 1024 * 1024;

/**
 * These may have megabytes to tell, which Redis keeps until the node has read them: so not all at once (G8). So has
 * `sync`, but it comes in batches, and does not wait for what clients ask.
 */
const tellsOfRooms: ReadonlySet<Name> = new Set(['rooms', 'join']);
const roomsAtOnce = 64;
/** Those that wait longer for their turn than that fail, in time for an answer within 2 s (G10). */
const gateWaitMs = 400;

/** What a Redis says that cannot serve now: it is full, a replica, still loading, or without its cluster. */
const unavailable = /^(?:OOM|READONLY|LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY|MISCONF|NOREPLICAS)\b/;

function load(name: string): string {
  return readFileSync(new URL(`./lua/${name}.lua`, import.meta.url), 'utf8');
}

type ScriptOptions = Pick<HubOptions, 'graceMs' | 'maxRoomBytes' | 'maxPeersPerRoom'>;

/**
 * The scripts, each of which is one operation: one round trip, all of it or nothing.
 *
 * Whenever the connection is new, a beat must go first: another Redis may answer than before, and
 * nothing is written to it until it is clear what it knows.
 */
export class Scripts {
  readonly #redis: Redis;
  readonly #commands: Commands;
  readonly #key: string;
  readonly #common: readonly Argument[];
  readonly #gate = new Gate(roomsAtOnce, gateWaitMs);
  #available = false;
  /** The number of the present connection. */
  #connection = 1;
  /** How far Redis's clock is ahead of `performance.now`, or somewhat less, by the way of its answer. */
  #clockMs = 0;

  constructor(redis: Redis, prefix: string, options: ScriptOptions, logBounds = bounds) {
    const lib = libraries.map((name) => load(`lib/${name}`)).join('\n');
    for (const name of names) redis.defineCommand(name, { numberOfKeys: 1, lua: `${lib}\n${load(name)}` });
    this.#redis = redis;
    this.#commands = redis as unknown as Commands;
    redis.on('close', () => {
      this.#available = false;
      this.#connection += 1;
    });
    this.#key = `{${prefix}}:seq`;
    const { graceMs, maxRoomBytes, maxPeersPerRoom } = options;
    this.#common = [
      ...[logBounds.entries, logBounds.bytes, retentionMs(graceMs), graceMs],
      ...[maxRoomBytes, maxRoomBytes / maxPeersPerRoom],
    ];
  }

  /** Whether Redis can be reached, and is known to be the one to talk to. */
  get available(): boolean {
    return this.#available;
  }

  /** Runs one. Rejects with the error that the script names, or UNAVAILABLE where Redis cannot serve. */
  async run(name: Exclude<Name, 'beat' | 'open'>, ...args: Argument[]): Promise<unknown> {
    if (!tellsOfRooms.has(name)) return this.#run(name, args);
    return this.#gate.through(() => this.#run(name, args));
  }

  /** Opens a stream, on the present connection and while its answer is waited for, or not at all. */
  async open(...args: Argument[]): Promise<unknown> {
    return this.#gate.through(() => {
      const deadline = Math.floor(performance.now() + this.#clockMs + commandTimeoutMs);
      return this.#run('open', [...args, this.#connection, deadline]);
    });
  }

  /** Runs a beat, after which the others may run. */
  async beat(...args: Argument[]): Promise<unknown> {
    const reply = (await this.#send('beat', [...args, this.#connection])) as [...unknown[], now: number];
    this.#clockMs = Number(reply.at(-1)) - performance.now();
    this.#available = true;
    return reply;
  }

  async #run(name: Name, args: Argument[]): Promise<unknown> {
    if (!this.#available || this.#waitingBytes > mostWaitingBytes) throw new SignalboxError('UNAVAILABLE');
    return this.#send(name, args);
  }

  get #waitingBytes(): number {
    return this.#stream?.writableLength ?? 0;
  }

  /** There is none before the first connection, and another after each that was lost. */
  get #stream(): Redis['stream'] | undefined {
    return this.#redis.stream;
  }

  async #send(name: Name, args: Argument[]): Promise<unknown> {
    try {
      this.#gather();
      return await this.#commands[name](this.#key, ...this.#common, ...args);
    } catch (error) {
      throw toSignalboxError(error);
    }
  }

  /**
   * Holds writes back until this turn of the event loop is over, so that the commands of all requests
   * that came in it go out in one: under load the system calls cost more than what is in them.
   */
  #gather(): void {
    const stream = this.#stream;
    if (!stream || stream.writableCorked > 0) return;
    stream.cork();
    setImmediate(() => stream.uncork());
  }
}

function toSignalboxError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  if (error instanceof ReplyError) {
    // Redis 7 puts ERR in front of an error of one word.
    const code = error.message.replace(/^ERR /, '');
    if (isErrorCode(code)) return new SignalboxError(code);
    if (!unavailable.test(error.message)) return error;
  }
  return new SignalboxError('UNAVAILABLE', undefined, { cause: error });
}
