/**
 * Runs before the tests and looks for the programs that they need. If it runs as root on Debian, it installs the
 * missing ones. Otherwise it prints one line that names them. It prints nothing if all programs are there.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { findExecutable, findProgram, type Program, programs } from './programs.ts';

/** How long one `apt-get` command may take. */
const aptTimeoutMs = 10 * 60_000;

/** Debian's packages run this script before they start a service. Exit code 101 means no (invoke-rc.d(8)). */
const servicePolicy = '/usr/sbin/policy-rc.d';

function findMissing(): readonly Program[] {
  return programs.filter((program) => findProgram(program) === undefined);
}

async function install(missing: readonly Program[]): Promise<void> {
  const packages = missing.map(({ aptPackage }) => aptPackage);
  process.stderr.write(`Installing the programs that the tests need with apt-get: ${packages.join(', ')}\n`);
  const release = holdServices();
  try {
    await aptGet('update', '-qq');
    await aptGet('install', '-y', '-qq', '--no-install-recommends', ...packages);
  } finally {
    release();
  }
}

/**
 * Keeps the installation from starting the distribution's own Redis, because the tests start theirs. The policy
 * applies only while this process lives, so a file that is left behind does no harm.
 */
function holdServices(): () => void {
  if (existsSync(servicePolicy)) return () => undefined;
  const policy = `#!/bin/sh\nif kill -0 ${process.pid} 2>/dev/null; then exit 101; fi\nexit 0\n`;
  writeFileSync(servicePolicy, policy, { mode: 0o755 });
  const release = () => rmSync(servicePolicy, { force: true });
  process.once('exit', release);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  return release;
}

async function aptGet(...args: string[]): Promise<void> {
  const child = spawn('apt-get', args, {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    timeout: aptTimeoutMs,
  });
  const [code, signal] = await once(child, 'exit');
  if (code !== 0) process.stderr.write(`apt-get ${args[0]} failed with ${code ?? signal}\n`);
}

function explain(missing: readonly Program[]): string {
  const names = new Intl.ListFormat('en').format(missing.map(({ name }) => name));
  const variables = missing.map(({ variable }) => variable).join(', ');
  const how =
    process.platform === 'darwin'
      ? missing.map(({ brewPackage }) => `brew install ${brewPackage}`).join(' && ')
      : `apt-get install ${missing.map(({ aptPackage }) => aptPackage).join(' ')} (as root)`;
  return `The tests need ${names}: ${how}, or set their paths in ${variables}.`;
}

let missing = findMissing();
if (missing.length > 0 && process.getuid?.() === 0 && findExecutable('apt-get')) {
  await install(missing);
  missing = findMissing();
}
if (missing.length > 0) {
  process.stderr.write(`${explain(missing)}\n`);
  process.exitCode = 1;
}
