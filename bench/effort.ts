import { checkout, type Program } from './systems.ts';

/** How much is measured. */
export interface Effort {
  /** Of systems measured in turn. */
  readonly rounds: number;
  /** Relays of a system before the first round: V8 compiles what it has seen often enough. */
  readonly warmUp: number;
  /** Relays a round. */
  readonly relays: number;
  /** Of relays at a steady rate, a round. */
  readonly seconds: number;
  /** Deliveries of broadcasts a round. */
  readonly deliveries: number;
  /** Members of rooms that are broadcast to. */
  readonly rooms: readonly number[];
  /** Open streams, for the memory that one takes. */
  readonly streams: number;
  /** Requests a round. */
  readonly requests: number;
  /** Peers that join one room, and how many times over. */
  readonly joiners: number;
  readonly joinRounds: number;
  /** Streams that are lost with their node, and how many times over. */
  readonly lost: number;
  readonly losses: number;
  /** Other checkouts of Signalbox to measure beside this one. */
  readonly against: readonly string[];
}

/** What is measured side by side: ours, ours as it is elsewhere, and the baselines. */
export function rivals<P extends Program>(
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

/** To see whether something changed much. */
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
