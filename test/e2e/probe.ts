/**
 * Goes into a server's process beside it (`--import`), to say what it holds. At SIGUSR2 it counts what
 * is alive after a full collection of garbage, and writes a line of the log for the test to read.
 */
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { getHeapStatistics, queryObjects } from 'node:v8';
import { EventStream } from '../../src/http/sse.ts';
import { LocalSession } from '../../src/hub/redis/local-session.ts';
import { Stream } from '../../src/hub/stream.ts';

/** What a server holds, for a test to compare. */
export interface Holdings {
  readonly streams: number;
  readonly eventStreams: number;
  readonly sessions: number;
  readonly requests: number;
  readonly responses: number;
  readonly sockets: number;
  readonly promises: number;
  readonly timers: number;
  readonly listeners: number;
  readonly heapBytes: number;
}

function count(kind: { readonly prototype: object }): number {
  return queryObjects(kind as Parameters<typeof queryObjects>[0], { format: 'count' });
}

let taken = 0;

/** `count` collects all garbage first, and the last one before the heap is read has done so too. */
function take(): Holdings {
  const holdings = {
    streams: count(Stream),
    eventStreams: count(EventStream),
    sessions: count(LocalSession),
    requests: count(IncomingMessage),
    responses: count(ServerResponse),
    sockets: count(Socket),
    promises: count(Promise),
  };
  const timers = process
    .getActiveResourcesInfo()
    .filter((kind) => /^(?:Timeout|Immediate)$/.test(kind)).length;
  const listeners = process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0);
  return { ...holdings, timers, listeners, heapBytes: getHeapStatistics().used_heap_size };
}

process.on('SIGUSR2', () => {
  process.stdout.write(`${JSON.stringify({ msg: `holdings ${++taken}`, ...take() })}\n`);
});
