import type { QueryResolvers } from '../../generated/schema.ts';
import { fullIdOf } from '../../hub/spaces.ts';
import { begin, noteRead, readOnce, viewOf } from '../metering.ts';
import { readable } from '../rights.ts';

export const query: QueryResolvers = {
  me: async (_root, _args, context) => begin(context),

  room: async (_root, { roomId }, context, info) => {
    const caller = await begin(context, 'answers');
    const view = viewOf(info);
    const { full, moderator } = readable(caller, roomId);
    return readOnce(context, `room ${view.members} ${full}`, async () => {
      const { hub } = context;
      const room = moderator
        ? await hub.moderation.room(moderator, full, view)
        : await hub.room(fullIdOf(caller), full, view);
      if (room) noteRead(context, [room]);
      return room;
    });
  },

  rooms: async (_root, _args, context, info) => {
    const caller = await begin(context, 'answers');
    const view = viewOf(info);
    const rooms = await readOnce(context, `rooms ${view.members}`, async () => {
      const read = await context.hub.rooms(fullIdOf(caller), view);
      noteRead(context, read);
      // A newer token may allow less than the one by which the session has joined.
      return read.filter(({ id }) => caller.rights.allow('join', id));
    });
    return context.budget.spendOnList(rooms.length, info) ? rooms : [];
  },

  iceServers: async (_root, _args, context) => {
    const caller = await begin(context);
    // Peers of two spaces may have the same id.
    const servers = context.iceServersFor?.(fullIdOf(caller)) ?? [];
    return servers.map(({ urls, username = null, credential = null, expiresAt = null }) => ({
      urls,
      username,
      credential,
      expiresAt,
    }));
  },
};
