import type { ServerResponse } from 'node:http';
import { cursorOf } from '../graphql/engine.ts';
import { type Framing, framesOf, lineOf, openResponse, streamHeaders } from './framing.ts';

/** Server-sent events, as in the "distinct connections" mode of GraphQL over SSE. */
export const sse: Framing = {
  headers: { 'Content-Type': 'text/event-stream; charset=utf-8', ...streamHeaders },
  opening: '',
  next: framesOf((result) => {
    const cursor = cursorOf(result);
    const id = cursor === undefined ? '' : `id: ${cursor}\n`;
    return `event: next\n${id}data: ${lineOf(result)}\n\n`;
  }),
  ping: ':\n\n',
  complete: 'event: complete\ndata:\n\n',
};

/** Sends no event. The client comes back after a random time of 1 to 3 s, so not all come at the same moment. */
export function sendRetry(res: ServerResponse): void {
  openResponse(res, sse);
  res.end(`retry: ${1000 + Math.floor(Math.random() * 2001)}\n\n`);
}
