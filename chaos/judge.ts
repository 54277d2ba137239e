import { answers } from './checks/answers.ts';
import { calm } from './checks/calm.ts';
import { delivery } from './checks/delivery.ts';
import { members } from './checks/members.ts';
import { offers } from './checks/offers.ts';
import { order } from './checks/order.ts';
import { presence } from './checks/presence.ts';
import { resumes } from './checks/resumes.ts';
import { views } from './checks/views.ts';
import type { History } from './history.ts';
import { Timeline } from './timeline.ts';
import type { Check, Violation } from './violation.ts';

const checks: readonly Check[] = [order, offers, delivery, resumes, presence, members, answers, views, calm];

/** Returns all violations in a history, the earliest first. Empty: every guarantee held. */
export function judge(history: History): Violation[] {
  const timeline = new Timeline(history);
  return checks.flatMap((check) => check(timeline)).sort((a, b) => a.at - b.at);
}
