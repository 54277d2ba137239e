import type { ServerResponse } from 'node:http';

/** The process lives. */
export function answerHealth(res: ServerResponse): void {
  send(res, 200, '{"status":"ok"}');
}

/** Whether the server is to be sent requests: what a load balancer asks. */
export function answerReady(res: ServerResponse, ready: boolean): void {
  if (ready) send(res, 200, '{"status":"ok"}');
  else send(res, 503, '{"status":"unavailable"}', { 'Retry-After': '1' });
}

function send(res: ServerResponse, status: number, body: string, headers?: Record<string, string>): void {
  res.writeHead(status, {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    ...headers,
  });
  res.end(body);
}
