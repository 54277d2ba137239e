import { createServer } from 'node:http';
import { createAdapter } from '@socket.io/redis-adapter';
import { Redis } from 'ioredis';
import { Server } from 'socket.io';
import { listen } from './listen.ts';

/**
 * Socket.IO with its Redis adapter, as its documentation sets it up, over WebSocket alone. A socket is in a room of its
 * peer and in one that the client names.
 *
 * It has no sessions, members or logs, and accepts any token.
 */

interface Sent {
  readonly roomId: string;
  readonly peerId?: string;
  readonly event: string;
  readonly data: unknown;
}

interface Receipt {
  readonly cursor: string;
  readonly status: string;
}

const { REDIS_URL = '' } = process.env;
const server = createServer();
const io = new Server(server, {
  adapter: createAdapter(new Redis(REDIS_URL), new Redis(REDIS_URL)),
  transports: ['websocket'],
});
let lastCursor = 0;

io.on('connection', (socket) => {
  const { id, roomId } = socket.handshake.auth as { id: string; roomId?: string };
  void socket.join(`peer:${id}`);
  if (roomId !== undefined) void socket.join(`room:${roomId}`);
  socket.on('send', ({ roomId, peerId, event, data }: Sent, answer: (receipt: Receipt) => void) => {
    lastCursor = Math.max(lastCursor + 1, Date.now() * 1000);
    const cursor = String(lastCursor);
    const signal = { cursor, sentAt: new Date(), roomId, peer: { id }, event, data };
    socket.to(peerId ? `peer:${peerId}` : `room:${roomId}`).emit('signal', signal);
    answer({ cursor, status: 'DELIVERED' });
  });
});

listen(server);
