import { once } from 'node:events';
import type { Server } from 'node:net';
import { onTestFinished } from 'vitest';
import { createSignalbox, type Signalbox, type SignalboxOptions } from '../../src/index.ts';
import { tokenSecret } from '../support/node.ts';

/** A line of the log, as an application's own log gets it. */
export interface Line {
  readonly level: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

/** A log of an application, which keeps its lines. */
export function keepingLog() {
  const lines: Line[] = [];
  const method = (level: string) => (fields: object, message: string) =>
    void lines.push({ level, fields: fields as Line['fields'], message });
  const logger = {
    debug: method('debug'),
    info: method('info'),
    warn: method('warn'),
    error: method('error'),
  };
  return { lines, logger };
}

/** Makes a node that limits no rates and keeps its log to itself. It is closed at the end of the test. */
export function makeSignalbox(options: SignalboxOptions = {}): Signalbox {
  const { logger } = keepingLog();
  const box = createSignalbox({ tokenSecret, rateAddress: 0, ratePeer: 0, logger, ...options });
  onTestFinished(() => box.close(0));
  return box;
}

/** Resolves to the URL of the server, on a free port of 127.0.0.1. It is closed at the end of the test. */
export async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const address = server.address();
  if (typeof address !== 'object' || !address) throw new Error('The server has no port.');
  return `http://127.0.0.1:${address.port}`;
}
