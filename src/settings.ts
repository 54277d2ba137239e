import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { flagOf, quote, type Setting, settings, showUrl, type Values } from './settings-table.ts';
import { describeSecrets, howToMakeSecret, parseSecrets } from './token-secret.ts';

/**
 * The only reader of the environment. A flag takes precedence over its variable. An empty variable counts as
 * absent.
 */

/** A mistake in the configuration. Its message is one line for the operator, and contains no secret. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

export interface Settings extends Values {
  /** Whether `npm start` or `npx` runs this process. npm repeats the signals that the terminal sends. */
  readonly runByNpm: boolean;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** What the command line asks for. Does not throw: `readSettings` reports wrong flags. */
export function readCommand(argv: readonly string[] = process.argv.slice(2)): 'help' | 'version' | 'serve' {
  const names = tokensOf(argv).map((token) => (token.kind === 'option' ? token.name : ''));
  if (names.includes('help')) return 'help';
  return names.includes('version') ? 'version' : 'serve';
}

/** Reads and checks all settings. Throws a `SettingsError` that names every setting that is wrong. */
export function readSettings(
  env: Environment = process.env,
  argv: readonly string[] = process.argv.slice(2),
): Settings {
  const flags = readFlags(argv);
  const read: Record<string, unknown> = {};
  const faults: string[] = [];
  for (const [key, setting] of settings) {
    try {
      read[key] = readOne(setting, flags, env);
    } catch (error) {
      if (!(error instanceof SettingsError)) throw error;
      faults.push(error.message);
    }
  }
  if (faults.length > 0) throw new SettingsError(faults.join(' '));
  // The type is derived from the table, and the loop above has read every key of the table.
  const values = read as unknown as Values;
  const guestsAreSettled = flags.has('--guest-access') || Boolean(env.GUEST_ACCESS);
  return Object.freeze({
    ...values,
    tokenSecrets: secretsOf(values),
    // Whoever opens the server to a network may not know that it admits strangers.
    guestAccess: values.guestAccess && (guestsAreSettled || isLoopback(values.host)),
    runByNpm: ['start', 'npx'].includes(env.npm_lifecycle_event ?? ''),
  });
}

/** The secrets of TOKEN_SECRET or of its file. Undefined if neither is set, which is fine on a laptop only. */
function secretsOf({ tokenSecrets, tokenSecretFile, redisUrl, nodeEnv }: Values): Values['tokenSecrets'] {
  if (tokenSecretFile !== undefined) {
    if (tokenSecrets)
      throw new SettingsError('TOKEN_SECRET and TOKEN_SECRET_FILE are both set: set only one.');
    return readSecretFile(tokenSecretFile);
  }
  if (tokenSecrets) return tokenSecrets;
  if (redisUrl !== undefined) {
    throw new SettingsError(
      `TOKEN_SECRET is not set; with REDIS_URL, all nodes need the same secret: ${howToMakeSecret}.`,
    );
  }
  if (nodeEnv === 'production') {
    throw new SettingsError(`TOKEN_SECRET is not set; NODE_ENV=production needs one: ${howToMakeSecret}.`);
  }
  return undefined;
}

function readSecretFile(path: string): readonly Uint8Array[] {
  const name = `TOKEN_SECRET_FILE is ${quote(path)}`;
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw new SettingsError(`${name}, which cannot be read: ${(error as NodeJS.ErrnoException).code}.`);
  }
  if (!isUtf8(bytes)) throw new SettingsError(`${name}, which is not a text in UTF-8: ${howToMakeSecret}.`);
  // Editors and `openssl rand -base64` end a file with a new line.
  const text = bytes.toString().replace(/\r?\n$/, '');
  const secrets = parseSecrets(text);
  if (secrets) return secrets;
  throw new SettingsError(`${name}, and its secret is ${describeSecrets(text)}: ${howToMakeSecret}.`);
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

/** The text of `--help`: a table of all settings, at most 120 columns wide. */
export function help(): string {
  const rows = settings.map(([, setting]) => [
    setting.variable,
    setting.noFlag ? '' : flagOf(setting),
    setting.default ?? '',
    setting.about,
  ]);
  const all = [['Variable', 'Flag', 'Default', 'Meaning'], ...rows];
  const width = (column: number) => Math.max(...all.map((row) => row[column]?.length ?? 0));
  const widths = [width(0), width(1), width(2), 0];
  const lines = all.map((row) =>
    `  ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ')}`.trimEnd(),
  );
  return [
    'Usage: signalbox [--flag value]...',
    '',
    'Every setting is an environment variable. Most are flags too; a flag takes precedence over its variable.',
    '',
    ...lines,
    '',
    '  -h, --help      prints this help',
    '  -v, --version   prints the version',
  ].join('\n');
}

function readOne(setting: Setting, flags: ReadonlyMap<string, string>, env: Environment): unknown {
  const flag = flagOf(setting);
  const given = flags.get(flag);
  const text = given ?? (env[setting.variable] || defaultOf(setting, env));
  if (text === undefined) return undefined;
  const value = setting.parse(text);
  if (value !== undefined) return value;
  const shown = setting.show?.(text) ?? quote(text);
  const name = given === undefined ? setting.variable : `${setting.variable} (${flag})`;
  throw new SettingsError(`${name} is ${shown}; it takes ${setting.takes}.`);
}

function defaultOf(setting: Setting, { NODE_ENV }: Environment): string | undefined {
  return (NODE_ENV === 'production' ? setting.productionDefault : undefined) ?? setting.default;
}

function tokensOf(argv: readonly string[]) {
  const { tokens } = parseArgs({
    args: [...argv],
    options: {
      ...Object.fromEntries(settings.map(([, setting]) => [flagOf(setting).slice(2), { type: 'string' }])),
      help: { type: 'boolean', short: 'h' },
      version: { type: 'boolean', short: 'v' },
    },
    // In strict mode, `parseArgs` throws messages of several lines.
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  return tokens;
}

/** The given flags: values by name, dashes included. If a flag is repeated, its last value counts. */
function readFlags(argv: readonly string[]): ReadonlyMap<string, string> {
  const flags = new Map<string, string>();
  for (const token of tokensOf(argv)) {
    if (token.kind === 'option-terminator') continue;
    if (token.kind === 'positional') {
      throw new SettingsError(`Unexpected argument: ${showUrl(token.value)}; see --help.`);
    }
    const { name, rawName, value, inlineValue } = token;
    if (name === 'help' || name === 'version') continue;
    const setting = settings.find(([, known]) => rawName === flagOf(known))?.[1];
    if (!setting) throw new SettingsError(`Unknown flag: ${quote(rawName)}; see --help.`);
    if (setting.noFlag) {
      throw new SettingsError(
        `${setting.variable} has no flag, because ${setting.noFlag}: set the variable ${setting.variable}.`,
      );
    }
    // `parseArgs` takes the next argument as the value, even if it is a flag.
    if (!value || (!inlineValue && value.startsWith('--'))) {
      throw new SettingsError(`${rawName} has no value; it takes ${setting.takes}.`);
    }
    flags.set(rawName, value);
  }
  return flags;
}
