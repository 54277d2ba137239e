import { Drawing, type Summary } from './drawing.ts';
import { isPoints, readShape, type Shape } from './shape.ts';

/** Another page in the room, as far as the exchange of drawings goes. */
export interface Partner {
  readonly id: string;
  /** Whether it was in the room before this page. */
  readonly wasHere: boolean;
  /** Whether a message can be sent to it now. `catchUp` makes up for those that could not be sent. */
  readonly reachable: () => boolean;
  send(message: Message): void;
}

export type Message =
  /** The sender's summary. The receiver answers with the missing shapes, and with its own summary if asked. */
  | { readonly type: 'have'; readonly summary: Summary; readonly ask: boolean; readonly all: boolean }
  | { readonly type: 'shapes'; readonly shapes: readonly Shape[]; readonly removed: readonly string[] }
  | {
      readonly type: 'points';
      readonly id: string;
      readonly from: number;
      readonly points: readonly number[];
    }
  /** Where the sender's pointer is, or nowhere. */
  | { readonly type: 'cursor'; readonly at: readonly [x: number, y: number] | null };

export interface ExchangeEvents {
  /** The drawing has changed. */
  changed(): void;
  /** A partner has moved its pointer. */
  moved(id: string, at: readonly [x: number, y: number] | null): void;
}

/** About how many numbers of points go in one message. */
const numbersAMessage = 6000;

/**
 * Keeps the drawings of all pages in a room the same. Each page tells the others its changes. When two pages meet, they
 * compare their summaries, and each gives the other its own shapes. The page that has been in the room the longest also
 * gives the shapes whose authors have left.
 */
export class Exchange {
  readonly drawing = new Drawing();
  readonly #partners = new Map<string, Partner>();
  /** Partners that have missed a change, because they were not reachable. */
  readonly #behind = new Set<Partner>();
  readonly #events: ExchangeEvents;
  readonly #isOwn: (author: string) => boolean;

  constructor(events: ExchangeEvents, isOwn: (author: string) => boolean) {
    this.#events = events;
    this.#isOwn = isOwn;
  }

  meet(partner: Partner): void {
    this.#partners.set(partner.id, partner);
    partner.send(this.#summary(false, false));
  }

  part(partner: Partner): void {
    if (this.#partners.get(partner.id) === partner) this.#partners.delete(partner.id);
    this.#behind.delete(partner);
  }

  /** Compares everything with everyone again: something may have been lost, with a page that left or a connection. */
  refresh(): void {
    this.tell(this.#summary(true, true));
  }

  /** Compares everything with a partner that has missed a change, if the partner is reachable again. */
  catchUp(partner: Partner): void {
    if (!this.#behind.has(partner) || !partner.reachable()) return;
    this.#behind.delete(partner);
    partner.send(this.#summary(true, true));
  }

  /** Tells all the others about a change that was made here. */
  tell(message: Message): void {
    for (const partner of this.#partners.values()) {
      if (partner.reachable()) {
        partner.send(message);
        if (message.type === 'have') this.#behind.delete(partner);
      } else if (message.type !== 'cursor') this.#behind.add(partner);
    }
  }

  /** A partner has sent any JSON value. It should be a `Message`. */
  receive(partner: Partner, value: unknown): void {
    const message = value as Message | null;
    switch (message?.type) {
      case 'have':
        if (typeof message.summary === 'object' && message.summary) this.#answer(partner, message);
        return;
      case 'shapes':
        this.#merge(message);
        return;
      case 'points':
        if (!Number.isSafeInteger(message.from) || message.from < 0 || !isPoints(message.points)) return;
        if (this.drawing.extend(message.id, message.from, message.points)) this.#events.changed();
        return;
      case 'cursor':
        if (message.at === null || isPoints(message.at)) this.#events.moved(partner.id, message.at);
    }
  }

  #merge({ shapes, removed }: { readonly shapes: unknown; readonly removed: unknown }): void {
    if (!Array.isArray(shapes) || !Array.isArray(removed)) return;
    let changed = this.drawing.remove(removed.filter((id) => typeof id === 'string')).length > 0;
    for (const value of shapes) {
      const shape = readShape(value);
      if (shape && this.drawing.put(shape)) changed = true;
    }
    if (changed) this.#events.changed();
  }

  #answer(partner: Partner, { summary, ask, all }: Extract<Message, { type: 'have' }>): void {
    const eldest = ![...this.#partners.values()].some(({ id, wasHere }) => wasHere && id !== partner.id);
    const isWanted = (author: string) =>
      this.#isOwn(author) || (!this.#partners.has(author) && (eldest || all));
    const { shapes, removed } = this.drawing.missing(summary, isWanted);
    for (const group of groupsOf(shapes)) partner.send({ type: 'shapes', shapes: group, removed: [] });
    if (removed.length > 0) partner.send({ type: 'shapes', shapes: [], removed });
    if (ask) partner.send(this.#summary(false, true));
  }

  #summary(ask: boolean, all: boolean): Message {
    return { type: 'have', summary: this.drawing.summary(), ask, all };
  }
}

function groupsOf(shapes: readonly Shape[]): Shape[][] {
  const groups: Shape[][] = [];
  let room = 0;
  for (const shape of shapes) {
    if (room <= 0) {
      groups.push([]);
      room = numbersAMessage;
    }
    groups.at(-1)?.push(shape);
    room -= shape.points.length + 20;
  }
  return groups;
}
