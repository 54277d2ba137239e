import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Opening, open } from './connection.ts';
import { http, type Protocol } from './protocol.ts';

/** The node's `Retry-After`. */
const retryMs = 1000;

/** The node answered 503: the same request may be sent again later. */
class Unavailable extends Error {}

/**
 * One connection that stays open and sends requests one after another. It finds the end of an answer and whether the
 * request succeeded, and parses nothing else: a complete client would cost more CPU than the measured nodes.
 */
export class Caller {
  readonly #socket: Socket;
  readonly #protocol: Protocol;
  readonly #opening: Opening | undefined;
  #received: Buffer[] = [];
  #answer: PromiseWithResolvers<Buffer> | undefined;
  /** Settles when all earlier requests have been answered. */
  #last: Promise<unknown> = Promise.resolve();

  private constructor(socket: Socket, protocol: Protocol, opening?: Opening) {
    this.#socket = socket;
    this.#protocol = protocol;
    this.#opening = opening;
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('error', (error) => this.#answer?.reject(error));
    socket.on('close', () => this.#answer?.reject(new Error('The node closed a connection.')));
  }

  static async connect(port: number, protocol: Protocol = http): Promise<Caller> {
    const opening = protocol.opening?.();
    if (opening) return new Caller((await open(port, opening)).socket, protocol, opening);
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    return new Caller(socket, protocol);
  }

  /** Resolves with the whole answer. Rejects if the request failed. */
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
    const { ping, pong } = this.#opening ?? {};
    // It may come in one chunk with an answer.
    if (ping && pong && chunk.includes(ping)) {
      this.#socket.write(pong);
      if (chunk.length === ping.length) return;
    }
    this.#received.push(chunk);
    const all = this.#received.length === 1 ? chunk : Buffer.concat(this.#received);
    if (!this.#protocol.isWhole(all)) return;
    this.#received = [];
    const verdict = this.#protocol.verdict(all);
    if (verdict === 'done') this.#answer?.resolve(all);
    else if (verdict === 'unavailable') this.#answer?.reject(new Unavailable(`${all}`));
    else this.#answer?.reject(new Error(`A request failed: ${all}`));
  }
}
