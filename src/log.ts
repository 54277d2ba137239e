import { type Logger, pino } from 'pino';
import { PinoPretty } from 'pino-pretty';
import type { Settings } from './settings.ts';

/** A JWT anywhere in a text. Its header and its claims are JSON objects, so both begin with `eyJ`. */
const jwt = /\beyJ[\w-]+\.eyJ[\w-]+\.[\w-]*/g;
const tokenParameter = /(access_token=)[^&\s"\\]+/g;
const bearer = /\b(bearer )(?!\[)[^\s"\\]+/gi;
const urlPassword = /(rediss?(?:\+[a-z]+)?:\/\/)[^\s"\\/]*@/g;
const sentinelPassword = /(sentinelPassword=)[^&\s"\\]+/g;

/**
 * Removes secrets from a line: tokens, and the passwords in Redis URLs. It searches the whole line, because a
 * secret may be part of the message of a library's error. A list of field names would miss it there.
 */
export function redact(line: string): string {
  return line
    .replace(jwt, '[token]')
    .replace(tokenParameter, '$1[token]')
    .replace(bearer, '$1[token]')
    .replace(urlPassword, '$1[password]@')
    .replace(sentinelPassword, '$1[password]');
}

/**
 * The one log of the process, on stdout: lines of JSON. In a terminal, and if not in production, lines for people.
 * Parts of the server get the log as an argument, and never make their own.
 */
export function createLog({ logLevel, nodeEnv }: Pick<Settings, 'logLevel' | 'nodeEnv'>): Logger {
  const options = { level: logLevel, base: null, hooks: { streamWrite: redact } };
  const forPeople = process.stdout.isTTY && nodeEnv !== 'production';
  // `sync`: an exit of the process loses no lines.
  return forPeople ? pino(options, PinoPretty({ sync: true, ignore: 'pid,hostname' })) : pino(options);
}
