import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

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

  private constructor(socket: Socket) {
    this.#socket = socket;
    // `close` follows an error.
    socket.on('error', () => undefined);
    socket.on('close', () => this.onCut?.());
  }

  /** Opens a stream. Resolves when the first bytes arrive. Throws if the status is not 200. */
  static async open(port: number, request: Buffer): Promise<Listener> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const listener = new Listener(socket);
    socket.write(request);
    const [first] = (await once(socket, 'data')) as [Buffer];
    if (!first.toString('latin1', 0, 12).endsWith(' 200')) throw new Error(`A stream was refused: ${first}`);
    listener.#receive(first);
    socket.on('data', (chunk: Buffer) => listener.#receive(chunk));
    return listener;
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
