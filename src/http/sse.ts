import { cursorOf } from '../graphql/engine.ts';
import type { Result } from '../graphql/result.ts';
import type { Framing } from './framing.ts';
import { toBody } from './respond.ts';

/** Frames by their results. Many streams share a result, so its frame is encoded once. */
const frames = new WeakMap<Result, Buffer>();

function frameOf(result: Result): Buffer {
  const cursor = cursorOf(result);
  const id = cursor === undefined ? '' : `id: ${cursor}\n`;
  return Buffer.from(`event: next\n${id}data: ${onOneLine(toBody(result))}\n\n`);
}

/** Many readers of event streams take these characters for the end of a line. In JSON, only strings contain them. */
function onOneLine(json: string): string {
  return json.replace(/[\u0085\u2028\u2029]/g, (char) => lineBreaks[char] ?? char);
}

const lineBreaks: Readonly<Record<string, string>> = {
  '\u0085': '\\u0085',
  '\u2028': '\\u2028',
  '\u2029': '\\u2029',
};

/** Server-sent events, as in the "distinct connections" mode of GraphQL over SSE. */
export const sse: Framing = {
  headers: {
    'Content-Type': 'text/event-stream; charset=utf-8',
    'Cache-Control': 'no-cache, no-transform',
    // Without it, nginx and similar proxies hold the response back until their buffers are full.
    'X-Accel-Buffering': 'no',
  },
  next(result) {
    let frame = frames.get(result);
    if (!frame) {
      frame = frameOf(result);
      frames.set(result, frame);
    }
    return frame;
  },
  ping: ':\n\n',
  retry: (afterMs) => `retry: ${afterMs}\n\n`,
  complete: 'event: complete\ndata:\n\n',
};
