import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Opening } from './connection.ts';

/** A client that lost its stream waits up to this long before it opens the stream again. */
const backoffMs = 500;

/** The connection ended before a message arrived. Another node may accept the stream, or the same node later. */
class Lost extends Error {}

/** A stream that resumes from its cursor whenever it is lost, as a good client's does. */
export class ResumingStream {
  readonly #opening: (after: string | undefined) => Opening;
  readonly #ports: () => readonly number[];
  /** The cursor of the last message that arrived. */
  #cursor: string | undefined;
  #socket: Socket | undefined;
  #back = Promise.withResolvers<void>();
  #closed = false;

  /** `ports`: the ports of the nodes that the client may use at that time. */
  constructor(opening: (after: string | undefined) => Opening, ports: () => readonly number[]) {
    this.#opening = opening;
    this.#ports = ports;
  }

  /** Resolves when the first message arrives. Rejects if there is none. */
  async open(): Promise<void> {
    const ports = this.#ports();
    const port = ports[Math.floor(Math.random() * ports.length)] ?? 0;
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.#socket = socket;
    const cursor = this.#cursor;
    const first = await this.#follow(socket);
    if (cursor !== undefined && first !== cursor) throw new Error('A session was not resumed.');
    socket.on('close', () => void this.#resume());
  }

  /** Resolves after the next loss, once the stream is open again. Rejects if its session was not resumed. */
  returned(): Promise<void> {
    this.#back = Promise.withResolvers();
    return this.#back.promise;
  }

  close(): void {
    this.#closed = true;
    this.#socket?.destroy();
  }

  /** Reads the `id:` lines and nothing else. Resolves with the first cursor. */
  #follow(socket: Socket): Promise<string> {
    const first = Promise.withResolvers<string>();
    let rest = '';
    socket.setEncoding('latin1');
    // An event stream takes one step.
    for (const { send } of this.#opening(this.#cursor).steps) socket.write(send);
    socket.on('data', (chunk: string) => {
      const text = rest + chunk;
      // A line may be split between two chunks.
      rest = text.slice(-30);
      // The response has ended. The node would keep the connection for another request.
      if (text.endsWith('\r\n0\r\n\r\n')) socket.destroy();
      const cursors = Array.from(text.matchAll(/\nid: (\d+)\n/g), ([, cursor = '']) => cursor);
      if (cursors[0] === undefined) return;
      first.resolve(cursors[0]);
      this.#cursor = cursors.at(-1);
    });
    socket.once('data', (head: string) => {
      if (!head.startsWith('HTTP/1.1 200')) socket.destroy();
    });
    // `close` follows an error.
    socket.on('error', () => undefined);
    socket.on('close', () => first.reject(new Lost('A stream ended before its first message.')));
    return first.promise;
  }

  async #resume(): Promise<void> {
    while (!this.#closed) {
      await sleep(Math.random() * backoffMs);
      try {
        await this.open();
        return this.#back.resolve();
      } catch (error) {
        if (error instanceof Lost) continue;
        return this.#back.reject(error);
      }
    }
  }
}
