import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** How long a client that has lost its stream waits before it asks for it again, at the most. */
const backoffMs = 500;

/** The connection ended before there was a message: another node may have one, or the same some time later. */
class Lost extends Error {}

/** A stream that is opened again from its cursor whenever it is lost, as a good client does. */
export class Returner {
  readonly #request: (after: string | undefined) => Buffer;
  readonly #ports: () => readonly number[];
  /** The id of the last message that came. */
  #cursor: string | undefined;
  #socket: Socket | undefined;
  #back = Promise.withResolvers<void>();
  #closed = false;

  /** `ports`: of the nodes that it may go to at that time. */
  constructor(request: (after: string | undefined) => Buffer, ports: () => readonly number[]) {
    this.#request = request;
    this.#ports = ports;
  }

  /** Resolves at the stream's first message. Rejects where there is none. */
  async open(): Promise<void> {
    const ports = this.#ports();
    const port = ports[Math.floor(Math.random() * ports.length)] ?? 0;
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.#socket = socket;
    const cursor = this.#cursor;
    const first = await this.#follow(socket);
    if (cursor !== undefined && first !== cursor) throw new Error('A session did not go on.');
    socket.on('close', () => void this.#comeBack());
  }

  /** Resolves when it has been lost, from now on, and is there again. Rejects where its session did not go on. */
  returned(): Promise<void> {
    this.#back = Promise.withResolvers();
    return this.#back.promise;
  }

  close(): void {
    this.#closed = true;
    this.#socket?.destroy();
  }

  /** Reads the ids of what comes, and nothing else. Resolves with the first. */
  #follow(socket: Socket): Promise<string> {
    const first = Promise.withResolvers<string>();
    let rest = '';
    socket.setEncoding('latin1').write(this.#request(this.#cursor));
    socket.on('data', (chunk: string) => {
      const text = rest + chunk;
      // An id may come in two chunks.
      rest = text.slice(-30);
      // The answer is over; the connection would be kept for another request.
      if (text.endsWith('\r\n0\r\n\r\n')) socket.destroy();
      const ids = Array.from(text.matchAll(/\nid: (\d+)\n/g), ([, id = '']) => id);
      if (ids[0] === undefined) return;
      first.resolve(ids[0]);
      this.#cursor = ids.at(-1);
    });
    socket.once('data', (head: string) => {
      if (!head.startsWith('HTTP/1.1 200')) socket.destroy();
    });
    // A connection that breaks is closed next.
    socket.on('error', () => undefined);
    socket.on('close', () => first.reject(new Lost('A stream did not begin.')));
    return first.promise;
  }

  async #comeBack(): Promise<void> {
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
