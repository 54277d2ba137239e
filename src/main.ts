import { banner, version } from './banner.ts';
import { ConfigError, help, readCommand, readSettings } from './config.ts';
import { SignalboxError } from './errors.ts';
import { createLog, redact } from './log.ts';
import type { Signalbox } from './server.ts';

/**
 * The process: its settings, its signals, and how it ends. It exits with 0 after SIGTERM or SIGINT,
 * and with 1 where it cannot start, where a bug shows, or at a second signal.
 */

/**
 * Under npm, one Ctrl+C can arrive twice: from the terminal, and some milliseconds later from npm,
 * which passes it on (where its shell is bash, as on macOS). Only there is a second signal that
 * follows so soon taken for the first.
 */
const npmEchoMs = 250;

async function serve(): Promise<void> {
  const settings = readSettings();
  const log = createLog(settings);
  let signalbox: Signalbox | undefined;
  let stoppingSince: number | undefined;

  const stop = async (signal: NodeJS.Signals) => {
    if (stoppingSince !== undefined) {
      if (settings.runByNpm && performance.now() - stoppingSince < npmEchoMs) return;
      process.exit(1);
    }
    stoppingSince = performance.now();
    log.info({ signal }, 'stopping');
    // Ctrl+C is a person who waits; SIGTERM is a deployment, which wants its clients spread.
    await signalbox?.close(signal === 'SIGINT' ? 0 : undefined);
    process.exit(0);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  // Rejections that nobody handles come here too. What state a bug has left is unknown: no going on.
  process.on('uncaughtException', (error, origin) => {
    log.fatal({ err: error }, origin);
    process.exit(1);
  });

  // Loaded only now: neither `--help` nor a wrong setting has to wait for it.
  const { startSignalbox } = await import('./server.ts');
  signalbox = await startSignalbox(settings, log);
  const { url, hub } = signalbox;
  log.info({ url, hub, version }, 'listening');
  if (settings.tokenSecretIsRandom) {
    log.warn('TOKEN_SECRET is not set: a random one is used, and all tokens die with this process.');
  }
  if (settings.nodeEnv !== 'production') process.stdout.write(banner(signalbox));
}

async function run(): Promise<void> {
  switch (readCommand()) {
    case 'help':
      process.stdout.write(`Signalbox ${version}, a signalling server for WebRTC\n\n${help()}\n`);
      return;
    case 'version':
      process.stdout.write(`${version}\n`);
      return;
    case 'serve':
      await serve();
  }
}

try {
  await run();
} catch (error) {
  // What the operator can mend is said in one line; anything else is a bug, and its stack is wanted.
  const known = error instanceof ConfigError || error instanceof SignalboxError;
  const text = known ? error.message : String((error instanceof Error && error.stack) || error);
  process.stderr.write(`${redact(text)}\n`);
  process.exit(1);
}
