import type { QueryResolvers } from '../../generated/schema.ts';
import { checkRoomId } from '../input.ts';
import { begin, noteRead, readOnce, viewOf } from '../metering.ts';

export const query: QueryResolvers = {
  me: async (_root, _args, context) => begin(context),

  room: async (_root, { roomId }, context, info) => {
    const { id } = await begin(context, 'answers');
    const view = viewOf(info);
    return readOnce(context, `room ${view.members} ${checkRoomId(roomId)}`, async () => {
      const room = await context.hub.room(id, roomId, view);
      if (room) noteRead(context, [room]);
      return room;
    });
  },

  rooms: async (_root, _args, context, info) => {
    const { id } = await begin(context, 'answers');
    const view = viewOf(info);
    const rooms = await readOnce(context, `rooms ${view.members}`, async () => {
      const read = await context.hub.rooms(id, view);
      noteRead(context, read);
      return read;
    });
    return context.budget.spendOnList(rooms.length, info) ? rooms : [];
  },

  iceServers: async (_root, _args, context) => {
    const { id } = await begin(context);
    const servers = context.iceServersFor?.(id) ?? [];
    return servers.map(({ urls, username = null, credential = null, expiresAt = null }) => ({
      urls,
      username,
      credential,
      expiresAt,
    }));
  },
};
