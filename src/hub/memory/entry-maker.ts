import type { JsonText } from '../../json-text.ts';
import type { Peer, RemovalReason } from '../hub.ts';
import type { Clock } from './clock.ts';
import { HeldEntry } from './held-entries.ts';
import type { Membership } from './room.ts';

/** Makes the entries for the members of a room, each with the next cursor. */
export class EntryMaker {
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  added(roomId: string, { member }: Membership, offer: boolean): HeldEntry {
    return new HeldEntry({ type: 'PeerAdded', cursor: this.#clock.next(), roomId, ...member, offer });
  }

  removed(roomId: string, { member }: Membership, reason: RemovalReason): HeldEntry {
    return new HeldEntry({ type: 'PeerRemoved', cursor: this.#clock.next(), roomId, ...member, reason });
  }

  changed(roomId: string, { member }: Membership): HeldEntry {
    return new HeldEntry({ type: 'PeerChanged', cursor: this.#clock.next(), roomId, ...member });
  }

  signal(roomId: string, peer: Peer, event: string, data: JsonText): HeldEntry {
    return new HeldEntry({ type: 'Signal', cursor: this.#clock.next(), roomId, peer, event, data });
  }
}
