import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const headEnd = Buffer.from('\r\n\r\n');
const lastChunk = Buffer.from('\r\n0\r\n\r\n');
const ok = Buffer.from('HTTP/1.1 200');
const unavailable = Buffer.from('HTTP/1.1 503');
const errors = Buffer.from('"errors"');

/** What `Retry-After` says. */
const againMs = 1000;

/** The server said that it cannot now, and that the same request may be sent again. */
class Unavailable extends Error {}

/**
 * One kept-alive connection that sends requests one after another. It reads no more of an answer than
 * where it ends and whether it is good: a client in full would cost more than what is measured.
 */
export class Caller {
  readonly #socket: Socket;
  #received: Buffer[] = [];
  #answer: PromiseWithResolvers<Buffer> | undefined;
  /** Settles when the requests before have been answered. */
  #last: Promise<unknown> = Promise.resolve();

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('error', (error) => this.#answer?.reject(error));
    socket.on('close', () => this.#answer?.reject(new Error('The server closed a connection.')));
  }

  static async connect(port: number): Promise<Caller> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    return new Caller(socket);
  }

  /** Resolves with the answer, as it came. Rejects where it is no success. */
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
   * Sends it until the server can, as clients do: to join twice is to join once. Resolves with how
   * often it could not.
   */
  async insist(request: Buffer): Promise<number> {
    for (let refused = 0; ; refused++) {
      try {
        await this.send(request);
        return refused;
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error;
        await sleep(againMs);
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
