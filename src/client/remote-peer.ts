import type { Json, PeerInfo } from './types.ts';

/** Another peer in a room. */
export interface RemotePeer extends PeerInfo {
  /** Whether the peer was in the room before this client. */
  readonly wasHere: boolean;
  /** The peer's state in this room. */
  state: Json;
  /** For the room: the peer's mesh has sent something. */
  receive?(event: string, data: Json): void;
  /** For the room: the peer is gone. */
  close?(): void;
}
