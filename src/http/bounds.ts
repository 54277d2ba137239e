import type { BytePoolOptions } from '../limits/byte-pool.ts';
import type { FairQueueOptions } from '../limits/fair-queue.ts';
import { otherFiles } from '../limits/open-files.ts';
import type { BodiesBounds } from './body.ts';
import type { ConnectionBounds } from './connections.ts';

/** The bounds of everything that clients make the HTTP side hold. */
export interface HttpBounds {
  readonly connections: ConnectionBounds;
  readonly bodies: BodiesBounds;
  /** Answers that clients have not read yet. Answers up to 16 KiB fit into the buffers of TCP, and are not counted. */
  readonly answers: BytePoolOptions;
  /** Requests that run at a time, and separately those that may open a stream. Open streams do not count. */
  readonly turns: FairQueueOptions;
}

const MiB = 1024 * 1024;

/** The most connections beyond one for each stream: those of browsers, and those that load balancers keep open. */
const maxCallConnections = 10_000;
/** Enough for health checks to find room, even in a flood of connections. */
const maxReserve = 256;

export interface BoundsOptions {
  readonly maxStreams: number;
  readonly maxDataBytes: number;
  /** Undefined if the system does not say. */
  readonly maxOpenFiles?: number | undefined;
  readonly trustProxy: number;
}

export function httpBounds(options: BoundsOptions): HttpBounds {
  const { maxStreams, maxDataBytes, maxOpenFiles = Number.MAX_SAFE_INTEGER, trustProxy } = options;
  // Allows for escapes, which can take four times the bytes of `data`, and for a query of 64 KiB.
  const maxBodyBytes = 4 * maxDataBytes + 64 * 1024;
  const large = Math.max(64 * MiB, 64 * maxBodyBytes);
  const files = maxOpenFiles - Math.min(otherFiles + maxReserve, Math.floor(maxOpenFiles / 2));
  // If a process may open no more files, Node.js drops new connections on Linux, and logs nothing.
  const connections = Math.min(maxStreams + maxCallConnections, files);
  return {
    connections: {
      maxConnections: connections,
      limitedBy: connections === files ? 'open files' : 'MAX_STREAMS',
      // Behind a trusted proxy, all connections are the proxy's.
      maxConnectionsPerAddress: trustProxy > 0 ? connections : Math.ceil(connections / 2),
      maxReserve,
      maxWaitingPerConnection: 256,
      maxWaitingPerAddress: 1024,
      maxWaiting: 8192,
      writeTimeoutMs: 30_000,
      unfinishedHeads: { maxBytes: 64 * MiB, maxBytesPerKey: (trustProxy > 0 ? 64 : 16) * MiB },
    },
    bodies: {
      maxBytes: maxBodyBytes,
      small: { maxBytes: 64 * MiB, maxBytesPerKey: 16 * MiB },
      large: { maxBytes: large, maxBytesPerKey: large / 4 },
    },
    answers: { maxBytes: 64 * MiB, maxBytesPerKey: 16 * MiB },
    turns: {
      maxRunning: 128,
      maxRunningPerKey: 32,
      waitTimeoutMs: 400,
      maxWaitMs: 2000,
      maxWaitingPerKey: 2048,
    },
  };
}
