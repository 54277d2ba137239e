import { getHeapStatistics } from 'node:v8';

const MiB = 1024 * 1024;
/** V8's limit includes the young generation, which keeps nothing for long: in Node.js 24, 3 semi-spaces of 64 MiB. */
const youngBytes = 3 * 64 * MiB;

/** The parts of the heap that the hub may fill. What they leave is for requests, connections and code. */
const shares = {
  /** The inboxes of all sessions in memory. */
  inboxes: { part: 1 / 4, maxBytes: 256 * MiB },
  /** The backlogs of all streams. In memory, most of their entries are in inboxes too. */
  backlogs: { part: 1 / 4, maxBytes: 256 * MiB },
  /** The members of all rooms in memory, with their states. */
  states: { part: 1 / 8, maxBytes: 128 * MiB },
  /** The receipts of all sessions in memory. 20 for each of 10,000 sessions take 50 MiB. */
  receipts: { part: 1 / 16, maxBytes: 64 * MiB },
} as const;

/** A bound in bytes: a part of the heap for what stays, and no more than a busy node needs. */
export function heapShare(of: keyof typeof shares): number {
  const { part, maxBytes } = shares[of];
  const { heap_size_limit: limit } = getHeapStatistics();
  return Math.min(Math.max(limit - youngBytes, limit / 8) * part, maxBytes);
}
