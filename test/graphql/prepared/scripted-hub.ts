import { setImmediate as nextTurn } from 'node:timers/promises';
import { SignalboxError } from '../../../src/errors.ts';
import type { Hub, Message, Peer, Room } from '../../../src/hub/hub.ts';
import type { Moderation } from '../../../src/hub/moderation.ts';
import { Stream } from '../../../src/hub/stream.ts';
import { JsonText } from '../../../src/json-text.ts';

const peer: Peer = { id: 'peer-2', username: 'Ben "the" Né\u2028', guest: true };
const state = JsonText.of('{"n":1.0,"n":2}');

/** One of them fits into a response, and no more. */
const largeState = JsonText.of(`"${'x'.repeat(2_500_000)}"`);

/** What a hub has of a room: the same for equal arguments. */
function roomOf(id: string, members = true): Room {
  const some = [
    { peer, state: id === 'large' ? largeState : state },
    { peer: { ...peer, id }, state: JsonText.null },
  ];
  return { id, members: members ? some : [] };
}

/**
 * A hub that says the same whenever it is asked the same, so that two ways of asking can be compared. It writes down its
 * calls. A name that is `fails` is refused, one that is `throws` meets a bug, and an empty one gets what no schema allows.
 */
export class ScriptedHub implements Hub {
  readonly calls: string[] = [];
  readonly moderation: Moderation = {
    room: (by, roomId, view) =>
      this.#answer('moderated room', [by.peer.id, roomId, view], roomOf(roomId, view?.members)),
    send: ({ peer: { id } }, ...args) =>
      this.#answer('send', [id, ...args], { cursor: '3', status: 'DELIVERED' as const, receivers: 2 }),
    removePeer: ({ peer: { id } }, ...args) =>
      this.#answer('removePeer', [id, ...args], { removed: args[1] !== 'peer-1', receivers: 2 }),
    closeRoom: ({ peer: { id } }, ...args) =>
      this.#answer('closeRoom', [id, ...args], { removed: true, receivers: 3 }),
  };
  /** The messages of each stream that is opened. */
  messages: readonly Message[] = [];

  async open(): Promise<Stream> {
    const stream = new Stream(() => {});
    stream.push(this.messages.map((entry) => ({ entry: entry as never, bytes: 1 })));
    stream.end(new SignalboxError('TOKEN_EXPIRED'));
    return stream;
  }

  joinRoom(peerId: string, roomId: string, given: JsonText, view?: { members: boolean }) {
    const room = { ...roomOf(roomId, view?.members), receivers: 1, bytes: 10 };
    return this.#answer('joinRoom', [peerId, roomId, given, view], room);
  }

  leaveRoom(peerId: string, roomId: string) {
    return this.#answer('leaveRoom', [peerId, roomId], roomId.length > 1);
  }

  relay(...args: Parameters<Hub['relay']>) {
    return this.#answer('relay', args, { cursor: '1', status: 'DELIVERED' as const, receivers: 1 });
  }

  broadcast(...args: Parameters<Hub['broadcast']>) {
    return this.#answer('broadcast', args, { cursor: '2', status: 'QUEUED' as const, receivers: 3 });
  }

  setState(peerId: string, roomId: string, given: JsonText) {
    return this.#answer('setState', [peerId, roomId, given], { peer, state: given, receivers: 2 });
  }

  room(peerId: string, roomId: string, view?: { members: boolean }) {
    const room = roomId === 'r' ? null : roomOf(roomId, view?.members);
    return this.#answer('room', [peerId, roomId, view], room);
  }

  rooms(peerId: string, view?: { members: boolean }) {
    return this.#answer(
      'rooms',
      [peerId, view],
      ['r', 'room 2'].map((id) => roomOf(id, view?.members)),
    );
  }

  async #answer<Value>(method: string, args: readonly unknown[], value: Value): Promise<Value> {
    const told = JSON.stringify([method, ...args]);
    this.calls.push(told);
    // Whoever does not wait for the end sees it in the order of the calls.
    await nextTurn();
    this.calls.push(`end of ${told}`);
    if (args.includes('fails')) throw new SignalboxError('NOT_IN_ROOM');
    if (args.includes('throws')) throw new TypeError('a bug');
    if (args.includes('peer-1') && method === 'relay') return { ...value, status: 'NO_SUCH_STATUS' };
    if (args.includes('peer-1') && method === 'setState') return { ...value, peer: null };
    return value;
  }

  async start(): Promise<void> {}
  census() {
    return { streams: 0, rooms: 0, sessions: 0, backlogBytes: 0 };
  }

  ready(): boolean {
    return true;
  }
  async drain(): Promise<void> {}
  async close(): Promise<void> {}
}

const entry = { roomId: 'r', peer };

/** One message of each kind, and some that are not what their types say. */
export const messages: readonly Message[] = [
  { type: 'Connected', cursor: '1764288000000000', peer, resumed: false, rooms: [roomOf('r'), roomOf('s')] },
  { type: 'PeerAdded', cursor: '1764288000000001', ...entry, state, offer: true },
  { type: 'PeerChanged', cursor: '1764288000000002', ...entry, state: JsonText.null },
  { type: 'PeerRemoved', cursor: '1764288000000003', ...entry, state, reason: 'LEFT' },
  {
    type: 'Signal',
    cursor: '1764288000000004',
    ...entry,
    event: 'chat',
    data: JsonText.of('"\u2028\u0085"'),
  },
  { type: 'Signal', cursor: '1764288000000005', ...entry, event: 'chat', data: JsonText.of('1e400') },
  { type: 'Heartbeat', cursor: '1764288000000005', sentAt: new Date(1764288000000) },
  { type: 'Signal', cursor: '1764288000001000', ...entry, event: null as never, data: JsonText.null },
  { type: 'PeerAdded', cursor: 'no time', ...entry, state, offer: true },
  { type: 'PeerRemoved', cursor: '7', ...entry, state, reason: 'BORED' as never },
  { type: 'PeerChanged', cursor: '8', ...entry, peer: undefined as never, state: undefined as never },
  { type: 'Connected', cursor: '9', peer, resumed: true, rooms: [roomOf('r')] },
];
