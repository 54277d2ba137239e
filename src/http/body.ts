import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { SignalboxError } from '../errors.ts';
import { malformed, Refusal } from './refusal.ts';

/** What all clients together may have sent of bodies whose ends are still to come, in bytes (G8); 64 of the largest. */
const mostUnderWay = (maxBytes: number) => Math.max(64 * 1024 * 1024, 64 * maxBytes);

/** Reads the bodies of requests, each of which has a bound, and all of them one. */
export class Bodies {
  readonly #maxBytes: number;
  readonly #mostUnderWay: number;
  #underWay = 0;

  /** `maxBytes`: of one. */
  constructor(maxBytes: number, all: number = mostUnderWay(maxBytes)) {
    this.#maxBytes = maxBytes;
    this.#mostUnderWay = all;
  }

  /**
   * The text of a request's body; undefined where the client went away before its end. Throws a `Refusal` where it is
   * too large or not UTF-8, and where there are too many. What a refused client still sends is dropped by Node as it
   * arrives, within the server's request timeout.
   */
  async read(req: IncomingMessage): Promise<string | undefined> {
    if (Number(req.headers['content-length']) > this.#maxBytes) throw this.#tooLarge();
    const bytes = await this.#collect(req);
    if (bytes === undefined) return undefined;
    if (!isUtf8(bytes)) throw malformed('The body is not UTF-8.');
    return bytes.toString();
  }

  async #collect(req: IncomingMessage): Promise<Buffer | undefined> {
    const { promise, resolve, reject } = Promise.withResolvers<Buffer | undefined>();
    const chunks: Buffer[] = [];
    let size = 0;
    const refuse = (refusal: Refusal) => {
      req.off('data', onData);
      chunks.length = 0;
      reject(refusal);
    };
    const onData = (chunk: Buffer) => {
      size += chunk.length;
      this.#underWay += chunk.length;
      if (size > this.#maxBytes) refuse(this.#tooLarge());
      else if (this.#underWay > this.#mostUnderWay) refuse(busy());
      else chunks.push(chunk);
    };
    req.on('data', onData);
    req.on('end', () => resolve(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks, size)));
    // Of a connection that breaks, `close` says enough: `error` is heard so that it is not thrown.
    req.on('error', () => resolve(undefined));
    req.on('close', () => resolve(undefined));
    try {
      return await promise;
    } finally {
      this.#underWay -= size;
    }
  }

  #tooLarge(): Refusal {
    return new Refusal(413, `The body is too large: at most ${this.#maxBytes} bytes are taken.`, {
      code: 'PAYLOAD_TOO_LARGE',
    });
  }
}

function busy(): Refusal {
  const { message } = new SignalboxError('UNAVAILABLE');
  return new Refusal(503, message, { code: 'UNAVAILABLE' });
}
