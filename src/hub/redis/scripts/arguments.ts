/** The arguments of the methods of `Scripts`. */
import type { JsonText } from '../../../json-text.ts';
import type { Cursor, Join, Peer } from '../../hub.ts';
import type { RoomView } from '../../room-view.ts';

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
