import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Redis } from 'ioredis';
import { listen } from './listen.ts';

/**
 * The floor: the least code that passes messages on. It is node:http, JSON, and a Redis channel for each peer and each room. A node
 * subscribes to a channel while it holds a stream for it. The sender's node encodes a message once; other nodes pass
 * the text on.
 *
 * It has no GraphQL, sessions, members or logs, and accepts any token.
 */

interface Sent {
  readonly roomId: string;
  readonly peerId?: string;
  readonly event: string;
  readonly data: unknown;
}

const { REDIS_URL = '' } = process.env;
const publisher = new Redis(REDIS_URL);
const subscriber = new Redis(REDIS_URL);
const streams = new Map<string, Set<ServerResponse>>();
let lastCursor = 0;

subscriber.on('message', (channel: string, json: string) => {
  const event = `event: next\ndata: ${json}\n\n`;
  for (const res of streams.get(channel) ?? []) res.write(event);
});

function bearer(req: IncomingMessage): string {
  return req.headers.authorization?.replace('Bearer ', '') ?? '';
}

async function readJson(req: IncomingMessage): Promise<Sent> {
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString());
}

async function send(req: IncomingMessage, res: ServerResponse): Promise<void> {
  const { roomId, peerId, event, data } = await readJson(req);
  lastCursor = Math.max(lastCursor + 1, Date.now() * 1000);
  const cursor = String(lastCursor);
  const signal = { cursor, sentAt: new Date(), roomId, peer: { id: bearer(req) }, event, data };
  await publisher.publish(peerId ? `peer:${peerId}` : `room:${roomId}`, JSON.stringify(signal));
  const answer = JSON.stringify({ cursor, status: 'DELIVERED' });
  res.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(answer) });
  res.end(answer);
}

async function stream(req: IncomingMessage, res: ServerResponse, roomId: string): Promise<void> {
  const channels = [`peer:${bearer(req)}`, `room:${roomId}`];
  res.on('close', () => {
    for (const channel of channels) {
      const open = streams.get(channel);
      open?.delete(res);
      if (open?.size !== 0) continue;
      streams.delete(channel);
      subscriber.unsubscribe(channel).catch(fail);
    }
  });
  for (const channel of channels) {
    const open = streams.get(channel);
    if (open) open.add(res);
    else streams.set(channel, new Set([res]));
    if (!open) await subscriber.subscribe(channel);
  }
  res.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' });
  res.flushHeaders();
}

function fail(error: unknown): never {
  throw error;
}

listen(
  createServer((req, res) => {
    if (req.method === 'POST') send(req, res).catch(fail);
    else stream(req, res, (req.url ?? '').slice(1)).catch(fail);
  }),
);
