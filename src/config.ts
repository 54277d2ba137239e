import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import {
  flagOf,
  howToMakeSecret,
  quote,
  type Setting,
  secretBytes,
  settings,
  showUrl,
  type Values,
} from './settings.ts';

/**
 * The only reader of the environment. A flag goes before its variable, and a variable that is empty
 * counts as absent.
 */

/** A setting that cannot be used: one line for the operator, without any secret in it. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

export interface Settings extends Values {
  /** Always there: a random one where none was given, and tokens then die with the process. */
  readonly tokenSecret: Uint8Array;
  readonly tokenSecretIsRandom: boolean;
  /** Run as `npm start` or `npx`: npm sends a signal on that the terminal has sent to us already. */
  readonly runByNpm: boolean;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** What the command line asks for. Throws nothing: wrong flags are for `readSettings` to find. */
export function readCommand(argv: readonly string[] = process.argv.slice(2)): 'help' | 'version' | 'serve' {
  const names = tokensOf(argv).map((token) => (token.kind === 'option' ? token.name : ''));
  if (names.includes('help')) return 'help';
  return names.includes('version') ? 'version' : 'serve';
}

/** All settings, each checked. Throws a `ConfigError`. */
export function readSettings(
  env: Environment = process.env,
  argv: readonly string[] = process.argv.slice(2),
): Settings {
  const flags = readFlags(argv);
  const values: Record<string, unknown> = {};
  for (const [key, setting] of settings) values[key] = read(setting, flags, env);
  if (values.tokenSecret === undefined && values.redisUrl !== undefined) {
    throw new ConfigError(
      `TOKEN_SECRET is not set; with REDIS_URL, all nodes need the same one: ${howToMakeSecret}.`,
    );
  }
  const tokenSecretIsRandom = values.tokenSecret === undefined;
  if (tokenSecretIsRandom) values.tokenSecret = new Uint8Array(randomBytes(secretBytes));
  const runByNpm = ['start', 'npx'].includes(env.npm_lifecycle_event ?? '');
  // The table is what the type is made of, and every key of it was just read.
  return Object.freeze({ ...values, tokenSecretIsRandom, runByNpm }) as Settings;
}

/** Every setting with its flag, default and purpose, as a table of at most 110 columns. */
export function help(): string {
  const rows = settings.map(([, setting]) => [
    setting.variable,
    setting.noFlag ? '' : flagOf(setting),
    setting.default ?? '',
    setting.about,
  ]);
  const all = [['Variable', 'Flag', 'Default', ''], ...rows];
  const width = (column: number) => Math.max(...all.map((row) => row[column]?.length ?? 0));
  const widths = [width(0), width(1), width(2), 0];
  const lines = all.map((row) =>
    `  ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ')}`.trimEnd(),
  );
  return [
    'Usage: signalbox [--flag value]...',
    '',
    'Every setting is an environment variable or a flag. The flag goes before the variable.',
    '',
    ...lines,
    '',
    '  -h, --help      prints this',
    '  -v, --version   prints the version',
  ].join('\n');
}

function read(setting: Setting, flags: ReadonlyMap<string, string>, env: Environment): unknown {
  const flag = flagOf(setting);
  const given = flags.get(flag);
  const text = given ?? (env[setting.variable] || setting.default);
  if (text === undefined) return undefined;
  const value = setting.parse(text);
  if (value !== undefined) return value;
  const shown = setting.show?.(text) ?? quote(text);
  const name = given === undefined ? setting.variable : `${setting.variable} (${flag})`;
  throw new ConfigError(`${name} is ${shown}; it takes ${setting.takes}.`);
}

function tokensOf(argv: readonly string[]) {
  const { tokens } = parseArgs({
    args: [...argv],
    options: {
      ...Object.fromEntries(settings.map(([, setting]) => [flagOf(setting).slice(2), { type: 'string' }])),
      help: { type: 'boolean', short: 'h' },
      version: { type: 'boolean', short: 'v' },
    },
    // Strict, it would say what is wrong in several lines.
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  return tokens;
}

/** The flags that were given, by their names with the dashes. The last of the same name counts. */
function readFlags(argv: readonly string[]): ReadonlyMap<string, string> {
  const flags = new Map<string, string>();
  for (const token of tokensOf(argv)) {
    if (token.kind === 'option-terminator') continue;
    if (token.kind === 'positional') {
      throw new ConfigError(`${showUrl(token.value)} is more than the flags that are taken; see --help.`);
    }
    const { name, rawName, value, inlineValue } = token;
    if (name === 'help' || name === 'version') continue;
    const setting = settings.find(([, known]) => rawName === flagOf(known))?.[1];
    if (!setting) throw new ConfigError(`${quote(rawName)} is not a flag; see --help.`);
    if (setting.noFlag) {
      throw new ConfigError(
        `${rawName} is not a flag, since ${setting.noFlag}: set the variable ${setting.variable}.`,
      );
    }
    // What follows a flag is taken for its value, even where that is the next flag.
    if (!value || (!inlineValue && value.startsWith('--'))) {
      throw new ConfigError(`${rawName} has no value; it takes ${setting.takes}.`);
    }
    flags.set(rawName, value);
  }
  return flags;
}
