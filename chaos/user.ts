import { setTimeout as pause } from 'node:timers/promises';
import type { Message, Receipt, Room } from '../test/support/client.ts';
import { type Answer, call } from './api.ts';
import { Connection, type Nodes } from './connection.ts';
import type { Call, CallKind, ClientHistory, Load } from './history.ts';
import type { Random } from './random.ts';

const peers = '{ id username state }';
const documents: Readonly<Record<CallKind, string>> = {
  join: `mutation ($roomId: ID!, $state: JSON) { joinRoom(roomId: $roomId, state: $state) { id peers ${peers} } }`,
  leave: 'mutation ($roomId: ID!) { leaveRoom(roomId: $roomId) }',
  relay: `mutation ($roomId: ID!, $to: ID!, $event: String!, $data: JSON) {
    relay(roomId: $roomId, peerId: $to, event: $event, data: $data) { id status }
  }`,
  broadcast: `mutation ($roomId: ID!, $event: String!, $data: JSON) {
    broadcast(roomId: $roomId, event: $event, data: $data) { id status }
  }`,
  setState: `mutation ($roomId: ID!, $state: JSON) { setState(roomId: $roomId, state: $state) ${peers} }`,
  room: `query ($roomId: ID!) { room(roomId: $roomId) { id peers ${peers} } }`,
};

/** Of every hundred things that a user does, so many are this. */
const habits = [
  ['relay', 46],
  ['broadcast', 22],
  ['setState', 8],
  ['room', 5],
  ['join', 7],
  ['leave', 5],
  ['blip', 4],
  ['stay away', 1.2],
  ['reload', 1],
  ['go', 0.8],
] as const;

/** Between two things that a user does. */
const thinkMs = [50, 600] as const;
/** Of those whose stream is cut, so many go for good. */
const lossOfPatience = 0.2;
const blipMs = [1, 800] as const;
/**
 * A call without an answer may still take effect, at a node or a Redis that stands still for the
 * moment. Until that is past, the user does not do the contrary, so that it knows where it is.
 */
export const settleMs = 15_000;

/** A client with a mind of its own: it goes in and out of rooms, and talks. */
export class User {
  readonly history: ClientHistory;
  readonly connection: Connection;
  readonly #token: string;
  readonly #nodes: Nodes;
  readonly #random: Random;
  readonly #rooms: readonly string[];
  readonly #graceMs: number;
  /** The rooms that it means to be in, and those peers there that it heard of. */
  readonly #wanted = new Map<string, Set<string>>();
  /** Of the wanted ones, those to (re)join. */
  readonly #toJoin = new Set<string>();
  /** Rooms to leave, until that has had an answer. */
  readonly #toLeave = new Set<string>();
  readonly #unsettledUntil = new Map<string, number>();
  #quiet: AbortSignal | undefined;
  #n = 0;
  #busy = false;

  constructor(
    profile: { readonly id: string; readonly username: string; readonly token: string },
    world: { readonly nodes: Nodes; readonly rooms: readonly string[]; readonly graceMs: number },
    random: Random,
  ) {
    const { id, username, token } = profile;
    this.history = { id, name: username, attempts: [], sessions: [], calls: [] };
    this.#token = token;
    this.#nodes = world.nodes;
    this.#rooms = world.rooms;
    this.#graceMs = world.graceMs;
    this.#random = random;
    this.connection = new Connection(this.history, token, world.nodes, random.fork(), {
      began: () => {
        this.#toLeave.clear();
        for (const [room, known] of this.#wanted) {
          known.clear();
          this.#toJoin.add(room);
        }
      },
      lost: () => {
        // Some never come back, so that someone else has to notice.
        if (!this.#quiet?.aborted && this.#random.chance(lossOfPatience)) this.connection.close();
      },
      arrived: (message) => this.#hear(message),
    });
  }

  get gone(): boolean {
    return this.history.goneAt !== undefined;
  }

  /** Whether it has a stream and is where it means to be. */
  get settled(): boolean {
    const { connected, away } = this.connection;
    return connected && !away && !this.#busy && this.#toJoin.size === 0 && this.#toLeave.size === 0;
  }

  get rooms(): ReadonlySet<string> {
    return new Set(this.#wanted.keys());
  }

  /** Does what users do until it goes; told to be quiet, it only sees to it that it is where it means to be. */
  async live(quiet: AbortSignal): Promise<void> {
    this.#quiet = quiet;
    const running = this.connection.run();
    while (!this.gone) {
      await pause(this.#random.between(...thinkMs) / (quiet.aborted ? 4 : 1));
      if (this.gone || !this.connection.session) continue;
      // A session outlives its stream: who is away can still be heard.
      if (this.connection.away && this.#random.chance(0.5)) continue;
      this.#busy = true;
      await this.#settle();
      this.#busy = false;
      if (!quiet.aborted) await this.#act();
    }
    await running;
  }

  /** Talks to everyone in its rooms. */
  async sayBarrier(): Promise<void> {
    for (const roomId of this.#wanted.keys()) await this.#send('broadcast', roomId);
  }

  /** Asks how each of its rooms is. */
  async lookAround(): Promise<void> {
    for (const roomId of this.#wanted.keys()) await this.#call('room', roomId);
  }

  async leaveAll(): Promise<void> {
    for (const roomId of this.#wanted.keys()) await this.#call('leave', roomId);
  }

  /** Joins and leaves what is still to be joined or left. */
  async #settle(): Promise<void> {
    for (const room of this.#toLeave) {
      if ((await this.#call('leave', room)).outcome === 'ok') this.#toLeave.delete(room);
      else return;
    }
    for (const room of this.#toJoin) {
      const { outcome, sameSession } = await this.#call('join', room, { state: { n: this.#n } });
      if (outcome === 'ok' && sameSession) this.#toJoin.delete(room);
      else return;
    }
  }

  async #act(): Promise<void> {
    const roomId = this.#random.pick([...this.#wanted.keys()]);
    const habit = roomId === undefined ? 'join' : this.#habit();
    switch (habit) {
      case 'join':
        return this.#want();
      case 'blip':
        return this.connection.leave(this.#random.between(...blipMs));
      case 'stay away':
        return this.connection.leave(this.#random.between(0.2, 2.2) * this.#graceMs);
      case 'reload':
        return this.connection.reload();
      case 'go':
        return this.connection.close();
    }
    if (roomId === undefined) return;
    if (habit === 'leave') this.#unwant(roomId);
    else if (habit === 'setState') await this.#call('setState', roomId, { state: { n: this.#n } });
    else if (habit === 'room') await this.#call('room', roomId);
    else await this.#send(habit, roomId);
  }

  #habit() {
    const sum = habits.reduce((before, [, weight]) => before + weight, 0);
    let left = this.#random.between(0, sum);
    for (const [habit, weight] of habits) {
      left -= weight;
      if (left < 0) return habit;
    }
    return 'relay';
  }

  #want(): void {
    if (this.#wanted.size >= 3) return;
    const room = this.#random.pick(this.#rooms.filter((id) => !this.#wanted.has(id) && this.#isSettled(id)));
    if (room === undefined) return;
    this.#wanted.set(room, new Set());
    this.#toJoin.add(room);
  }

  #unwant(room: string): void {
    if (!this.#isSettled(room) || this.#toJoin.has(room)) return;
    this.#wanted.delete(room);
    this.#toLeave.add(room);
  }

  #isSettled(room: string): boolean {
    return (this.#unsettledUntil.get(room) ?? 0) < Date.now() && !this.#toLeave.has(room);
  }

  async #send(kind: 'relay' | 'broadcast', roomId: string): Promise<void> {
    const to = kind === 'relay' ? this.#random.pick([...(this.#wanted.get(roomId) ?? [])]) : undefined;
    if (kind === 'relay' && to === undefined) return;
    const data: Load = { from: this.history.id, n: this.#n, roomId, ...(to !== undefined && { to }) };
    await this.#call(kind, roomId, { to, event: 'load', data });
  }

  #hear(message: Message): void {
    if (message.__typename !== 'PeerAdded' && message.__typename !== 'PeerRemoved') return;
    const known = this.#wanted.get(message.roomId);
    if (message.__typename === 'PeerAdded') known?.add(message.peer.id);
    else known?.delete(message.peer.id);
  }

  async #call(
    kind: CallKind,
    roomId: string,
    more: { readonly to?: string | undefined; readonly [name: string]: unknown } = {},
  ): Promise<Call> {
    const node = this.#random.pick(this.#nodes.listening) ?? 0;
    const { session } = this.connection;
    const record: Call = {
      ...{ kind, node, roomId, to: more.to, n: this.#n++, session, startedAt: Date.now() },
      ...{ endedAt: Number.POSITIVE_INFINITY, sameSession: false, outcome: 'unknown' },
    };
    this.history.calls.push(record);
    const answer = await call(this.#nodes.url(node), this.#token, documents[kind], { roomId, ...more });
    // The clock counts whole milliseconds: the answer came before the next one begins.
    record.endedAt = Date.now() + 1;
    record.sameSession = session === this.connection.session;
    record.outcome = answer.outcome;
    if (answer.outcome === 'ok') note(record, answer);
    else record.code = answer.code;
    const changes = kind === 'join' || kind === 'leave';
    if (changes && answer.outcome === 'unknown') this.#unsettledUntil.set(roomId, Date.now() + settleMs);
    return record;
  }
}

function note(record: Call, { data }: Answer & { outcome: 'ok' }): void {
  if (record.kind === 'join') record.room = data.joinRoom as Room;
  else if (record.kind === 'room') record.room = data.room as Room | null;
  else if (record.kind === 'relay' || record.kind === 'broadcast') {
    const { id, status } = data[record.kind] as Receipt;
    record.id = Number(id);
    record.status = status;
  }
}
