import type { Socket } from 'node:net';
import { type Opening, open } from './connection.ts';

/** How many digits a time stamp has. The length is fixed, so that a stamp can be overwritten in place. */
const timeDigits = 12;

/** A time stamp for a message: the current time, in microseconds of this process. */
export function stamp(): string {
  return `@${String(Math.round(performance.now() * 1000)).padStart(timeDigits, '0')}@`;
}

const stampLength = timeDigits + 2;

const at = 0x40;

/** Called for each message that arrives. `ms`: how long the message took. */
export type OnMessage = (ms: number) => void;

/**
 * One open event stream. It looks for time stamps in the bytes and ignores the rest: many thousands of messages a second
 * must cost this process little.
 */
export class Listener {
  /** How many messages have arrived. */
  count = 0;
  onMessage: OnMessage | undefined;
  /** Called if the node ends the stream, which no measurement expects. */
  onCut: (() => void) | undefined;
  readonly #socket: Socket;
  #rest: Buffer | undefined;

  private constructor(socket: Socket, { ping, pong }: Opening, first: Buffer) {
    this.#socket = socket;
    // `close` follows an error.
    socket.on('error', () => undefined);
    socket.on('close', () => this.onCut?.());
    socket.on('data', (chunk: Buffer) => {
      if (ping && pong && chunk.includes(ping)) socket.write(pong);
      this.#receive(chunk);
    });
    this.#receive(first);
  }

  /** Opens a stream. Throws if the node refuses it. */
  static async open(port: number, opening: Opening): Promise<Listener> {
    const { socket, bytes } = await open(port, opening);
    return new Listener(socket, opening, bytes);
  }

  close(): void {
    this.onCut = undefined;
    this.#socket.end();
  }

  #receive(chunk: Buffer): void {
    const bytes = this.#rest ? Buffer.concat([this.#rest, chunk]) : chunk;
    this.#rest = undefined;
    for (let i = bytes.indexOf(at); i >= 0; i = bytes.indexOf(at, i)) {
      const end = i + stampLength;
      if (end > bytes.length) {
        this.#rest = bytes.subarray(i);
        return;
      }
      this.count += 1;
      this.onMessage?.(performance.now() - Number(bytes.toString('latin1', i + 1, end - 1)) / 1000);
      i = end;
    }
  }
}
