import { type Redis, ReplyError } from 'ioredis';
import { isErrorCode, SignalboxError } from '../../../errors.ts';
import { type Monitor, measured } from '../../../monitor.ts';
import { commandTimeoutMs } from '../connect/connection.ts';
import { composeScript, type LuaConstants, type ScriptName, scriptNames } from './lua-source.ts';
import { OtherLayout } from './other-layout.ts';

export type Argument = string | number;
type Command = (key: string, ...args: Argument[]) => Promise<unknown>;

/**
 * Above this, no more bytes are queued for a Redis that does not read, for example one that is halted (G8). A node
 * sends this much in some seconds.
 */
const maxWaitingBytes = 16 * 1024 * 1024;

/** Errors of a Redis that cannot serve now: full, a replica, loading, busy, or without its cluster or replicas. */
const unavailable = /^(?:OOM|READONLY|LOADING|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|BUSY|MISCONF|NOREPLICAS)\b/;

const otherLayout = /^OTHER_LAYOUT (\S+) (\S+)$/;
const runId = /^(?:run_id|master_replid):(\w+)/m;

/** After this time, a script that Redis did not know is not sent again: its answer must come within 2 s (G10). */
const maxResendMs = 2000 - commandTimeoutMs;

/** The scripts as commands on one connection. Their replies and arguments have no types here. */
export class Commands {
  readonly #redis: Redis;
  readonly #prefix: string;
  readonly #key: string;
  readonly #commands = new Map<ScriptName, Command>();
  readonly #texts = new Map<ScriptName, string>();
  /** Whether writes are held back until the end of this turn. */
  #gathering = false;
  readonly #endOfTurn: (() => void)[] = [];
  readonly #monitor: Monitor | undefined;
  #runIdSection: 'server' | 'replication' = 'server';

  constructor(redis: Redis, prefix: string, constants: LuaConstants, monitor?: Monitor) {
    this.#redis = redis;
    this.#monitor = monitor;
    this.#prefix = prefix;
    this.#key = `{${prefix}}:seq`;
    const methods = redis as unknown as Record<ScriptName, Command>;
    for (const name of scriptNames) {
      const lua = composeScript(name, constants);
      redis.defineCommand(name, { numberOfKeys: 1, lua });
      this.#commands.set(name, methods[name].bind(redis));
      this.#texts.set(name, lua);
    }
  }

  /** Whether Redis does not read, and too many bytes already wait for it. */
  get full(): boolean {
    return (this.#stream?.writableLength ?? 0) > maxWaitingBytes;
  }

  /** The address of this machine on the connection. */
  get localAddress(): string | undefined {
    const stream = this.#stream;
    return stream && 'localAddress' in stream ? stream.localAddress : undefined;
  }

  /** Rejects with the `SignalboxError` that the script names, or with UNAVAILABLE if Redis cannot serve. */
  send(name: ScriptName, args: readonly Argument[]): Promise<unknown> {
    const monitor = this.#monitor;
    if (!monitor) return this.#send(name, args);
    return measured(
      () => this.#send(name, args),
      (code, seconds) => monitor.script(name, code, seconds),
    );
  }

  async #send(name: ScriptName, args: readonly Argument[]): Promise<unknown> {
    const begun = performance.now();
    const stream = this.#stream;
    try {
      this.#gather();
      return await this.#commands.get(name)?.(this.#key, ...args);
    } catch (error) {
      if (!isUnknownScript(error)) throw this.#toSignalboxError(error, name);
      // The script has not run. ioredis has sent it twice. The second time may also have been by its hash, because the
      // text was under way with another call, and Redis has forgotten that text too.
      const isLate = performance.now() - begun > maxResendMs || this.#stream !== stream;
      if (isLate) throw new SignalboxError('UNAVAILABLE', undefined, { cause: error });
    }
    try {
      return await this.#redis.eval(this.#texts.get(name) ?? '', 1, this.#key, ...args);
    } catch (error) {
      throw this.#toSignalboxError(error, name);
    }
  }

  /**
   * A name for the Redis process that answers: another process may lack data of this one. Redis calls the name the run
   * id; Dragonfly has a replication id instead. Rejects with UNAVAILABLE.
   */
  async runId(): Promise<string> {
    try {
      let info = await this.#redis.info(this.#runIdSection);
      if (this.#runIdSection === 'server' && !runId.test(info)) {
        this.#runIdSection = 'replication';
        info = await this.#redis.info(this.#runIdSection);
      }
      const [, id] = runId.exec(info) ?? [];
      if (id !== undefined) return id;
    } catch (error) {
      throw this.#toSignalboxError(error, 'beat');
    }
    throw new SignalboxError(
      'UNAVAILABLE',
      'Redis cannot serve: its INFO has neither run_id nor master_replid.',
    );
  }

  #toSignalboxError(error: unknown, script: ScriptName): unknown {
    if (!(error instanceof Error)) return error;
    if (error instanceof ReplyError) {
      // Redis 7 puts ERR in front of an error of one word.
      const code = error.message.replace(/^ERR /, '');
      if (isErrorCode(code)) return new SignalboxError(code);
      const [, found, ours] = otherLayout.exec(code) ?? [];
      if (found && ours) return new OtherLayout(this.#prefix, found, ours);
      if (!unavailable.test(error.message)) return refusal(script, error.message);
    }
    return new SignalboxError('UNAVAILABLE', undefined, { cause: error });
  }

  /** Undefined before the first connection. Each connection has a stream of its own. */
  get #stream(): Redis['stream'] | undefined {
    return this.#redis.stream;
  }

  /** Runs `work` at the end of this turn of the event loop, before the commands of the turn go out. */
  atEndOfTurn(work: () => void): void {
    this.#gather();
    this.#endOfTurn.push(work);
  }

  /**
   * Holds writes back until the end of this turn of the event loop, so that the commands of all requests in it go out
   * in one write. Under load, a write costs more CPU than the commands in it.
   */
  #gather(): void {
    if (this.#gathering) return;
    this.#gathering = true;
    const stream = this.#stream;
    stream?.cork();
    setImmediate(() => {
      for (const work of this.#endOfTurn.splice(0)) work();
      this.#gathering = false;
      stream?.uncork();
    });
  }
}

function isUnknownScript(error: unknown): boolean {
  return error instanceof ReplyError && (error as Error).message.startsWith('NOSCRIPT');
}

/** How Redis names a right that its user lacks: for a command, or for a script that runs one. */
const missingRight = /no permissions to run the '[\w|-]+' command|can't run this command/;

/**
 * The error of a script that Redis refuses, which is a bug or a missing right. The reply itself, and the error of
 * ioredis, may quote the script's arguments, and so the messages of peers. So this error has only the name of the
 * script, the code, the line, and the missing right.
 */
function refusal(script: ScriptName, reply: string): Error {
  const [code = 'no code'] = /^[A-Z]+/.exec(reply) ?? [];
  const [, line] = /\buser_script:(\d+)/.exec(reply) ?? [];
  const [right] = missingRight.exec(reply) ?? [];
  const parts = [code, line && `at line ${line}`, right && `(its user: ${right})`];
  return new Error(`Redis refused the script ${script}: ${parts.filter(Boolean).join(' ')}`);
}
