import { checkout, type Program } from './systems.ts';

/** How much to measure. */
export interface Effort {
  /** How often each system is measured, in turn with the others. Odd, so that a median is a value of one round. */
  readonly rounds: number;
  /** How long a system may take to become steady. */
  readonly warmUpSeconds: number;
  /** Relays in each round. */
  readonly relays: number;
  /** How long each round sends relays at a steady rate. */
  readonly seconds: number;
  /** Deliveries of broadcasts in each round. */
  readonly deliveries: number;
  /** The sizes of the rooms that receive broadcasts. */
  readonly rooms: readonly number[];
  /** Streams to open, for the memory of each, and in how many rounds. */
  readonly streams: number;
  readonly streamRounds: number;
  /** Requests in each round. */
  readonly requests: number;
  /** Peers that join one room, and in how many rounds. */
  readonly joiners: number;
  readonly joinRounds: number;
  /** Streams that a node loses at once, and in how many rounds. */
  readonly lost: number;
  readonly losses: number;
  /** How the cost grows: with so many nodes, rooms, and bytes of a message. */
  readonly growth: {
    readonly rounds: number;
    readonly warmUpSeconds: number;
    readonly nodes: readonly number[];
    readonly rooms: readonly number[];
    readonly bytes: readonly number[];
  };
  /** Folders of other checkouts of Signalbox to measure too. */
  readonly against: readonly string[];
}

/** The systems to measure in turn: this checkout, the other checkouts, and the contenders. */
export function systemsToCompare<P extends Program>(
  ours: readonly P[],
  { against }: Effort,
  contenders: readonly P[],
): readonly P[] {
  const elsewhere = against.flatMap((folder) => ours.map((program) => checkout(program, folder)));
  return [...ours, ...elsewhere, ...contenders];
}

export const thorough: Effort = {
  rounds: 7,
  warmUpSeconds: 12,
  relays: 1600,
  seconds: 2,
  deliveries: 6000,
  rooms: [10, 100, 1000],
  streams: 10_000,
  streamRounds: 1,
  requests: 4000,
  joiners: 500,
  joinRounds: 3,
  lost: 5000,
  losses: 3,
  growth: {
    rounds: 5,
    warmUpSeconds: 5,
    nodes: [1, 2, 3, 4],
    rooms: [16, 100, 1000, 5000],
    bytes: [100, 1000, 4000, 16_000, 64_000],
  },
  against: [],
};

/** Enough to see whether something changed much. */
export const quick: Effort = {
  rounds: 3,
  warmUpSeconds: 2,
  relays: 800,
  seconds: 1,
  deliveries: 3000,
  rooms: [100],
  streams: 1000,
  streamRounds: 1,
  requests: 1600,
  joiners: 200,
  joinRounds: 1,
  lost: 1000,
  losses: 1,
  growth: { rounds: 1, warmUpSeconds: 2, nodes: [1, 2, 4], rooms: [16, 1000], bytes: [100, 64_000] },
  against: [],
};
