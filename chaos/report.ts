import type { History } from './history.ts';
import type { FaultKind } from './schedule.ts';
import type { Violation } from './violation.ts';

/** So many violations are told in full: one cause has many. */
const mostTold = 10;
/** Faults this much before a violation may have to do with it, in milliseconds. */
const reachMs = 8000;

/** What a run came to, in some lines for people. */
export function report(seed: number, history: History, violations: readonly Violation[]): string {
  const told = violations.slice(0, mostTold).map((each) => explain(history, each));
  const more = violations.length - told.length;
  return [
    `seed ${seed}`,
    ...counts(history),
    ...told,
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
  const entries = streams.flatMap(({ arrivals }) => arrivals);
  const signals = entries.filter(({ message }) => message.__typename === 'Signal');
  const resumed = streams.filter(({ connected }) => connected.resumed);
  const refused = sessions.filter(({ openedBy }) => openedBy.after !== undefined);
  const kinds = new Map<FaultKind, number>();
  for (const { kind } of faults) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
  return [
    `clients   ${clients.length}, sessions ${sessions.length}, streams ${streams.length}`,
    `resumes   ${resumed.length}; cursors that began a new session: ${refused.length}`,
    `messages  ${sent.length} sent, ${acknowledged.length} acknowledged, ${signals.length} delivered`,
    `entries   ${entries.length} came; calls without a certain answer: ${unknown.length} of ${calls.length}`,
    `faults    ${faults.length}: ${[...kinds].map(([kind, count]) => `${kind} ${count}`).join(', ')}`,
    `lag       ${Math.round(lagMs)} ms at the most`,
  ];
}

function explain(history: History, { guarantee, what, at, events }: Violation): string {
  const time = (ms: number) => `${((ms - history.startedAt) / 1000).toFixed(3).padStart(8)} s`;
  const first = Math.min(at, ...events.map((event) => event.at));
  const near = history.faults.filter(
    (fault) => fault.from <= at + 1000 && (fault.to ?? at) >= first - reachMs,
  );
  const lines = [
    ...events.map((event) => ({ at: event.at, text: event.text })),
    ...near.map(({ kind, target, from, to }) => {
      const until = to === undefined ? 'to the end' : `until ${time(to).trim()}`;
      return {
        at: from,
        text: `fault: ${kind} of ${target === 'redis' ? 'Redis' : `node ${target}`}, ${until}`,
      };
    }),
  ];
  const sorted = lines.sort((a, b) => a.at - b.at).map((line) => `  ${time(line.at)}  ${line.text}`);
  return [`\n${guarantee} at ${time(at).trim()}: ${what}`, ...sorted, ''].join('\n');
}
