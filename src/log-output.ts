import { fstatSync, writeSync } from 'node:fs';
import { isatty } from 'node:tty';

/**
 * Where the lines of the log go. `write` never throws, and never waits for a reader or a disk: a line that cannot be
 * written is lost, and counted. Serving goes on.
 */
export interface LogOutput {
  write(line: string): void;
}

/** Learns how many lines were lost, once lines can be written again. Called from within `write`. */
export type OnRecovered = (lostLines: number) => void;

/** Writes bytes, and returns how many of them were taken. Throws what the system says. */
type WriteBytes = (bytes: Uint8Array) => number;

/** The most bytes that wait for a reader of stdout that is slower than the log. */
const maxWaitingBytes = 1024 * 1024;

const stdout = 1;

/** The output to stdout. */
export function createLogOutput(onRecovered: OnRecovered): LogOutput {
  const kind = fstatSync(stdout);
  // Node.js writes to these without waiting. A stream of its own for a file would end at the first error.
  const isStream = kind.isFIFO() || kind.isSocket() || isatty(stdout);
  return isStream
    ? new StreamOutput(process.stdout, onRecovered)
    : new FileOutput((bytes) => writeSync(stdout, bytes), onRecovered);
}

/** Counts what is lost. */
class Losses {
  #lost = 0;
  readonly #onRecovered: OnRecovered;

  constructor(onRecovered: OnRecovered) {
    this.#onRecovered = onRecovered;
  }

  add(): void {
    this.#lost += 1;
  }

  report(): void {
    const lost = this.#lost;
    if (lost === 0) return;
    this.#lost = 0;
    this.#onRecovered(lost);
    // The report was lost too.
    if (this.#lost > 0) this.#lost += lost;
  }
}

/** A file, on a disk that may be full, or a device. */
export class FileOutput implements LogOutput {
  readonly #losses: Losses;
  readonly #writeBytes: WriteBytes;
  /** Whether the file ends with the beginning of a line. */
  #torn = false;

  constructor(writeBytes: WriteBytes, onRecovered: OnRecovered) {
    this.#writeBytes = writeBytes;
    this.#losses = new Losses(onRecovered);
  }

  write(line: string): void {
    if (this.#put(Buffer.from(this.#torn ? `\n${line}` : line))) this.#losses.report();
    else this.#losses.add();
  }

  #put(bytes: Uint8Array): boolean {
    let rest = bytes;
    try {
      while (rest.length > 0) {
        const taken = this.#writeBytes(rest);
        if (taken === 0) break;
        rest = rest.subarray(taken);
      }
    } catch {
      // ENOSPC, for example. The count tells of it as soon as anything can be told.
    }
    const wrote = rest.length < bytes.length;
    if (wrote) this.#torn = rest.length > 0;
    return rest.length === 0;
  }
}

/** A pipe, a socket or a terminal, whose reader may be slow, or gone. */
export class StreamOutput implements LogOutput {
  readonly #stream: NodeJS.WriteStream;
  readonly #losses: Losses;
  /** Too many bytes wait, or nobody reads any more. */
  #blocked = false;

  constructor(stream: NodeJS.WriteStream, onRecovered: OnRecovered) {
    this.#stream = stream;
    this.#losses = new Losses(onRecovered);
    stream.on('drain', () => {
      this.#blocked = false;
      this.#losses.report();
    });
    // EPIPE: the reader is gone, and nobody can be told.
    stream.on('error', () => {
      this.#blocked = true;
    });
  }

  write(line: string): void {
    if (this.#blocked) {
      this.#losses.add();
      return;
    }
    this.#stream.write(line);
    this.#blocked = this.#stream.writableLength > maxWaitingBytes;
  }
}
