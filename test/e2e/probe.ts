/**
 * Runs in a node's process (`--import`) and counts what the node holds. At SIGUSR2, it counts the objects that
 * are alive after a full garbage collection, and writes a log line for the test to read.
 */
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { getHeapStatistics, queryObjects } from 'node:v8';
import { StreamPump } from '../../src/http/stream-pump.ts';
import { LocalStream } from '../../src/hub/redis/streams/local-stream.ts';
import { Stream } from '../../src/hub/stream.ts';

/** What a node holds at one moment. */
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

/** Each `count` collects all garbage first. So the heap is clean when its size is read. */
function take(): Holdings {
  const holdings = {
    streams: count(Stream),
    eventStreams: count(StreamPump),
    sessions: count(LocalStream),
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
