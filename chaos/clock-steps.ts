import type { FaultRecord, History, Session } from './history.ts';

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/**
 * After Redis's clock was set back, cursors only count up until the clock shows again what it showed before. These tell
 * nothing about times. Redis gives them within this time, in milliseconds, as cursors count time.
 */
const countedMs = 20;

/** The newest cursor may come from the primary before, which gave cursors for longer than its replica knew of. */
const otherPrimaryMs = 1500;

/** A span of time in which cursors tell nothing about times, in milliseconds. */
export interface Blur {
  readonly from: number;
  readonly to: number;
}

/** When the cursors of the history, with the steps undone, tell nothing about times. */
export function blursOf(history: History): Blur[] {
  return clockFaults(history.faults).flatMap(({ from, stepSeconds, steppedAt }) => {
    if (stepSeconds > 0) return [];
    return [
      {
        from: newestSeenBefore(history, from) - otherPrimaryMs,
        to: steppedAt - 1000 * stepSeconds + countedMs,
      },
    ];
  });
}

/** The time that the newest cursor tells which a client had received by then. From there on, Redis counts up. */
function newestSeenBefore({ clients }: History, at: number): number {
  let newest = 0;
  for (const { calls, sessions } of clients) {
    for (const { cursor = 0, endedAt } of calls) if (endedAt < at) newest = Math.max(newest, cursor);
    for (const { arrivals } of sessions.flatMap(({ streams }) => streams)) {
      newest = Math.max(newest, arrivals.findLast((arrival) => arrival.at < at)?.cursor ?? 0);
    }
  }
  return newest / 1000;
}

/**
 * Changes all cursors of the history to what they would have been if no fault had set the clock of Redis. Their order,
 * and the distances between those of one join, stay the same.
 */
export function undoClockSteps({ clients, faults }: History): void {
  const toOriginal = mapCursors(faults);
  const change = (cursor: string) => `${toOriginal(Number(cursor))}`;
  for (const { attempts, calls, sessions } of clients) {
    for (const attempt of attempts as Writable<(typeof attempts)[number]>[]) {
      if (attempt.after !== undefined) attempt.after = change(attempt.after);
    }
    for (const call of calls) if (call.cursor !== undefined) call.cursor = toOriginal(call.cursor);
    for (const session of sessions as Writable<Session>[]) {
      session.startCursor = toOriginal(session.startCursor);
      for (const { connected, arrivals } of session.streams) {
        (connected as Writable<typeof connected>).cursor = change(connected.cursor);
        for (const arrival of arrivals as Writable<(typeof arrivals)[number]>[]) {
          arrival.cursor = toOriginal(arrival.cursor);
        }
      }
    }
  }
}

/** Each step moves the cursors from a certain one on. */
function mapCursors(faults: readonly FaultRecord[]): (cursor: number) => number {
  let offset = 0;
  const moves: { readonly from: number; readonly offset: number }[] = [];
  for (const { from, stepSeconds, steppedAt } of clockFaults(faults)) {
    const step = stepSeconds * 1e6;
    const first = step > 0 ? from * 1000 + offset + step / 2 : (steppedAt + countedMs) * 1000 + offset;
    offset += step;
    moves.push({ from: first, offset });
  }
  return (cursor) => cursor - (moves.findLast(({ from }) => cursor >= from)?.offset ?? 0);
}

function clockFaults(faults: readonly FaultRecord[]) {
  return faults.flatMap(({ from, stepSeconds, steppedAt }) =>
    stepSeconds === undefined || steppedAt === undefined ? [] : [{ from, stepSeconds, steppedAt }],
  );
}
