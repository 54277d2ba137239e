import { randomUUID } from 'node:crypto';
import type { Connected, Cursor, Entry, Hub, Member, Peer, Receipt, Room } from '../../src/hub/hub.ts';
import type { Moderator, Removal } from '../../src/hub/moderation.ts';
import { type Pass, plainPass } from '../../src/hub/pass.ts';
import { fullId, fullIdOf } from '../../src/hub/spaces.ts';
import type { Stream } from '../../src/hub/stream.ts';
import { JsonText } from '../../src/json-text.ts';
import { Arrivals, patiently } from '../support/arrivals.ts';

export type Hubs = readonly [Hub, Hub];

export function payload(value: unknown): JsonText {
  return value instanceof JsonText ? value : JsonText.of(JSON.stringify(value));
}

export interface TestPeerOptions {
  /** Unless given: the name and a random suffix. */
  readonly id?: string | undefined;
  /** False unless given. */
  readonly guest?: boolean | undefined;
  readonly space?: string | undefined;
}

/**
 * A peer that a test drives. It reads its stream all the time. Its calls alternate between the two hubs, so that
 * streams and mutations meet on different nodes.
 */
export class TestPeer {
  readonly peer: Peer;
  /** What its next calls and streams show of its token. */
  pass: Pass = plainPass;
  readonly #hubs: Hubs;
  readonly #arrivals: Arrivals<Entry>;
  #turn = 0;
  #cursor: Cursor | undefined;
  #stream: Stream | undefined;
  #reading: Promise<unknown> = Promise.resolve();
  /** Streams that a resume has taken over from. Their later entries are skipped: the new stream brings them too. */
  readonly #superseded = new Set<Stream>();

  constructor(
    hubs: Hubs,
    name: string = 'peer',
    { id = `${name}-${randomUUID()}`, guest = false, space }: TestPeerOptions = {},
  ) {
    this.#hubs = hubs;
    this.peer = { id, username: name, guest, ...(space !== undefined && { space }) };
    this.#arrivals = new Arrivals(name);
  }

  get id(): string {
    return this.peer.id;
  }

  /** All entries that arrived so far, on all of the peer's streams. */
  get seen(): readonly Entry[] {
    return this.#arrivals.all;
  }

  /** The cursor of the last message that arrived. */
  get cursor(): Cursor {
    if (this.#cursor === undefined) throw new Error('The peer has not opened a stream yet.');
    return this.#cursor;
  }

  /** The peer as a member with this state. Spread into an expected entry, it gives `peer` and `state`. */
  as(state: unknown): Member {
    return { peer: this.peer, state: payload(state) };
  }

  /**
   * Opens a stream on the hub number `at` (modulo 2), and reads it from now on. An older stream is read to its end.
   * `joins` has the peer's state in each room that it enters with the stream.
   */
  async open(
    after?: Cursor,
    at: number = this.#turn++,
    joins: Readonly<Record<string, unknown>> = {},
  ): Promise<Connected> {
    const rooms = Object.entries(joins).map(([roomId, state]) => ({
      roomId: this.#full(roomId),
      state: payload(state),
    }));
    const stream = await this.#hub(at).open(this.peer, after, rooms, undefined, undefined, this.pass);
    const first = await stream.next();
    if (first.done || first.value.type !== 'Connected') throw new Error('A stream begins with Connected.');
    this.#cursor = first.value.cursor;
    this.#stream = stream;
    this.#reading = this.#read(stream);
    return first.value;
  }

  /** Closes the stream as a lost connection does, and resolves when everything before that is read. */
  async drop(): Promise<void> {
    await this.#stream?.return();
    await this.#reading;
  }

  /** Opens a stream without a cursor that enters these rooms. */
  enter(joins: Readonly<Record<string, unknown>>): Promise<Connected> {
    return this.open(undefined, this.#turn++, joins);
  }

  /** Opens a stream with a cursor, by default the last one. */
  resume(after: Cursor = this.cursor, joins: Readonly<Record<string, unknown>> = {}): Promise<Connected> {
    if (this.#stream) this.#superseded.add(this.#stream);
    return this.open(after, this.#turn++, joins);
  }

  /** Resolves when the present stream has ended: to its error, or to undefined. */
  outcome(): Promise<unknown> {
    return patiently(this.#reading, () => this.#arrivals.soFar('the end of the stream'));
  }

  /** The next entry that fits. Skips the others. */
  next(fits?: (entry: Entry) => boolean): Promise<Entry> {
    return this.#arrivals.next(fits);
  }

  /** The next `count` entries. */
  take(count: number): Promise<Entry[]> {
    return this.#arrivals.take(count);
  }

  /** All entries before a barrier that `from` sends now. An entry that is missing here was not sent before it. */
  async beforeBarrier(from: TestPeer, roomId: string): Promise<Entry[]> {
    const { cursor } = await from.relay(roomId, this, 'barrier');
    const { before } = await this.#arrivals.until((entry) => entry.cursor === cursor, `barrier ${cursor}`);
    return before;
  }

  async join(roomId: string, state: unknown = null): Promise<Room> {
    const { pass, peer } = this;
    const full = this.#full(roomId);
    const joined = await this.#hub().joinRoom(fullIdOf(peer), full, payload(state), undefined, pass);
    return { id: joined.id, members: joined.members };
  }

  leave(roomId: string): Promise<boolean> {
    return this.#hub().leaveRoom(fullIdOf(this.peer), this.#full(roomId));
  }

  async relay(
    roomId: string,
    to: { id: string },
    event: string,
    data: unknown = null,
    key?: string,
  ): Promise<Receipt> {
    const [from, full, receiver] = [fullIdOf(this.peer), this.#full(roomId), this.#full(to.id)];
    const { cursor, status } = await this.#hub().relay(from, full, receiver, event, payload(data), key);
    return { cursor, status };
  }

  async broadcast(roomId: string, event: string, data: unknown = null, key?: string): Promise<Receipt> {
    const [from, full] = [fullIdOf(this.peer), this.#full(roomId)];
    const { cursor, status } = await this.#hub().broadcast(from, full, event, payload(data), key);
    return { cursor, status };
  }

  /** Sends as a moderator: to one member, or to all. */
  async say(
    roomId: string,
    event: string,
    data: unknown = null,
    to?: { id: string },
    key?: string,
  ): Promise<Receipt> {
    const target = to && this.#full(to.id);
    const { moderation } = this.#hub();
    const sent = await moderation.send(
      this.#moderator,
      this.#full(roomId),
      target,
      event,
      payload(data),
      key,
    );
    return { cursor: sent.cursor, status: sent.status };
  }

  remove(roomId: string, peer: { id: string }): Promise<Removal> {
    return this.#hub().moderation.removePeer(this.#moderator, this.#full(roomId), this.#full(peer.id));
  }

  closeRoom(roomId: string): Promise<Removal> {
    return this.#hub().moderation.closeRoom(this.#moderator, this.#full(roomId));
  }

  /** Reads a room as a moderator. */
  look(roomId: string): Promise<Room | null> {
    return this.#hub().moderation.room(this.#moderator, this.#full(roomId));
  }

  async setState(roomId: string, value: unknown): Promise<Member> {
    const id = fullIdOf(this.peer);
    const { peer, state } = await this.#hub().setState(id, this.#full(roomId), payload(value));
    return { peer, state };
  }

  room(roomId: string): Promise<Room | null> {
    return this.#hub().room(fullIdOf(this.peer), this.#full(roomId));
  }

  rooms(): Promise<readonly Room[]> {
    return this.#hub().rooms(fullIdOf(this.peer));
  }

  get #moderator(): Moderator {
    return { peer: this.peer, pass: this.pass };
  }

  #full(id: string): string {
    return fullId(this.peer.space, id);
  }

  #hub(at: number = this.#turn++): Hub {
    return this.#hubs[at % 2 === 0 ? 0 : 1];
  }

  async #read(stream: Stream): Promise<unknown> {
    try {
      for await (const message of stream) {
        if (message.type === 'Connected') throw new Error('A stream has one Connected, the first.');
        if (message.type === 'Heartbeat') continue;
        if (this.#superseded.has(stream)) continue;
        this.#arrivals.push(message);
        if (stream === this.#stream) this.#cursor = message.cursor;
      }
      return undefined;
    } catch (error) {
      return error;
    }
  }
}
