/** The arguments of the methods of `Scripts`, and how scripts get them. */
import type { JsonText } from '../../../json-text.ts';
import type { Cursor, Join, Peer } from '../../hub.ts';
import type { Moderator } from '../../moderation.ts';
import { type Pass, plainPass } from '../../pass.ts';
import { type RoomView, wholeRoom } from '../../room-view.ts';
import { fullIdOf } from '../../spaces.ts';
import type { Argument } from './commands.ts';

export interface Open {
  readonly peer: Peer;
  /** The stream's name, which no other stream ever has. */
  readonly stream: string;
  readonly after: Cursor | undefined;
  /** The rooms to enter (G15). */
  readonly joins?: readonly Join[];
  readonly view?: RoomView;
  /** Whether the node has no place for a new session, only for one that goes on. */
  readonly full?: boolean;
  readonly pass?: Pass | undefined;
}

export interface Broadcast {
  /** The id of the sender. */
  readonly from: string;
  readonly roomId: string;
  readonly event: string;
  readonly data: JsonText;
  /** A message of the session with the same key is not sent again (G14). */
  readonly key?: string | undefined;
}

export interface Relay extends Broadcast {
  /** The id of the receiver. */
  readonly to: string;
}

/** A moderator's signal. */
export interface Sent extends Omit<Broadcast, 'from'> {
  /** The full id of the receiver. Undefined: all members. */
  readonly to?: string | undefined;
}

export interface Sync {
  readonly peerId: string;
  readonly stream: string;
  /** The cursor of the last message that the stream was given. */
  readonly after: Cursor;
  readonly openedMs: number;
}

export interface Beat {
  /** How often a node beats. */
  readonly beatMs: number;
  /** A node that is silent for longer is given up. */
  readonly leaseMs: number;
  /** About how many sessions and rooms to look after at most. */
  readonly batch: number;
  /** The takeover that the reply to the last beat named; empty: none. */
  readonly takeover: string;
  /** The newest id that this node knows of; 0: none. */
  readonly newestId: number;
  /** Where other nodes can reach the node; empty or absent: nowhere. */
  readonly url?: string;
}

export function openArguments(open: Open): readonly Argument[] {
  const { peer, stream, after = '', joins = [], view = wholeRoom, full = false, pass = plainPass } = open;
  const first = [fullIdOf(peer), profileOf(peer), stream, after, flag(view.members), flag(full)];
  return [...first, JSON.stringify(pass), ...joins.flatMap(({ roomId, state }) => [roomId, state.text])];
}

export function relayArguments({ from, roomId, to, event, data, key = '' }: Relay): readonly Argument[] {
  return [from, roomId, to, signalOf(roomId, event), data.text, key];
}

export function sendArguments(
  { peer, pass = plainPass }: Moderator,
  { roomId, to = '', event, data, key = '' }: Sent,
): readonly Argument[] {
  const sender = [fullIdOf(peer), profileOf(peer), JSON.stringify(pass)];
  return [...sender, roomId, to, signalOf(roomId, event), data.text, key];
}

/** Who asks, and with which pass. */
export function moderatorArguments({ peer, pass = plainPass }: Moderator): readonly Argument[] {
  return [fullIdOf(peer), JSON.stringify(pass)];
}

/** A signal without its peer and its data. */
export function signalOf(roomId: string, event: string): string {
  return JSON.stringify({ type: 'Signal', roomId, event });
}

export function flag(isSet: boolean): 0 | 1 {
  return isSet ? 1 : 0;
}

/** A peer as the others see it. */
function profileOf({ id, username, guest }: Peer): string {
  return JSON.stringify({ id, username, guest });
}
