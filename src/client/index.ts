import { Box } from './box.ts';
import type { Options } from './options.ts';
import type { Peer } from './peer.ts';
import type { Room as RoomOf } from './room.ts';

export { MESSAGES } from '../documents.ts';
export { Box } from './box.ts';
export { Channel, type ChannelEvents } from './channel.ts';
export type { BoxEvents, Options, Status } from './options.ts';
export { type Path, Peer, type PeerEvents } from './peer.ts';
export type { RoomEvents } from './room.ts';
export { type Json, type Message, type PeerInfo, type Receipt, SignalboxError } from './types.ts';
export type Room = RoomOf<Peer>;

/**
 * Connects to a server, or to the first of several that answers, and resolves when the session has begun.
 *
 * `url` is the server's address, such as `http://localhost:4000`, with its `BASE_PATH` if it has one. `options` is
 * `{ username }` for a guest, or `{ token }`: a function that gives a token of the application.
 *
 * When a page is closed, its client leaves all rooms at once.
 */
export async function connect(url: string | readonly string[], options: Options): Promise<Box> {
  return new Box([url].flat(), options).connect();
}
