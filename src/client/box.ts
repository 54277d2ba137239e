import { BaseBox } from './base-box.ts';
import { iceServersFrom } from './ice-servers.ts';
import type { Options } from './options.ts';
import { Peer } from './peer.ts';

/** The client, with channels and media to each other peer. */
export class Box extends BaseBox<Peer> {
  constructor(urls: readonly string[], options: Options) {
    const ice = iceServersFrom(options, (body) => this.post(body));
    super(urls, options, (info, state, wasHere, relay) => new Peer(info, state, wasHere, { relay, ice }));
  }
}
