import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Result } from '../graphql/result.ts';

/** A way to write results into one response, one after another. There is one for each media type. */
export interface Framing {
  readonly headers: OutgoingHttpHeaders;
  /** One result. Many streams share a result, so the frame is made once. */
  next(result: Result): Buffer;
  /** Keeps the connection open. Clients ignore it. */
  readonly ping: string;
  /** Asks the client to come back after this time, in milliseconds. */
  retry(afterMs: number): string;
  /** Says that the operation is over. A response that ends without it was cut, and the client resumes. */
  readonly complete: string;
}

/** Sends the headers at once, before there is a result. */
export function openResponse(res: ServerResponse, { headers }: Framing): void {
  res.writeHead(200, headers);
  res.flushHeaders();
}

/** Sends one result and the end of the operation. For a query from a client that does not accept JSON. */
export function sendOnce(res: ServerResponse, framing: Framing, result: Result): void {
  openResponse(res, framing);
  res.write(framing.next(result));
  res.end(framing.complete);
}

/** Sends no result. The client comes back after a random time of 1 to 3 s, so not all come at the same moment. */
export function sendRetry(res: ServerResponse, framing: Framing): void {
  openResponse(res, framing);
  res.end(framing.retry(1000 + Math.floor(Math.random() * 2001)));
}
