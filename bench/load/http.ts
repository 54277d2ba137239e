import type { Opening } from './connection.ts';

/** An HTTP request. It is built once and sent many times. */
export interface WireRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
}

const headEnd = Buffer.from('\r\n\r\n');

export function toWire({ method, path, headers = {}, body }: WireRequest): Buffer {
  const json = body === undefined ? '' : JSON.stringify(body);
  const lines = [`${method} ${path} HTTP/1.1`, 'Host: localhost'];
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`);
  if (body !== undefined) {
    lines.push('Content-Type: application/json', `Content-Length: ${Buffer.byteLength(json)}`);
  }
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${json}`);
}

/** A connection that begins with this request, and is open when the head of the answer has arrived. */
export function eventStream(request: WireRequest): Opening {
  return { steps: [{ send: toWire(request), until: headEnd }] };
}
