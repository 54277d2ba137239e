import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** A program, or a library, that the tests need and that npm does not install. */
export interface Program {
  readonly name: string;
  /** The name of Debian's package. */
  readonly aptPackage: string;
  readonly brewPackage: string;
  /** Its possible names in PATH, and full paths outside of PATH. */
  readonly candidates: readonly string[];
  /** The environment variable with its path. It takes precedence over the candidates. */
  readonly variable: string;
  /** Whether it is a file that programs load, not a program. */
  readonly isLibrary?: boolean;
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

/** Lets the chaos checker set the clock of a Redis. */
export const libfaketime: Program = {
  name: 'libfaketime',
  aptPackage: 'libfaketime',
  brewPackage: 'libfaketime',
  candidates: [
    '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1',
    '/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1',
    '/usr/lib64/faketime/libfaketime.so.1',
    '/usr/local/lib/faketime/libfaketime.so.1',
    '/opt/homebrew/lib/faketime/libfaketime.1.dylib',
  ],
  variable: 'LIBFAKETIME_PATH',
  isLibrary: true,
};

/** For the examples in docs/clients, as is Python. */
export const curl: Program = {
  name: 'curl',
  aptPackage: 'curl',
  brewPackage: 'curl',
  candidates: ['curl'],
  variable: 'CURL_PATH',
};

export const python: Program = {
  name: 'python3',
  aptPackage: 'python3',
  brewPackage: 'python',
  candidates: ['python3'],
  variable: 'PYTHON_PATH',
};

/** A package of Python, for the same examples. It is found by the file with which it begins. */
export const pythonRequests: Program = {
  name: "Python's requests",
  aptPackage: 'python3-requests',
  brewPackage: 'python && python3 -m pip install requests',
  candidates: ['/usr/lib/python3/dist-packages/requests/__init__.py'],
  variable: 'PYTHON_REQUESTS_PATH',
  isLibrary: true,
};

export const nginx: Program = {
  name: 'nginx',
  aptPackage: 'nginx',
  brewPackage: 'nginx',
  // Debian keeps servers in a folder that is not in a user's PATH.
  candidates: ['nginx', '/usr/sbin/nginx'],
  variable: 'NGINX_PATH',
};

export const haproxy: Program = {
  name: 'haproxy',
  aptPackage: 'haproxy',
  brewPackage: 'haproxy',
  candidates: ['haproxy', '/usr/sbin/haproxy'],
  variable: 'HAPROXY_PATH',
};

export const caddy: Program = {
  name: 'caddy',
  aptPackage: 'caddy',
  brewPackage: 'caddy',
  candidates: ['caddy'],
  variable: 'CADDY_PATH',
};

/** The TURN server, and the client with which an operator checks it. */
export const turnserver: Program = {
  name: 'turnserver',
  aptPackage: 'coturn',
  brewPackage: 'coturn',
  candidates: ['turnserver'],
  variable: 'TURNSERVER_PATH',
};

/** Checks metrics and alert rules. */
export const promtool: Program = {
  name: 'promtool',
  aptPackage: 'prometheus',
  brewPackage: 'prometheus',
  candidates: ['promtool'],
  variable: 'PROMTOOL_PATH',
};

/** A module of nginx. Only `npm run bench` uses it, and does without if it is missing. */
export const nchanModule: Program = {
  name: 'nchan',
  aptPackage: 'libnginx-mod-nchan',
  brewPackage: 'nginx-full --with-nchan-module',
  candidates: ['/usr/lib/nginx/modules/ngx_nchan_module.so', '/usr/lib64/nginx/modules/ngx_nchan_module.so'],
  variable: 'NCHAN_MODULE_PATH',
  isLibrary: true,
};

/** All programs that the tests need. */
export const programs: readonly Program[] = [
  redisServer,
  chromium,
  libfaketime,
  curl,
  python,
  pythonRequests,
  nginx,
  haproxy,
  caddy,
  turnserver,
  promtool,
];

/** The path of the program, or undefined if it is missing. */
export function findProgram(program: Program): string | undefined {
  const find = program.isLibrary ? findLibrary : findExecutable;
  const given = process.env[program.variable];
  if (given) return find(given);
  for (const candidate of program.candidates) {
    const path = find(candidate);
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

function findLibrary(path: string): string | undefined {
  return mayAccess(path, constants.R_OK) ? path : undefined;
}

function isExecutable(path: string): boolean {
  return mayAccess(path, constants.X_OK);
}

function mayAccess(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}
