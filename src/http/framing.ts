import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Result } from '../graphql/result.ts';
import { toBody } from './respond.ts';

/** A way to write results into one response, one after another. There is one for each media type. */
export interface Framing {
  readonly headers: OutgoingHttpHeaders;
  /** What comes before the first result. Sent at once, with the headers. */
  readonly opening: string;
  /** One result. Many streams share a result, so the frame is made once. */
  next(result: Result): Buffer;
  /** Keeps the connection open. Clients ignore it. */
  readonly ping: string;
  /** Says that the operation is over. A response that ends without it was cut, and the client resumes. */
  readonly complete: string;
}

/** The headers of every stream, beside its type. */
export const streamHeaders = {
  'Cache-Control': 'no-cache, no-transform',
  // Without it, nginx and similar proxies hold the response back until their buffers are full.
  'X-Accel-Buffering': 'no',
} as const;

/** The function that makes the frame of a result, or finds the one made before. */
export function framesOf(write: (result: Result) => string): (result: Result) => Buffer {
  const frames = new WeakMap<Result, Buffer>();
  return (result) => {
    let frame = frames.get(result);
    if (!frame) {
      frame = Buffer.from(write(result));
      frames.set(result, frame);
    }
    return frame;
  };
}

/** A result as JSON on one line. Many readers of streams take three more characters for the end of a line. */
export function lineOf(result: Result): string {
  // In JSON, only strings contain them.
  return toBody(result).replace(/[\u0085\u2028\u2029]/g, (char) => lineBreaks[char] ?? char);
}

const lineBreaks: Readonly<Record<string, string>> = {
  '\u0085': '\\u0085',
  '\u2028': '\\u2028',
  '\u2029': '\\u2029',
};

/** Sends the headers at once, before there is a result. */
export function openResponse(res: ServerResponse, { headers, opening }: Framing): void {
  res.writeHead(200, headers);
  if (opening === '') res.flushHeaders();
  else res.write(opening);
}

/**
 * Sends one result and the end of the operation, and returns the bytes of the result. For a query from a client that does
 * not accept JSON.
 */
export function sendOnce(res: ServerResponse, framing: Framing, result: Result): number {
  const frame = framing.next(result);
  openResponse(res, framing);
  res.write(frame);
  res.end(framing.complete);
  return frame.length;
}
