import { expect, it } from 'vitest';
import type { Entry, EntryId, HubOptions, Signal } from '../../src/hub/hub.ts';
import { patienceMs } from '../support/arrivals.ts';
import { type Hubs, TestPeer } from './peer.ts';

export interface Setup {
  readonly hubs: Hubs;
  cleanup(): Promise<void>;
}

/** Two started hubs that serve one deployment; where there is but one node, the same one twice. */
export type SetUp = (options?: Partial<HubOptions>) => Promise<Setup>;

/** A grace period that no test outlives. */
export const defaultOptions: HubOptions = {
  graceMs: 120_000,
  maxPeersPerRoom: 1000,
  maxRoomsPerPeer: 32,
  maxRoomBytes: 4 * 1024 * 1024,
  maxStreams: 10_000,
};

/** What a story works with. */
export interface Stage {
  readonly hubs: Hubs;
  /** A peer with an open stream; the first is on the first hub, the second on the second, and so on. */
  peer(name?: string, id?: string): Promise<TestPeer>;
  /** Peers with these names, all in the room, in this order, and done with hearing of one another. */
  roomOf<const Names extends readonly string[]>(roomId: string, ...names: Names): Promise<Members<Names>>;
}

type Members<Names extends readonly string[]> = { [Index in keyof Names]: TestPeer };

/** Makes `it` for stories that each get hubs of their own, which are cleaned up after them. */
export function storyteller(setUp: SetUp) {
  return (name: string, tell: (stage: Stage) => Promise<void>, options?: Partial<HubOptions>): void => {
    it(name, { timeout: 3 * patienceMs }, async () => {
      const { hubs, cleanup } = await setUp(options);
      const peers: TestPeer[] = [];
      const peer = async (peerName = `peer${peers.length}`, id?: string) => {
        const made = new TestPeer(hubs, peerName, id);
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

/** The error's code that a call is refused with. */
export function refusal(code: string) {
  return expect.objectContaining({ name: 'SignalboxError', code });
}

export function isSignal(entry: Entry): entry is Signal {
  return entry.type === 'Signal';
}

/** Fails unless every id is larger than the one before it. */
export function expectIncreasing(entries: readonly { readonly id: EntryId }[]): void {
  for (const [index, { id }] of entries.entries()) {
    const before = entries[index - 1];
    if (before) expect(BigInt(id) > BigInt(before.id), `${id} comes after ${before.id}`).toBe(true);
  }
}
