import type { JsonText } from '../../json-text.ts';
import type { Delivery, Receipt, Room } from '../hub.ts';
import type { Moderation, Moderator, Removal } from '../moderation.ts';
import { wholeRoom } from '../room-view.ts';
import type { Scripts } from './scripts/scripts.ts';

/** Each method is one script. */
export class RedisModeration implements Moderation {
  readonly #scripts: Scripts;

  constructor(scripts: Scripts) {
    this.#scripts = scripts;
  }

  async room(by: Moderator, roomId: string, view = wholeRoom): Promise<Room | null> {
    return (await this.#scripts.moderatedRoom(by, roomId, view)) ?? null;
  }

  send(
    by: Moderator,
    roomId: string,
    to: string | undefined,
    event: string,
    data: JsonText,
    key?: string,
  ): Promise<Receipt & Delivery> {
    return this.#scripts.send(by, { roomId, to, event, data, key });
  }

  removePeer(by: Moderator, roomId: string, peerId: string): Promise<Removal> {
    return this.#scripts.removePeer(by, roomId, peerId);
  }

  closeRoom(by: Moderator, roomId: string): Promise<Removal> {
    return this.#scripts.closeRoom(by, roomId);
  }
}
