import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { isLoopback } from './loopback.ts';
import { flagOf, type Setting, settings, type Values } from './settings-table.ts';
import { quote, showUrl } from './settings-values.ts';
import { describeSecrets, howToMakeSecret, parseSecrets } from './token-secret.ts';

/**
 * The only reader of the environment. A flag takes precedence over its variable. An empty variable counts as
 * absent. The library takes options in place of both.
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

/** The settings of another process's server: its port and NODE_ENV are not Signalbox's. */
type OptionKey = Exclude<keyof Values, 'port' | 'nodeEnv' | 'tokenSecrets' | 'adminPort' | 'adminHost'>;

/** Settings as the library takes them: each has the name of its variable, in camelCase. */
export type SettingOptions = { readonly [Key in OptionKey]?: Values[Key] | undefined } & {
  /** The first signs tokens, and all verify them. */
  readonly tokenSecret?: string | readonly string[] | undefined;
};

/** A text that was given for a setting, and the name under which it was given. */
interface Given {
  readonly name: string;
  readonly text: string;
}

/** The environment with the flags, or the options of the library. */
interface Source {
  /** Undefined if nothing was given. */
  given(setting: Setting): Given | undefined;
  /** How errors call a setting. */
  nameOf(variable: string): string;
}

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
  const values = readAll({
    given: (setting) => {
      const { variable } = setting;
      const text = flags.get(flagOf(setting));
      if (text !== undefined) return { name: `${variable} (${flagOf(setting)})`, text };
      return env[variable] ? { name: variable, text: env[variable] } : undefined;
    },
    nameOf: (variable) => variable,
  });
  return Object.freeze({ ...values, runByNpm: ['start', 'npx'].includes(env.npm_lifecycle_event ?? '') });
}

/**
 * Checks options in place of the environment, of which only NODE_ENV counts. Throws a `SettingsError` that names every
 * option that is wrong or unknown.
 */
export function settingsOf(options: SettingOptions, env: Environment = process.env): Settings {
  const given: Readonly<Record<string, unknown>> = { ...options };
  const known = settings.map(([, { variable }]) => variable).filter((name) => !notOptions.has(name));
  const unknown = Object.keys(given).filter((name) => !known.map(optionOf).includes(name));
  const values = readAll(
    {
      given: ({ variable }) => {
        const isOption = !notOptions.has(variable);
        const name = isOption ? optionOf(variable) : variable;
        const value = isOption ? given[name] : env[variable];
        if (value === null) throw new SettingsError(`${name} is null; leave it out for its default.`);
        return value === undefined || value === '' ? undefined : { name, text: textOf(value) };
      },
      nameOf: optionOf,
    },
    unknown.map((name) => `Unknown option: ${quote(name)}${name === 'port' ? noPort : '.'}`),
  );
  return Object.freeze({ ...values, runByNpm: false });
}

/** What the library takes no options for. Other libraries read NODE_ENV too, and only from the environment. */
const notOptions: ReadonlySet<string> = new Set(['PORT', 'NODE_ENV', 'ADMIN_PORT', 'ADMIN_HOST']);

const noPort = '; the server that calls the handler listens.';

/** `GRACE_SECONDS` is `graceSeconds`. */
function optionOf(variable: string): string {
  return variable.toLowerCase().replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** The text by which an operator would give this value. */
function textOf(value: unknown): string {
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value.join(',');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** `knownFaults`: what is wrong besides the values. */
function readAll(source: Source, knownFaults: readonly string[] = []): Omit<Settings, 'runByNpm'> {
  const read: Record<string, unknown> = {};
  const faults = [...knownFaults];
  const nodeEnv = settings.find(([key]) => key === 'nodeEnv')?.[1];
  const inProduction = nodeEnv !== undefined && source.given(nodeEnv)?.text === 'production';
  let guestsAreSettled = false;
  for (const [key, setting] of settings) {
    try {
      const given = source.given(setting);
      if (key === 'guestAccess') guestsAreSettled = given !== undefined;
      read[key] = readOne(setting, given, inProduction);
    } catch (error) {
      if (!(error instanceof SettingsError)) throw error;
      faults.push(error.message);
    }
  }
  if (faults.length > 0) throw new SettingsError(faults.join(' '));
  // The type is derived from the table, and the loop above has read every key of the table.
  const values = read as unknown as Values;
  checkTurn(values, source);
  const tokenSecrets = secretsOf(values, source);
  const mayHaveGuests = tokenSecrets !== undefined || values.jwksUrl === undefined;
  if (guestsAreSettled && values.guestAccess && !mayHaveGuests) {
    const [guests, secret] = [source.nameOf('GUEST_ACCESS'), source.nameOf('TOKEN_SECRET')];
    throw new SettingsError(
      `${guests} is true, and ${secret} is not set: guests' tokens are signed with it.`,
    );
  }
  return {
    ...values,
    tokenSecrets,
    // Whoever opens the server to a network may not know that it admits strangers.
    guestAccess: values.guestAccess && mayHaveGuests && (guestsAreSettled || isLoopback(values.host)),
  };
}

/**
 * The secrets of TOKEN_SECRET or of its file. Undefined if neither is set, which is fine on a laptop, and if all tokens are
 * signed with keys of JWKS_URL.
 */
function secretsOf(
  { tokenSecrets, tokenSecretFile, jwksUrl, redisUrl, nodeEnv }: Values,
  { nameOf }: Source,
): Values['tokenSecrets'] {
  const name = nameOf('TOKEN_SECRET');
  if (tokenSecretFile !== undefined) {
    const nameOfFile = nameOf('TOKEN_SECRET_FILE');
    if (tokenSecrets) throw new SettingsError(`${name} and ${nameOfFile} are both set: set only one.`);
    return readSecretFile(nameOfFile, tokenSecretFile);
  }
  if (tokenSecrets) return tokenSecrets;
  if (jwksUrl !== undefined) return undefined;
  if (redisUrl !== undefined) {
    throw new SettingsError(
      `${name} is not set; with ${nameOf('REDIS_URL')}, all nodes need the same secret: ${howToMakeSecret}.`,
    );
  }
  if (nodeEnv === 'production') {
    throw new SettingsError(`${name} is not set; NODE_ENV=production needs one: ${howToMakeSecret}.`);
  }
  return undefined;
}

/** One of the two without the other would give clients no TURN server, in silence. */
function checkTurn({ turnUrls, turnSecret }: Values, { nameOf }: Source): void {
  if ((turnUrls === undefined) === (turnSecret === undefined)) return;
  const [given, missing] = turnUrls ? ['TURN_URLS', 'TURN_SECRET'] : ['TURN_SECRET', 'TURN_URLS'];
  throw new SettingsError(`${nameOf(given)} is set, and ${nameOf(missing)} is not: set both, or neither.`);
}

function readSecretFile(setting: string, path: string): readonly Uint8Array[] {
  const name = `${setting} is ${quote(path)}`;
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

function readOne(setting: Setting, given: Given | undefined, inProduction: boolean): unknown {
  const text = given?.text ?? (inProduction ? setting.productionDefault : undefined) ?? setting.default;
  if (text === undefined) return undefined;
  const value = setting.parse(text);
  if (value !== undefined) return value;
  const shown = setting.show?.(text) ?? quote(text);
  throw new SettingsError(`${given?.name ?? setting.variable} is ${shown}; it takes ${setting.takes}.`);
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
