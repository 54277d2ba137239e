import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { malformed, Refusal } from './refusal.ts';

/**
 * The text of a request's body, of at most `maxBytes`; undefined where the client went away before
 * its end. Throws a `Refusal` where it is too large or not UTF-8. What a refused client still sends is
 * dropped by Node as it arrives, within the server's request timeout.
 */
export async function readBody(req: IncomingMessage, maxBytes: number): Promise<string | undefined> {
  if (Number(req.headers['content-length']) > maxBytes) throw tooLarge(maxBytes);
  const bytes = await collect(req, maxBytes);
  if (bytes === undefined) return undefined;
  if (!isUtf8(bytes)) throw malformed('The body is not UTF-8.');
  return bytes.toString();
}

function collect(req: IncomingMessage, maxBytes: number): Promise<Buffer | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer | undefined>();
  const chunks: Buffer[] = [];
  let size = 0;
  const onData = (chunk: Buffer) => {
    size += chunk.length;
    if (size > maxBytes) {
      req.off('data', onData);
      chunks.length = 0;
      reject(tooLarge(maxBytes));
    } else {
      chunks.push(chunk);
    }
  };
  req.on('data', onData);
  req.on('end', () => resolve(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks, size)));
  // Of a connection that breaks, `close` says enough: `error` is heard so that it is not thrown.
  req.on('error', () => resolve(undefined));
  req.on('close', () => resolve(undefined));
  return promise;
}

function tooLarge(maxBytes: number): Refusal {
  return new Refusal(413, `The body is too large: at most ${maxBytes} bytes are taken.`, {
    code: 'PAYLOAD_TOO_LARGE',
  });
}
