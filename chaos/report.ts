import type { History } from './history.ts';
import type { FaultKind } from './schedule.ts';
import type { Violation } from './violation.ts';

/** How many violations to print in full: one cause makes many. */
const maxReported = 10;
/** A fault that ended this long before a violation, in milliseconds, may be its cause. */
const faultReachMs = 8000;

/** The result of a run as text. */
export function report(seed: number, history: History, violations: readonly Violation[]): string {
  const printed = violations.slice(0, maxReported).map((each) => explain(history, each));
  const more = violations.length - printed.length;
  return [
    `seed ${seed}`,
    ...counts(history),
    ...printed,
    ...(more > 0 ? [`… and ${more} more`] : []),
    violations.length === 0 ? 'Every guarantee held.' : `${violations.length} violations.`,
  ].join('\n');
}

function counts({ clients, faults, lagMs }: History): string[] {
  const calls = clients.flatMap((client) => client.calls);
  const sessions = clients.flatMap((client) => client.sessions);
  const streams = sessions.flatMap((session) => session.streams);
  const sent = calls.filter(({ kind }) => kind === 'relay' || kind === 'broadcast');
  const acknowledged = sent.filter(({ outcome }) => outcome === 'ok');
  const unknown = calls.filter(({ outcome }) => outcome === 'unknown');
  const arrivals = streams.flatMap((stream) => stream.arrivals);
  const signals = arrivals.filter(({ message }) => message.__typename === 'Signal');
  const resumed = streams.filter(({ connected }) => connected.resumed);
  const notResumed = sessions.filter(({ openedBy }) => openedBy.after !== undefined);
  const kinds = new Map<FaultKind, number>();
  for (const { kind } of faults) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  return [
    `clients   ${clients.length}, with ${sessions.length} sessions and ${streams.length} streams`,
    `resumes   ${resumed.length} succeeded; ${notResumed.length} began a new session instead`,
    `signals   ${sent.length} sent, ${acknowledged.length} acknowledged, ${signals.length} delivered`,
    `messages  ${arrivals.length} delivered, signals included`,
    `calls     ${calls.length} made, ${unknown.length} without a certain outcome`,
    `faults    ${faults.length}: ${[...kinds].map(([kind, count]) => `${kind} ${count}`).join(', ')}`,
    `lag       at most ${Math.round(lagMs)} ms in this process`,
  ];
}

function explain(history: History, { guarantee, summary, at, events }: Violation): string {
  const time = (ms: number) => `${((ms - history.startedAt) / 1000).toFixed(3).padStart(8)} s`;
  const first = Math.min(at, ...events.map((event) => event.at));
  const near = history.faults.filter(
    (fault) => fault.from <= at + 1000 && (fault.to ?? at) >= first - faultReachMs,
  );
  const lines = [
    ...events,
    ...near.map(({ kind, target, from, to }) => {
      const until = to === undefined ? 'to the end' : `until ${time(to).trim()}`;
      const of = target === 'redis' ? 'Redis' : `node ${target}`;
      return { at: from, text: `fault: ${kind} of ${of}, ${until}` };
    }),
  ];
  const sorted = lines.sort((a, b) => a.at - b.at).map((line) => `  ${time(line.at)}  ${line.text}`);
  return [`\n${guarantee} at ${time(at).trim()}: ${summary}`, ...sorted, ''].join('\n');
}
