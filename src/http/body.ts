import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { httpFaults } from '../errors.ts';
import { HttpError } from './http-error.ts';

/**
 * The most bytes that all clients together may have sent of bodies that are not complete yet (G8). It is enough
 * for 64 bodies of the greatest size.
 */
const defaultMaxUnfinishedBytes = (maxBytes: number) => Math.max(64 * 1024 * 1024, 64 * maxBytes);

/** Reads the bodies of requests. Each body has a limit, and so have all unfinished bodies together. */
export class Bodies {
  readonly #maxBytes: number;
  readonly #maxUnfinishedBytes: number;
  #unfinishedBytes = 0;

  /** `maxBytes`: the limit of one body. */
  constructor(maxBytes: number, maxUnfinishedBytes: number = defaultMaxUnfinishedBytes(maxBytes)) {
    this.#maxBytes = maxBytes;
    this.#maxUnfinishedBytes = maxUnfinishedBytes;
  }

  /**
   * The text of a request's body. Undefined if the client went away before the end of the body. Throws an
   * `HttpError` if the body is too large or not UTF-8, or if too many bodies are unfinished. Node.js then drops
   * the rest of the body as it arrives, within the server's request timeout.
   */
  async read(req: IncomingMessage): Promise<string | undefined> {
    if (Number(req.headers['content-length']) > this.#maxBytes) throw this.#tooLarge();
    const bytes = await this.#collect(req);
    if (bytes === undefined) return undefined;
    if (!isUtf8(bytes)) throw new HttpError(httpFaults.bodyNotUtf8);
    return bytes.toString();
  }

  async #collect(req: IncomingMessage): Promise<Buffer | undefined> {
    const { promise, resolve, reject } = Promise.withResolvers<Buffer | undefined>();
    const chunks: Buffer[] = [];
    let size = 0;
    const refuse = (error: HttpError) => {
      req.off('data', onData);
      chunks.length = 0;
      reject(error);
    };
    const onData = (chunk: Buffer) => {
      size += chunk.length;
      this.#unfinishedBytes += chunk.length;
      if (size > this.#maxBytes) refuse(this.#tooLarge());
      else if (this.#unfinishedBytes > this.#maxUnfinishedBytes)
        refuse(new HttpError(httpFaults.tooManyBodies));
      else chunks.push(chunk);
    };
    req.on('data', onData);
    req.on('end', () => resolve(chunks.length === 1 ? chunks[0] : Buffer.concat(chunks, size)));
    // Node.js throws an `error` that has no listener.
    req.on('error', () => resolve(undefined));
    req.on('close', () => resolve(undefined));
    try {
      return await promise;
    } finally {
      this.#unfinishedBytes -= size;
    }
  }

  #tooLarge(): HttpError {
    return new HttpError(httpFaults.bodyTooLarge(this.#maxBytes));
  }
}
