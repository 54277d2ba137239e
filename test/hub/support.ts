import { pino } from 'pino';
import { expect, it } from 'vitest';
import type { Cursor, Entry, HubOptions, Signal } from '../../src/hub/hub.ts';
import type { BeatsEvents } from '../../src/hub/redis/beats.ts';
import { patienceMs } from '../support/arrivals.ts';
import { type Hubs, TestPeer, type TestPeerOptions } from './peer.ts';

export interface Setup {
  readonly hubs: Hubs;
  cleanup(): Promise<void>;
}

/** Starts two hubs of one deployment, or gives the hub of a single node twice. */
export type SetUp = (options?: Partial<HubOptions>) => Promise<Setup>;

/** The grace period is longer than any test. */
export const defaultOptions: HubOptions = {
  log: pino({ level: 'silent' }),
  graceMs: 120_000,
  maxPeersPerRoom: 1000,
  maxRoomsPerPeer: 32,
  maxRoomBytes: 4 * 1024 * 1024,
  maxStreams: 10_000,
};

const ignore = () => undefined;

/** Events of beats that a test does not look at. */
export const ignoredEvents: BeatsEvents = {
  ...{ beaten: ignore, failed: ignore, givenUp: ignore, takenOver: ignore },
  ...{ listenerDead: ignore, commandsDead: ignore, misplaced: ignore },
};

/** The hubs of one story, and the means to put peers on them. */
export interface Stage {
  readonly hubs: Hubs;
  /** A peer with an open stream. The streams of a story's peers alternate between the two hubs. */
  peer(name?: string, options?: TestPeerOptions): Promise<TestPeer>;
  /** Peers with these names, who have joined the room in this order and have taken each other's `PeerAdded`. */
  roomOf<const Names extends readonly string[]>(roomId: string, ...names: Names): Promise<Members<Names>>;
}

type Members<Names extends readonly string[]> = { [Index in keyof Names]: TestPeer };

/** Returns an `it` whose tests each get hubs of their own, closed after the test. */
export function storyteller(setUp: SetUp) {
  return (name: string, tell: (stage: Stage) => Promise<void>, options?: Partial<HubOptions>): void => {
    it(name, { timeout: 3 * patienceMs }, async () => {
      const { hubs, cleanup } = await setUp(options);
      const peers: TestPeer[] = [];
      const peer = async (peerName = `peer${peers.length}`, peerOptions?: TestPeerOptions) => {
        const made = new TestPeer(hubs, peerName, peerOptions);
        peers.push(made);
        await made.open(undefined, peers.length - 1);
        return made;
      };
      const roomOf = async <const Names extends readonly string[]>(roomId: string, ...names: Names) => {
        const members: TestPeer[] = [];
        for (const memberName of names) {
          const joiner = await peer(memberName);
          await joiner.join(roomId);
          await joiner.take(members.length);
          for (const present of members) await present.next((e) => e.peer.id === joiner.id);
          members.push(joiner);
        }
        return members as Members<Names>;
      };
      try {
        await tell({ hubs, peer, roomOf });
      } finally {
        for (const open of peers) await open.drop();
        await cleanup();
      }
    });
  };
}

export type Story = ReturnType<typeof storyteller>;

/** Matches a `SignalboxError` with this code. */
export function refusal(code: string) {
  return expect.objectContaining({ name: 'SignalboxError', code });
}

export function isSignal(entry: Entry): entry is Signal {
  return entry.type === 'Signal';
}

/** Fails unless every cursor is larger than the one before it. */
export function expectIncreasing(entries: readonly { readonly cursor: Cursor }[]): void {
  for (const [index, { cursor }] of entries.entries()) {
    const before = entries[index - 1];
    if (before)
      expect(BigInt(cursor) > BigInt(before.cursor), `cursor ${cursor} after ${before.cursor}`).toBe(true);
  }
}
