import { randomUUID } from 'node:crypto';
import type {
  Connected,
  Entry,
  EntryId,
  Hub,
  Payload,
  Peer,
  Profile,
  Receipt,
  Room,
} from '../../src/hub/hub.ts';
import type { Stream } from '../../src/hub/stream.ts';
import { Arrivals, patiently } from '../support/arrivals.ts';

export type Hubs = readonly [Hub, Hub];

export function payload(value: unknown): Payload {
  return { value, text: JSON.stringify(value) };
}

/**
 * A peer as a test drives it. It reads its stream all the time, and its calls go to the two hubs by
 * turns, so that streams and mutations meet on different nodes.
 */
export class TestPeer {
  readonly profile: Profile;
  readonly #hubs: Hubs;
  readonly #arrivals: Arrivals<Entry>;
  #turn = 0;
  #cursor: EntryId | undefined;
  #stream: Stream | undefined;
  #reading: Promise<unknown> = Promise.resolve();
  /** Streams that a resume has taken over from: what they still bring, the new stream brings too. */
  readonly #disowned = new Set<Stream>();

  constructor(hubs: Hubs, name: string = 'peer', id: string = `${name}-${randomUUID()}`) {
    this.#hubs = hubs;
    this.profile = { id, username: name };
    this.#arrivals = new Arrivals(name);
  }

  get id(): string {
    return this.profile.id;
  }

  /** All entries that came, over all of the peer's streams, without any `Connected`. */
  get seen(): readonly Entry[] {
    return this.#arrivals.all;
  }

  /** The id of the last message that came. */
  get cursor(): EntryId {
    if (this.#cursor === undefined) throw new Error('The peer has not opened a stream yet.');
    return this.#cursor;
  }

  /** The peer as the others are shown it. */
  as(state: unknown): Peer {
    return { ...this.profile, state };
  }

  /** Opens a stream and begins to read it. A stream that was open is read on to its end. */
  async open(after?: EntryId, at: number = this.#turn++): Promise<Connected> {
    const stream = await this.#hub(at).open(this.profile, after);
    const first = await stream.next();
    if (first.done || first.value.type !== 'Connected') throw new Error('A stream begins with Connected.');
    this.#cursor = first.value.id;
    this.#stream = stream;
    this.#reading = this.#read(stream);
    return first.value;
  }

  /** Loses the connection. What had come is read. */
  async drop(): Promise<void> {
    await this.#stream?.return();
    await this.#reading;
  }

  /** Opens a stream from where the last one came to, on the other node by turns. */
  resume(after: EntryId = this.cursor): Promise<Connected> {
    if (this.#stream) this.#disowned.add(this.#stream);
    return this.open(after);
  }

  /** How the present stream ended, once it has: with an error, or undefined. */
  outcome(): Promise<unknown> {
    return patiently(this.#reading, () => this.#arrivals.soFar('the end of the stream'));
  }

  /** The next entry that fits, skipping others. */
  next(fits?: (entry: Entry) => boolean): Promise<Entry> {
    return this.#arrivals.next(fits);
  }

  /** The next so many entries, whatever they are. */
  take(count: number): Promise<Entry[]> {
    return this.#arrivals.take(count);
  }

  /** All entries before the barrier that `from` sends now: whatever is not among them never came. */
  async beforeBarrier(from: TestPeer, roomId: string): Promise<Entry[]> {
    const { id } = await from.relay(roomId, this, 'barrier');
    const { before } = await this.#arrivals.until((entry) => entry.id === id, `barrier ${id}`);
    return before;
  }

  join(roomId: string, state: unknown = null): Promise<Room> {
    return this.#hub().joinRoom(this.id, roomId, payload(state));
  }

  leave(roomId: string): Promise<boolean> {
    return this.#hub().leaveRoom(this.id, roomId);
  }

  relay(roomId: string, to: { id: string }, event: string, data: unknown = null): Promise<Receipt> {
    return this.#hub().relay(this.id, roomId, to.id, event, payload(data));
  }

  broadcast(roomId: string, event: string, data: unknown = null): Promise<Receipt> {
    return this.#hub().broadcast(this.id, roomId, event, payload(data));
  }

  setState(roomId: string, state: unknown): Promise<Peer> {
    return this.#hub().setState(this.id, roomId, payload(state));
  }

  room(roomId: string): Promise<Room | null> {
    return this.#hub().room(this.id, roomId);
  }

  rooms(): Promise<readonly Room[]> {
    return this.#hub().rooms(this.id);
  }

  #hub(at: number = this.#turn++): Hub {
    return this.#hubs[at % 2 === 0 ? 0 : 1];
  }

  async #read(stream: Stream): Promise<unknown> {
    try {
      for await (const message of stream) {
        if (message.type === 'Connected') throw new Error('A stream has one Connected, the first.');
        if (message.type === 'Heartbeat') continue;
        if (this.#disowned.has(stream)) continue;
        this.#arrivals.push(message);
        if (stream === this.#stream) this.#cursor = message.id;
      }
      return undefined;
    } catch (error) {
      return error;
    }
  }
}
