import { number, point, splitName, table, times } from './format.ts';
import { earlierVersion, medianOf, type Place, ratioOf } from './lookup.ts';

/** What Signalbox shall cost, as a ratio to another system in the same rounds, or as a figure by itself. */
interface Target {
  readonly subject: string;
  readonly place: Place;
  /** Default: `signalbox`. */
  readonly system?: string;
  /** The other system; `earlier` is the checkout of `--against`. Undefined: the figure by itself counts. */
  readonly to?: string;
  readonly atMost: number;
  /** Whether it is for later: the first targets of its subject come before. */
  readonly isLater?: boolean;
}

const earlier = 'earlier';

const relay: Place = { measurement: 'relay', figure: 'CPU of both nodes, µs' };
const relayInRedis: Place = { measurement: 'relay', figure: 'CPU of Redis, µs' };
const p99: Place = { measurement: 'relay', figure: 'p99 under half load, ms' };
const delivery: Place = {
  measurement: 'broadcast',
  figure: 'CPU of all nodes per delivery, µs',
  at: 1000,
};
const stream: Place = { measurement: 'streams', figure: 'RSS per stream, KB', at: 10_000 };
const request: Place = { measurement: 'request', figure: 'CPU, µs' };
const recovery: Place = {
  measurement: 'recovery',
  figure: 'time until all have resumed, ms',
  within: 'recovery from a node that was killed',
};
const lastJoin: Place = { measurement: 'full room', figure: 'the script of the last join, ms', at: 1000 };

const perRelay = 'CPU per relay';
const redisPerRelay = 'CPU of Redis per relay';
const perDelivery = 'CPU per delivery of a broadcast to 1,000';
const perStream = 'memory of each of 10,000 idle streams (RSS)';
const perRequest = '`{ me { id } }`';
const halfLoad = 'p99 of a relay at half load';
const resumed = 'until 5,000 streams of a killed node are back';
const thousandth = 'time in Redis of the join of the 1,000th peer';

const targets: readonly Target[] = [
  { subject: perRelay, place: relay, to: 'floor', atMost: 1.5 },
  { subject: perRelay, place: relay, to: 'stock', atMost: 0.22 },
  { subject: perRelay, place: relay, to: 'floor', atMost: 1, isLater: true },
  { subject: perRelay, place: relay, to: 'nchan', atMost: 2, isLater: true },
  { subject: redisPerRelay, place: relayInRedis, to: earlier, atMost: 0.6 },
  { subject: redisPerRelay, place: relayInRedis, to: earlier, atMost: 0.4, isLater: true },
  { subject: perDelivery, place: delivery, to: 'floor', atMost: 1 },
  { subject: perDelivery, place: delivery, to: 'nchan', atMost: 1, isLater: true },
  { subject: perStream, place: stream, to: 'floor', atMost: 1 },
  { subject: perStream, place: stream, atMost: 15, isLater: true },
  { subject: perRequest, place: request, system: 'signalbox, memory', to: 'graphql-js', atMost: 0.6 },
  { subject: halfLoad, place: p99, to: 'floor', atMost: 1.2 },
  { subject: resumed, place: recovery, to: earlier, atMost: 1 },
  { subject: thousandth, place: lastJoin, atMost: 5 },
];

/** What holds a subject back. It is shown if one of the subject's targets is not met, so keep it true of the code. */
const reasons: Readonly<Record<string, string>> = {
  [perRelay]:
    'beside the floor, a relay reads a GraphQL request, checks a token, meters its peer and its address, and has a ' +
    'place in a log. [The profile](#where-the-time-goes) shows which parts take the time. nchan is written in C.',
  [redisPerRelay]: 'one script checks both sessions, appends to a log, renews what expires, and publishes.',
  [perDelivery]:
    'most of a delivery is its write to a socket, on both sides. Signalbox also counts what waits for each stream. ' +
    'nchan is written in C.',
  [perStream]:
    'a stream has a session, its bounds and its timers, beside the objects of Node.js for a request and its response.',
  [perRequest]: 'most of it is node:http, which both have. Signalbox also checks the token, and meters.',
  [halfLoad]: 'where a relay takes more CPU, the relays behind it wait longer.',
  [resumed]: 'each stream that comes back is one script in Redis, which the streams of a node share.',
  [thousandth]: 'the script of a join reads all members, to tell the joiner of each.',
};

interface Judged {
  readonly target: Target;
  /** Undefined: not measured. */
  readonly measured: number | undefined;
  readonly isMet: boolean;
}

/** The table of all targets, then why those that are not met are not. */
export function targetsBlock(): string | undefined {
  const judged = targets.map(judge);
  if (judged.every(({ measured }) => measured === undefined)) return undefined;
  const rows = judged.map(({ target, measured, isMet }) => [
    target.isLater ? `${target.subject}, next` : target.subject,
    `≤ ${withUnit(target, target.atMost)}`,
    measured === undefined ? 'not measured' : withUnit(target, measured),
    verdict(target, measured, isMet),
  ]);
  const notMet = judged.filter(({ measured, isMet }) => measured !== undefined && !isMet);
  const subjects = new Set(notMet.map(({ target }) => target.subject));
  const text = [table(['Signalbox', 'Target', 'Measured', 'Met'], rows)];
  if (subjects.size > 0) {
    const points = [...subjects].map((subject) => point(`**${subject}**: ${reasons[subject] ?? ''}`));
    text.push('What holds back those that are not met:', points.join('\n'));
  }
  return text.join('\n\n');
}

function judge(target: Target): Judged {
  const { place, system = 'signalbox', to, atMost } = target;
  const other = to === earlier ? earlierVersion(place) : to;
  const measured = to === undefined ? medianOf(place, system) : other && ratioOf(place, system, other);
  if (measured === undefined || measured === '') return { target, measured: undefined, isMet: false };
  return { target, measured, isMet: measured <= atMost };
}

function verdict({ atMost }: Target, measured: number | undefined, isMet: boolean): string {
  if (measured === undefined) return '–';
  if (isMet) return 'yes';
  const over = Math.round((measured / atMost - 1) * 100);
  return over < 1 ? 'no, by less than 1 %' : `no, by ${over} %`;
}

function withUnit({ to, place }: Target, value: number): string {
  if (to === undefined) return `${number(value)} ${splitName(place.figure).unit}`;
  return `${times(value)} ${to === earlier ? 'the earlier version' : to}`;
}
