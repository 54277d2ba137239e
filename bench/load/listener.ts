import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** The digits of a time, so that each has the same length. */
const timeDigits = 12;

/** What each message carries: when it was sent, in microseconds of this process. */
export function stamp(): string {
  return `@${String(Math.round(performance.now() * 1000)).padStart(timeDigits, '0')}@`;
}

const stampLength = timeDigits + 2;

const at = 0x40;

/** Called for each message that arrives, with the milliseconds that it took. */
export type OnMessage = (ms: number) => void;

/**
 * One open event stream. It looks for stamps in what comes, and for nothing else: many thousands of
 * messages a second must cost little here.
 */
export class Listener {
  /** How many messages have come. */
  count = 0;
  onMessage: OnMessage | undefined;
  /** Called where the server ends the stream, which none of the measured things asks for. */
  onCut: (() => void) | undefined;
  readonly #socket: Socket;
  #rest: Buffer | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    // A connection that breaks is closed next.
    socket.on('error', () => undefined);
    socket.on('close', () => this.onCut?.());
  }

  /** Opens a stream. Resolves at its first bytes, which must be those of a success. */
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
