import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** A program that the tests need and that npm does not install. */
export interface Program {
  readonly name: string;
  /** The name of Debian's package. */
  readonly aptPackage: string;
  readonly brewPackage: string;
  /** Its possible names in PATH, and full paths outside of PATH. */
  readonly candidates: readonly string[];
  /** The environment variable with its path. It takes precedence over the candidates. */
  readonly variable: string;
}

export const redisServer: Program = {
  name: 'redis-server',
  aptPackage: 'redis-server',
  brewPackage: 'redis',
  candidates: ['redis-server'],
  variable: 'REDIS_SERVER_PATH',
};

export const chromium: Program = {
  name: 'chromium',
  aptPackage: 'chromium',
  brewPackage: '--cask chromium',
  candidates: [
    'chromium',
    'google-chrome',
    'google-chrome-stable',
    'chromium-browser',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  ],
  variable: 'CHROMIUM_PATH',
};

/** The path of the program, or undefined if it is missing. */
export function findProgram(program: Program): string | undefined {
  const given = process.env[program.variable];
  if (given) return isExecutable(given) ? given : undefined;
  for (const candidate of program.candidates) {
    const path = findExecutable(candidate);
    if (path) return path;
  }
  return undefined;
}

/** The path of an executable: looked up in PATH, or unchanged if it is a full path. Undefined if there is none. */
export function findExecutable(command: string): string | undefined {
  if (command.includes('/')) return isExecutable(command) ? command : undefined;
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  return folders.map((folder) => join(folder, command)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
