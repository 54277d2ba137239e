import { isUtf8 } from 'node:buffer';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { bodyIsTaken, httpFaults } from '../errors.ts';
import { BytePool, type BytePoolOptions } from '../limits/byte-pool.ts';
import { HttpError } from './http-error.ts';

/** A body up to this size counts as small. Most are: only a large `data` or `state` needs more. */
export const smallBodyBytes = 16 * 1024;

export interface BodiesBounds {
  /** The limit of one body. */
  readonly maxBytes: number;
  /** The limits of all small bodies whose requests are not answered, and of all larger ones. */
  readonly small: BytePoolOptions;
  readonly large: BytePoolOptions;
}

/** A part of a body takes as long to receive as so many bytes take to parse. A client may send each byte as a part. */
const bytesPerPart = 64;
/** A value takes as long to parse as so many bytes of a string. `[{},{},…]` has one for every three bytes. */
const bytesPerValue = 16;

/** How many values a JSON text has, at most: each but one follows a bracket or a comma. */
function countValues(json: Buffer): number {
  let count = 0;
  for (let i = 0; i < json.length; i++) {
    const byte = json[i];
    if (byte === 0x2c || byte === 0x5b || byte === 0x7b) count += 1;
  }
  return count;
}

/**
 * What has come of a body, as one buffer: each part by itself would take some 600 bytes, however short it is. The buffer
 * has at most twice the bytes that came.
 */
class Received {
  parts = 0;
  #buffer: Buffer | undefined;
  #length = 0;

  get bytes(): Buffer {
    return this.#buffer?.subarray(0, this.#length) ?? Buffer.alloc(0);
  }

  add(part: Buffer): void {
    this.parts += 1;
    const length = this.#length + part.length;
    // Most bodies have one part. It is not copied.
    if (!this.#buffer) this.#buffer = part;
    else {
      if (length > this.#buffer.length) {
        const larger = Buffer.allocUnsafeSlow(2 * length);
        this.#buffer.copy(larger, 0, 0, this.#length);
        this.#buffer = larger;
      }
      part.copy(this.#buffer, this.#length);
    }
    this.#length = length;
  }

  clear(): void {
    this.#buffer = undefined;
    this.#length = 0;
  }
}

/**
 * Reads the bodies of requests. Each body has a limit, and so have all bodies of an address and of all addresses
 * together, from their first byte until their requests are answered. Small bodies are counted by themselves, so
 * that large ones never keep them out. At a limit, the address that holds most loses its oldest unfinished body.
 */
export class Bodies {
  readonly #maxBytes: number;
  readonly #small: BytePool;
  readonly #large: BytePool;
  readonly #admit: (address: string, bytes: number) => void;

  /** `admit` is called before a body is parsed that takes as long as this many bytes. It throws an `HttpError` to refuse it. */
  constructor(
    { maxBytes, small, large }: BodiesBounds,
    admit: (address: string, bytes: number) => void = () => undefined,
  ) {
    this.#admit = admit;
    this.#maxBytes = maxBytes;
    this.#small = new BytePool(small);
    this.#large = new BytePool(large);
  }

  /**
   * The text of a request's body. Undefined if the client went away before the end of the body. Throws an
   * `HttpError` if the body is too large or not UTF-8, or if too many bodies are unfinished. Node.js then drops
   * the rest of the body as it arrives, within the server's request timeout. The body counts for `address`.
   */
  async read(req: IncomingMessage, res: ServerResponse, address: string): Promise<string | undefined> {
    if (req.readableEnded) throw new Error(bodyIsTaken);
    if (Number(req.headers['content-length']) > this.#maxBytes) throw this.#tooLarge();
    const received = await this.#collect(req, res, address);
    if (received === undefined) return undefined;
    const { bytes, parts } = received;
    this.#admit(address, bytes.length + bytesPerPart * parts + bytesPerValue * countValues(bytes));
    if (!isUtf8(bytes)) throw new HttpError(httpFaults.bodyNotUtf8);
    return bytes.toString();
  }

  #collect(req: IncomingMessage, res: ServerResponse, address: string): Promise<Received | undefined> {
    const { promise, resolve, reject } = Promise.withResolvers<Received | undefined>();
    const received = new Received();
    const length = Number(req.headers['content-length']);
    let size = 0;
    const refuse = (error: HttpError) => {
      req.off('data', onData);
      received.clear();
      holding.release();
      reject(error);
    };
    const drop = () => refuse(new HttpError(httpFaults.tooManyBodies));
    let holding = this.#small.hold(address, drop);
    const hold = (chunk: Buffer): boolean => {
      const isLarge = size > smallBodyBytes;
      if (!isLarge || size - chunk.length > smallBodyBytes) return holding.grow(chunk.length);
      holding.release();
      holding = this.#large.hold(address, drop);
      return holding.grow(size);
    };
    const onData = (chunk: Buffer) => {
      // Most bodies are small and arrive at once. They wait for nothing.
      if (size === 0 && chunk.length === length && length <= smallBodyBytes) {
        size = length;
        received.add(chunk);
        return;
      }
      if (size === 0) res.on('close', () => holding.release());
      size += chunk.length;
      if (size > this.#maxBytes) refuse(this.#tooLarge());
      else if (hold(chunk)) received.add(chunk);
      else drop();
    };
    req.on('data', onData);
    req.on('end', () => {
      holding.keep();
      resolve(received);
    });
    // Node.js throws an `error` that has no listener.
    req.on('error', () => resolve(undefined));
    req.on('close', () => resolve(undefined));
    return promise;
  }

  #tooLarge(): HttpError {
    return new HttpError(httpFaults.bodyTooLarge(this.#maxBytes));
  }
}
