import { type Logger, type LoggerOptions, pino, stdSerializers } from 'pino';
import { prettyFactory } from 'pino-pretty';
import { createLogOutput } from './log-output.ts';
import type { Settings } from './settings.ts';

const tokenParameter = /(access_token=)[^&\s"\\]+/g;
const bearer = /\b(bearer )(?!\[)[^\s"\\]+/gi;
const urlPassword = /(rediss?(?:\+[a-z]+)?:\/\/)[^\s"\\/]*@/g;
const sentinelPassword = /(sentinelPassword=)[^&\s"\\]+/g;

/**
 * A JWT anywhere in a text is part of such a run. The pattern takes each run as a whole and never fails within it, so
 * no character is looked at twice. A pattern of the JWT itself would start anew at each `eyJ` in it.
 */
const run = /[\w.-]+/g;
/** The header and the claims of a JWT are JSON objects, so both begin with this. */
const jsonInBase64 = 'eyJ';

/**
 * Removes secrets from a line: tokens, and the passwords in Redis URLs. It searches the whole line, because a
 * secret may be part of the message of a library's error. A list of field names would miss it there.
 *
 * Its time grows with the length of the line and not faster, whatever a client has put there.
 */
export function redact(line: string): string {
  const withoutTokens = line.includes(jsonInBase64) ? line.replace(run, withoutJwt) : line;
  return withoutTokens
    .replace(tokenParameter, '$1[token]')
    .replace(bearer, '$1[token]')
    .replace(urlPassword, '$1[password]@')
    .replace(sentinelPassword, '$1[password]');
}

/** The run with `[token]` in the place of each three parts that are a JWT, or could be. */
function withoutJwt(text: string): string {
  if (!text.includes(`.${jsonInBase64}`)) return text;
  const parts = text.split('.');
  const kept: string[] = [];
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i] ?? '';
    const start = part.indexOf(jsonInBase64);
    if (start < 0 || !parts[i + 1]?.startsWith(jsonInBase64)) {
      kept.push(part);
      continue;
    }
    kept.push(`${part.slice(0, start)}[token]`);
    i += 2;
  }
  return kept.join('.');
}

/**
 * An error as the log shows it: what it is, and where. Libraries add more, such as a command of Redis with all its
 * arguments, which are what peers send one another.
 */
function plainError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { type, message, stack, code } = stdSerializers.err(error);
  return { type, message, stack, ...(code !== undefined && { code }) };
}

/**
 * The one log of the process, on stdout: lines of JSON. In a terminal, and if not in production, lines for people.
 * Parts of the server get the log as an argument, and never make their own.
 */
export function createLog({ logLevel, nodeEnv }: Pick<Settings, 'logLevel' | 'nodeEnv'>): Logger {
  const output = createLogOutput((lines) =>
    log.warn({ lines }, 'log lines were lost: stdout did not take them'),
  );
  const forPeople = process.stdout.isTTY && nodeEnv !== 'production';
  const pretty = prettyFactory({ ignore: 'pid,hostname' });
  const log: Logger = pino(
    { level: logLevel, base: null, hooks: { streamWrite: redact }, serializers: { err: plainError } },
    forPeople ? { write: (line: string) => output.write(pretty(line)) } : output,
  );
  return log;
}

/** A log of the application's own: pino's, fastify's, bunyan's, or the console. */
export interface ApplicationLog {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** The log of a server that is part of an application. Secrets are removed before the application's log has a line. */
export function createLogFor(log: ApplicationLog, { logLevel }: Pick<Settings, 'logLevel'>): Logger {
  const options: LoggerOptions = {
    level: logLevel,
    base: null,
    timestamp: false,
    hooks: { streamWrite: redact },
    serializers: { err: plainError },
  };
  return pino(options, {
    write: (line: string) => {
      const { level, msg, ...fields } = JSON.parse(line) as { level: number; msg: string };
      // If the application's log fails, the node must go on.
      try {
        log[methodOf(level)](fields, msg);
      } catch {}
    },
  });
}

/** `level`: a number of pino. */
function methodOf(level: number): keyof ApplicationLog {
  if (level < 30) return 'debug';
  if (level < 40) return 'info';
  return level < 50 ? 'warn' : 'error';
}
