import { checkout, type Program } from './systems.ts';

/** How much to measure. */
export interface Effort {
  /** How often each system is measured, in turn with the others. */
  readonly rounds: number;
  /** Relays before the first round, so that V8 has compiled the code that they run. */
  readonly warmUp: number;
  /** Relays in each round. */
  readonly relays: number;
  /** How long each round sends relays at a steady rate. */
  readonly seconds: number;
  /** Deliveries of broadcasts in each round. */
  readonly deliveries: number;
  /** The sizes of the rooms that receive broadcasts. */
  readonly rooms: readonly number[];
  /** Streams to open, for the memory of each. */
  readonly streams: number;
  /** Requests in each round. */
  readonly requests: number;
  /** Peers that join one room, and in how many rounds. */
  readonly joiners: number;
  readonly joinRounds: number;
  /** Streams that a node loses at once, and in how many rounds. */
  readonly lost: number;
  readonly losses: number;
  /** Folders of other checkouts of Signalbox to measure too. */
  readonly against: readonly string[];
}

/** The systems to measure in turn: this checkout, the other checkouts, and the baselines. */
export function systemsToCompare<P extends Program>(
  ours: readonly P[],
  { against }: Effort,
  baselines: readonly P[],
): readonly P[] {
  const elsewhere = against.flatMap((folder) => ours.map((program) => checkout(program, folder)));
  return [...ours, ...elsewhere, ...baselines];
}

export const thorough: Effort = {
  rounds: 7,
  warmUp: 4800,
  relays: 1600,
  seconds: 1,
  deliveries: 6000,
  rooms: [100, 1000],
  streams: 5000,
  requests: 4000,
  joiners: 500,
  joinRounds: 2,
  lost: 5000,
  losses: 3,
  against: [],
};

/** Enough to see whether something changed much. */
export const quick: Effort = {
  rounds: 5,
  warmUp: 3200,
  relays: 800,
  seconds: 1,
  deliveries: 5000,
  rooms: [100],
  streams: 2000,
  requests: 1600,
  joiners: 200,
  joinRounds: 1,
  lost: 1000,
  losses: 1,
  against: [],
};
