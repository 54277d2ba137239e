import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** A program that the tests need, and that npm does not bring. */
export interface Program {
  readonly name: string;
  /** What Debian's package is called. */
  readonly aptPackage: string;
  readonly brewPackage: string;
  /** Names it goes by, and full paths where no name finds it. */
  readonly candidates: readonly string[];
  /** The variable that says where it is, before all else. */
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

/** Where the program is, or undefined where it is not to be found. */
export function findProgram(program: Program): string | undefined {
  const told = process.env[program.variable];
  if (told) return isExecutable(told) ? told : undefined;
  for (const candidate of program.candidates) {
    const path = findExecutable(candidate);
    if (path) return path;
  }
  return undefined;
}

/** A command in PATH, or a full path as it is, where it can be executed. */
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
