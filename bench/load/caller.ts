import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const headEnd = Buffer.from('\r\n\r\n');
const lastChunk = Buffer.from('\r\n0\r\n\r\n');
const ok = Buffer.from('HTTP/1.1 200');
const unavailable = Buffer.from('HTTP/1.1 503');
const errors = Buffer.from('"errors"');

/** The node's `Retry-After`. */
const retryMs = 1000;

/** The node answered 503: the same request may be sent again later. */
class Unavailable extends Error {}

/**
 * One keep-alive connection that sends requests one after another. It finds the end of a response and whether the
 * request succeeded, and parses nothing else: a complete HTTP client would cost more CPU than the measured nodes.
 */
export class Caller {
  readonly #socket: Socket;
  #received: Buffer[] = [];
  #answer: PromiseWithResolvers<Buffer> | undefined;
  /** Settles when all earlier requests have been answered. */
  #last: Promise<unknown> = Promise.resolve();

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('error', (error) => this.#answer?.reject(error));
    socket.on('close', () => this.#answer?.reject(new Error('The node closed a connection.')));
  }

  static async connect(port: number): Promise<Caller> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    return new Caller(socket);
  }

  /** Resolves with the whole response. Rejects if the request failed. */
  send(request: Buffer): Promise<Buffer> {
    const sent = this.#last.then(() => {
      this.#answer = Promise.withResolvers();
      this.#socket.write(request);
      return this.#answer.promise;
    });
    this.#last = sent.catch(() => undefined);
    return sent;
  }

  /**
   * Sends the request again while the node answers 503, as clients do. That is safe for `joinRoom`, which is idempotent.
   * Resolves with the number of 503s.
   */
  async sendUntilAccepted(request: Buffer): Promise<number> {
    for (let refused = 0; ; refused++) {
      try {
        await this.send(request);
        return refused;
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error;
        await sleep(retryMs);
      }
    }
  }

  close(): void {
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    this.#received.push(chunk);
    const all = this.#received.length === 1 ? chunk : Buffer.concat(this.#received);
    if (!isWhole(all)) return;
    this.#received = [];
    if (all.indexOf(ok) === 0 && !all.includes(errors)) this.#answer?.resolve(all);
    else if (all.indexOf(unavailable) === 0) this.#answer?.reject(new Unavailable(`${all}`));
    else this.#answer?.reject(new Error(`A request failed: ${all}`));
  }
}

function isWhole(answer: Buffer): boolean {
  const head = answer.indexOf(headEnd);
  if (head < 0) return false;
  const [, length] = /content-length: *(\d+)/i.exec(answer.toString('latin1', 0, head)) ?? [];
  if (length === undefined) return answer.indexOf(lastChunk, head) >= 0;
  return answer.length >= head + headEnd.length + Number(length);
}
