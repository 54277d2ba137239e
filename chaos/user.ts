import { setTimeout as sleep } from 'node:timers/promises';
import type { Message, Receipt, Room } from '../test/support/client.ts';
import { type Answer, call } from './api.ts';
import { Connection, type Nodes } from './connection.ts';
import type { Call, CallKind, ClientHistory, Load } from './history.ts';
import type { Random } from './random.ts';

const member = '{ peer { id username } state }';
const documents: Readonly<Record<CallKind, string>> = {
  join: `mutation ($roomId: ID!, $state: JSON) { joinRoom(roomId: $roomId, state: $state) { id members ${member} } }`,
  leave: 'mutation ($roomId: ID!) { leaveRoom(roomId: $roomId) }',
  relay: `mutation ($roomId: ID!, $to: ID!, $event: String!, $data: JSON) {
    relay(roomId: $roomId, peerId: $to, event: $event, data: $data) { cursor status }
  }`,
  broadcast: `mutation ($roomId: ID!, $event: String!, $data: JSON) {
    broadcast(roomId: $roomId, event: $event, data: $data) { cursor status }
  }`,
  setState: `mutation ($roomId: ID!, $state: JSON) { setState(roomId: $roomId, state: $state) ${member} }`,
  room: `query ($roomId: ID!) { room(roomId: $roomId) { id members ${member} } }`,
};

/** How often a user does each thing, relative to the others. The sum is 100. */
const actions = [
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

/** The time between two actions of a user, in milliseconds. */
const thinkMs = [50, 600] as const;
/** The share of clients that never come back after their stream was cut. */
const giveUpChance = 0.2;
const blipMs = [1, 800] as const;
/** The chance that a user whose join or leave failed with UNAVAILABLE makes the opposite call next. */
const changeOfMindChance = 0.5;
/**
 * A call whose client has given up may still be on its way. For this long the user does not make the opposite call, so
 * that it knows which rooms it is in.
 */
const settleMs = 15_000;

/** A simulated user: it joins and leaves rooms, sends messages and loses its connection, at random. */
export class User {
  readonly history: ClientHistory;
  readonly connection: Connection;
  readonly #token: string;
  readonly #nodes: Nodes;
  readonly #random: Random;
  readonly #rooms: readonly string[];
  readonly #graceMs: number;
  /** The rooms that the user wants to be in, each with the peers that it was told about. */
  readonly #wanted = new Map<string, Set<string>>();
  /** The wanted rooms that the user has to join, or join again. */
  readonly #toJoin = new Set<string>();
  /** Rooms to leave. A room stays here until `leaveRoom` was answered. */
  readonly #toLeave = new Set<string>();
  readonly #unsettledUntil = new Map<string, number>();
  #calmDown: AbortSignal | undefined;
  #n = 0;
  #busy = false;

  constructor(
    peer: { readonly id: string; readonly username: string; readonly token: string },
    environment: { readonly nodes: Nodes; readonly rooms: readonly string[]; readonly graceMs: number },
    random: Random,
  ) {
    const { id, username, token } = peer;
    this.history = { id, name: username, attempts: [], sessions: [], calls: [] };
    this.#token = token;
    this.#nodes = environment.nodes;
    this.#rooms = environment.rooms;
    this.#graceMs = environment.graceMs;
    this.#random = random;
    this.connection = new Connection(this.history, token, environment.nodes, random.fork(), {
      began: () => {
        this.#toLeave.clear();
        for (const [room, known] of this.#wanted) {
          known.clear();
          this.#toJoin.add(room);
        }
      },
      lost: () => {
        // Some clients never come back, so that the nodes have to find out.
        if (!this.#calmDown?.aborted && this.#random.chance(giveUpChance)) this.connection.close();
      },
      arrived: (message) => this.#noteChange(message),
    });
  }

  get gone(): boolean {
    return this.history.goneAt !== undefined;
  }

  /** Whether the user is connected and in the rooms that it wants to be in. */
  get settled(): boolean {
    const { connected, away } = this.connection;
    return connected && !away && !this.#busy && this.#toJoin.size === 0 && this.#toLeave.size === 0;
  }

  get rooms(): ReadonlySet<string> {
    return new Set(this.#wanted.keys());
  }

  /** Acts until the user goes. After `calmDown` the user only finishes the joins and leaves that it still has to do. */
  async live(calmDown: AbortSignal): Promise<void> {
    this.#calmDown = calmDown;
    const running = this.connection.run();
    while (!this.gone) {
      await sleep(this.#random.between(...thinkMs) / (calmDown.aborted ? 4 : 1));
      if (this.gone || !this.connection.session) continue;
      // A session outlives its stream, so a user that is away can still make calls.
      if (this.connection.away && this.#random.chance(0.5)) continue;
      this.#busy = true;
      await this.#settle();
      this.#busy = false;
      if (!calmDown.aborted) await this.#act();
    }
    await running;
  }

  /** Sends a last broadcast to each of its rooms. Every other member must receive it. */
  async broadcastBarrier(): Promise<void> {
    for (const roomId of this.#wanted.keys()) await this.#send('broadcast', roomId);
  }

  /** Queries each of its rooms. */
  async queryRooms(): Promise<void> {
    for (const roomId of this.#wanted.keys()) await this.#call('room', roomId);
  }

  async leaveAll(): Promise<void> {
    for (const roomId of this.#wanted.keys()) await this.#call('leave', roomId);
  }

  /** Joins and leaves the rooms that it still has to join or leave. */
  async #settle(): Promise<void> {
    for (const room of this.#toLeave) {
      const { outcome, code } = await this.#call('leave', room);
      if (outcome !== 'ok') return this.#reconsider(room, code);
      this.#toLeave.delete(room);
    }
    for (const [room] of this.#wanted) {
      if (!this.#toJoin.has(room)) continue;
      const join = await this.#call('join', room, { state: { n: this.#n } });
      if (join.outcome !== 'ok') return this.#reconsider(room, join.code);
      if (!join.sameSession) return;
      this.#toJoin.delete(room);
      for (const { peer } of join.room?.members ?? []) this.#noteMember(room, peer.id);
    }
  }

  /** After a failed join or leave, the user may want the opposite at once. The failed call must not undo it (G2). */
  #reconsider(room: string, code: string | undefined): void {
    const isSure = code === 'UNAVAILABLE' && (this.#unsettledUntil.get(room) ?? 0) < Date.now();
    if (!isSure || this.#calmDown?.aborted || !this.#random.chance(changeOfMindChance)) return;
    if (this.#toLeave.delete(room)) this.#wantToJoin(room);
    else this.#wantToLeave(room);
  }

  async #act(): Promise<void> {
    const roomId = this.#random.pick([...this.#wanted.keys()]);
    const action = roomId === undefined ? 'join' : this.#pickAction();
    switch (action) {
      case 'join':
        return this.#chooseRoomToJoin();
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
    if (action === 'leave') this.#chooseToLeave(roomId);
    else if (action === 'setState') await this.#call('setState', roomId, { state: { n: this.#n } });
    else if (action === 'room') await this.#call('room', roomId);
    else await this.#send(action, roomId);
  }

  #pickAction() {
    const sum = actions.reduce((before, [, weight]) => before + weight, 0);
    let left = this.#random.between(0, sum);
    for (const [action, weight] of actions) {
      left -= weight;
      if (left < 0) return action;
    }
    return 'relay';
  }

  #chooseRoomToJoin(): void {
    if (this.#wanted.size >= 3) return;
    const room = this.#random.pick(this.#rooms.filter((id) => !this.#wanted.has(id) && this.#isSettled(id)));
    if (room !== undefined) this.#wantToJoin(room);
  }

  #chooseToLeave(room: string): void {
    if (!this.#toJoin.has(room) && this.#isSettled(room)) this.#wantToLeave(room);
  }

  #isSettled(room: string): boolean {
    return (this.#unsettledUntil.get(room) ?? 0) < Date.now() && !this.#toLeave.has(room);
  }

  #wantToJoin(room: string): void {
    this.#wanted.set(room, new Set());
    this.#toJoin.add(room);
  }

  #wantToLeave(room: string): void {
    this.#wanted.delete(room);
    this.#toJoin.delete(room);
    this.#toLeave.add(room);
  }

  async #send(kind: 'relay' | 'broadcast', roomId: string): Promise<void> {
    const to = kind === 'relay' ? this.#random.pick([...(this.#wanted.get(roomId) ?? [])]) : undefined;
    if (kind === 'relay' && to === undefined) return;
    const data: Load = { from: this.history.id, n: this.#n, roomId, ...(to !== undefined && { to }) };
    await this.#call(kind, roomId, { to, event: 'load', data });
  }

  #noteChange(message: Message): void {
    if (message.__typename === 'PeerAdded') this.#noteMember(message.roomId, message.peer.id);
    else if (message.__typename === 'PeerRemoved') this.#wanted.get(message.roomId)?.delete(message.peer.id);
  }

  #noteMember(roomId: string, peerId: string): void {
    if (peerId !== this.history.id) this.#wanted.get(roomId)?.add(peerId);
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
    // The clock counts whole milliseconds. Add one, so that the end lies before the beginning of the next call.
    record.endedAt = Date.now() + 1;
    record.sameSession = session === this.connection.session;
    record.outcome = answer.outcome;
    if (answer.outcome === 'ok') recordAnswer(record, answer);
    else record.code = answer.code;
    if (
      answer.outcome === 'unknown' &&
      answer.code !== 'UNAVAILABLE' &&
      (kind === 'join' || kind === 'leave')
    ) {
      this.#unsettledUntil.set(roomId, Date.now() + settleMs);
    }
    return record;
  }
}

function recordAnswer(record: Call, { data }: Answer & { outcome: 'ok' }): void {
  if (record.kind === 'join') record.room = data.joinRoom as Room;
  else if (record.kind === 'room') record.room = data.room as Room | null;
  else if (record.kind === 'relay' || record.kind === 'broadcast') {
    const { cursor, status } = data[record.kind] as Receipt;
    record.cursor = Number(cursor);
    record.status = status;
  }
}
