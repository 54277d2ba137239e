import { createServer } from 'node:http';
import { RedisPubSub } from 'graphql-redis-subscriptions';
import { createSchema, createYoga } from 'graphql-yoga';
import { Redis } from 'ioredis';
import { readSchema } from '../schema.ts';
import { listen } from './listen.ts';

/**
 * The usual way: Yoga with its own Node.js adapter, and the async iterator of graphql-redis-subscriptions, with a Redis
 * channel for each peer and each room. The schema is Signalbox's plus one field, whose argument names the room of a
 * stream: this baseline does not remember which peers are in a room.
 *
 * It has no sessions, members or logs, and accepts any token.
 */

interface Signal {
  readonly __typename: 'Signal';
  readonly cursor: string;
  readonly sentAt: string;
  readonly roomId: string;
  readonly peer: { readonly id: string; readonly username: string };
  readonly event: string;
  readonly data: unknown;
}

interface Sent {
  readonly roomId: string;
  readonly peerId?: string;
  readonly event: string;
  readonly data: unknown;
}

interface Context {
  readonly peer: { readonly id: string; readonly username: string };
}

const { REDIS_URL = '' } = process.env;
const pubsub = new RedisPubSub({ publisher: new Redis(REDIS_URL), subscriber: new Redis(REDIS_URL) });
let lastCursor = 0;

async function publish(channel: string, { roomId, event, data }: Sent, { peer }: Context) {
  lastCursor = Math.max(lastCursor + 1, Date.now() * 1000);
  const cursor = String(lastCursor);
  const sentAt = new Date().toISOString();
  const signal: Signal = { __typename: 'Signal', cursor, sentAt, roomId, peer, event, data };
  await pubsub.publish(channel, { messagesIn: signal });
  return { cursor, status: 'DELIVERED' };
}

const yoga = createYoga<object, Context>({
  logging: false,
  schema: createSchema<Context>({
    typeDefs: [...readSchema(), 'extend type Subscription { messagesIn(roomId: ID!): Message! }'],
    resolvers: {
      Query: { me: (_root, _args, { peer }) => peer },
      Mutation: {
        relay: (_root, sent: Sent, context) => publish(`peer:${sent.peerId}`, sent, context),
        broadcast: (_root, sent: Sent, context) => publish(`room:${sent.roomId}`, sent, context),
      },
      Subscription: {
        messagesIn: {
          subscribe: (_root: unknown, { roomId }: { roomId: string }, { peer }: Context) =>
            pubsub.asyncIterator([`peer:${peer.id}`, `room:${roomId}`]),
        },
      },
    },
  }),
  context: ({ request }) => {
    const id = request.headers.get('authorization')?.replace('Bearer ', '') ?? '';
    return { peer: { id, username: 'bench' } };
  },
});

listen(createServer(yoga));
