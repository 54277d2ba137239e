import { BaseBox } from './base-box.ts';
import type { Options } from './options.ts';
import type { RemotePeer } from './remote-peer.ts';
import type { Room as RoomOf } from './room.ts';

export { MESSAGES } from '../documents.ts';
export type { BoxEvents, Options, Status } from './options.ts';
export type { RemotePeer } from './remote-peer.ts';
export type { RoomEvents } from './room.ts';
export { type Json, type Message, type PeerInfo, type Receipt, SignalboxError } from './types.ts';
export type Box = BaseBox<RemotePeer>;
export type Room = RoomOf<RemotePeer>;

/** The client without WebRTC: as `connect` of `signalbox/client`, but its peers have no channels and no media. */
export async function connect(url: string | readonly string[], options: Options): Promise<Box> {
  const box = new BaseBox<RemotePeer>([url].flat(), options, (info, state, wasHere) => ({
    ...info,
    state,
    wasHere,
  }));
  return box.connect();
}
