import { type Logger, pino } from 'pino';
import { PinoPretty } from 'pino-pretty';
import type { Settings } from './config.ts';

/** The log of the process; its parts are given it, and none makes its own. */
export type Log = Logger;

/** A JWT wherever it stands: its header and its claims are JSON objects, so both begin with `eyJ`. */
const jwt = /\beyJ[\w-]+\.eyJ[\w-]+\.[\w-]*/g;
const tokenParameter = /(access_token=)[^&\s"\\]+/g;
const bearer = /\b(bearer )(?!\[)[^\s"\\]+/gi;
const urlPassword = /(rediss?(?:\+[a-z]+)?:\/\/)[^\s"\\/]*@/g;
const sentinelPassword = /(sentinelPassword=)[^&\s"\\]+/g;

/**
 * Takes out of a line what nobody may read in a log: tokens, and the password within a Redis URL.
 * It is done to the whole line, since a secret may be in the message of a library's error, under no
 * name that a list of fields could give.
 */
export function redact(line: string): string {
  return line
    .replace(jwt, '[token]')
    .replace(tokenParameter, '$1[token]')
    .replace(bearer, '$1[token]')
    .replace(urlPassword, '$1[password]@')
    .replace(sentinelPassword, '$1[password]');
}

/** JSON lines on stdout; in a terminal, unless in production, lines for people. */
export function createLog({ logLevel, nodeEnv }: Pick<Settings, 'logLevel' | 'nodeEnv'>): Log {
  const options = { level: logLevel, base: null, hooks: { streamWrite: redact } };
  const forPeople = process.stdout.isTTY && nodeEnv !== 'production';
  // A stream, not a worker: what was logged before an exit is out.
  return forPeople ? pino(options, PinoPretty({ sync: true, ignore: 'pid,hostname' })) : pino(options);
}
