import { banner, version } from './banner.ts';
import { SignalboxError } from './errors.ts';
import { createLog, redact } from './log.ts';
import type { Signalbox } from './server.ts';
import { help, readCommand, readSettings, SettingsError } from './settings.ts';

/**
 * The process: its settings, its signals and its exit. The exit code is 0 after SIGTERM or SIGINT. It is 1 if the
 * server cannot start, after an error that nobody handled, and after a second signal.
 */

/**
 * Under npm, one Ctrl+C can arrive twice: from the terminal, and some milliseconds later from npm, which passes it
 * on if its shell is bash, as on macOS. So under npm, a second signal within this time is ignored.
 */
const npmEchoMs = 250;

/** How long an exit waits for a reader of stdout that has not yet taken the log. */
const exitTimeoutMs = 500;

/** Ends the process when stdout has taken the log, or cannot. */
function exit(code: number): void {
  process.stdout.write('', () => process.exit(code));
  setTimeout(() => process.exit(code), exitTimeoutMs);
}

async function serve(): Promise<void> {
  const settings = readSettings();
  // A full disk or a reader that has gone must not end the process. The log counts what it loses.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
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
    // After Ctrl+C a person waits, so cut all streams now. SIGTERM comes from a deployment: spread the cuts.
    await signalbox?.close(signal === 'SIGINT' ? 0 : undefined);
    exit(0);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  // Unhandled rejections arrive here too. After a bug the state is unknown, so the process must not go on.
  process.on('uncaughtException', (error, origin) => {
    log.fatal({ err: error }, origin);
    exit(1);
  });

  // Load the server only now, so that `--help` and wrong settings are answered at once.
  const { startSignalbox } = await import('./server.ts');
  signalbox = await startSignalbox(settings, log);
  const { url, hub, adminUrl } = signalbox;
  log.info({ url, hub, adminUrl, version }, 'listening');
  if (!settings.guestAccess)
    log.info(
      'guests are not admitted: GUEST_ACCESS is false, HOST is not loopback, or TOKEN_SECRET is not set',
    );
  if (settings.nodeEnv !== 'production') process.stderr.write(banner(signalbox));
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
  // Configuration errors take one line. Anything else is a bug: print the stack.
  const known = error instanceof SettingsError || error instanceof SignalboxError;
  const text = known ? error.message : String((error instanceof Error && error.stack) || error);
  process.stderr.write(`${redact(text)}\n`);
  process.exit(1);
}
