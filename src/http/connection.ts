import { type IncomingMessage, maxHeaderSize } from 'node:http';
import type { Socket } from 'node:net';
import { headBytes } from './unfinished-heads.ts';

/** A request that waits for the answer to the one before it. */
export interface Waiting {
  readonly connection: Connection;
  /** Begins the request. */
  readonly run: () => void;
}

/** Learns of the requests that wait. */
export interface WaitingRoom {
  enter(waiting: Waiting): void;
  leave(waiting: Waiting): void;
}

/**
 * One connection. It has one request at a time (G8): Node.js parses all that has arrived, but a pipelined request
 * runs only when the one before it is answered, and the socket is not read meanwhile.
 */
export class Connection {
  readonly socket: Socket;
  readonly key: string;
  /** Whether it is one beyond the bounds. */
  readonly inReserve: boolean;
  /** When its last request ended, about. */
  activeAt = Number.NEGATIVE_INFINITY;
  /** What the socket had sent when it was last seen to send something, and when that was. */
  sentBytes = -1;
  movedAt = 0;
  readonly #room: WaitingRoom;
  /** The request that is not answered yet. */
  #current: IncomingMessage | undefined;
  #waiting: Waiting[] | undefined;
  #streams = false;
  /** The bytes of the requests so far, at least. */
  #requestBytes = 0;
  /** All bytes that had come when the last request was answered. If another request comes, they all belong to requests. */
  #answeredBytes = 0;
  /** Whether the client broke the rules of HTTP behind the current request. */
  #failed = false;

  constructor(socket: Socket, key: string, inReserve: boolean, room: WaitingRoom) {
    this.socket = socket;
    this.key = key;
    this.inReserve = inReserve;
    this.#room = room;
  }

  /** Whether the next step is the client's: a request, or the rest of one. */
  get awaitsClient(): boolean {
    return !this.#current?.complete;
  }

  /** Whether a request is being read or answered. */
  get busy(): boolean {
    return this.#current !== undefined;
  }

  /** How many requests wait. */
  get waiting(): number {
    return this.#waiting?.length ?? 0;
  }

  /**
   * The bytes that came behind the requests so far, at most: those of a request whose headers are incomplete. They may
   * include bytes of the last request, whose size is not known exactly.
   */
  get unfinishedBytes(): number {
    if (this.#current && !this.#current.complete) return 0;
    return Math.min(this.socket.bytesRead - this.#requestBytes, maxHeaderSize);
  }

  /** Runs the request, at once or in its turn. */
  begin(req: IncomingMessage, run: () => void): void {
    this.#count(req);
    if (!this.#current) {
      this.#current = req;
      run();
    } else if (this.#streams) {
      this.socket.destroy();
    } else {
      const waiting = {
        connection: this,
        run: () => {
          this.#current = req;
          run();
        },
      };
      this.#waiting ??= [];
      this.#waiting.push(waiting);
      this.socket.pause();
      this.#room.enter(waiting);
    }
  }

  /** The current request is answered by an event stream. A further request could never be answered, and ends it. */
  stream(): void {
    this.#streams = true;
    if (this.#waiting || this.#failed) this.socket.destroy();
  }

  /**
   * What follows the current request is not HTTP. True if the request is still answered, and the connection ends
   * behind its answer.
   */
  fail(): boolean {
    if (!this.#current?.complete || this.#streams) return false;
    this.#failed = true;
    this.socket.pause();
    return true;
  }

  /** The current request was answered. */
  end(): void {
    // While requests wait, bytes behind them may have come that are not parsed yet.
    if (!this.#waiting) this.#answeredBytes = this.socket.bytesRead;
    this.#current = undefined;
    this.#streams = false;
    if (this.#failed && !this.#waiting) this.socket.destroySoon();
    if (!this.#waiting || this.socket.destroyed) return;
    const next = this.#waiting.shift();
    if (this.#waiting.length === 0) {
      this.#waiting = undefined;
      if (!this.#failed) this.socket.resume();
    }
    if (!next) return;
    this.#room.leave(next);
    next.run();
  }

  #count(req: IncomingMessage): void {
    const { 'content-length': length, 'transfer-encoding': encoding } = req.headers;
    // A body in chunks does not say how many bytes it took.
    const bodyBytes = encoding === undefined ? Number(length) || 0 : 0;
    this.#requestBytes = Math.max(this.#requestBytes + headBytes(req) + bodyBytes, this.#answeredBytes);
  }

  /** The connection has closed. What waits never runs. */
  close(): void {
    for (const waiting of this.#waiting ?? []) this.#room.leave(waiting);
    this.#waiting = undefined;
  }
}
