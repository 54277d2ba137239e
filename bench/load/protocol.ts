import type { Opening } from './connection.ts';

/** What a caller must know of the answers on its connection. */
export interface Protocol {
  /** How the connection begins. Undefined: with the first request. */
  readonly opening?: () => Opening;
  /** Whether these bytes are a whole answer. */
  isWhole(bytes: Buffer): boolean;
  /** What the answer says: done, refused for the moment, or failed. */
  verdict(answer: Buffer): 'done' | 'unavailable' | 'failed';
}

const headEnd = Buffer.from('\r\n\r\n');
const lastChunk = Buffer.from('\r\n0\r\n\r\n');
const errors = Buffer.from('"errors"');
/** Where the digits of the status are. */
const statusAt = 'HTTP/1.1 '.length;

/** Finds the end of a response and its status, and parses nothing else. */
export const http: Protocol = {
  isWhole(answer) {
    const head = answer.indexOf(headEnd);
    if (head < 0) return false;
    const [, length] = /content-length: *(\d+)/i.exec(answer.toString('latin1', 0, head)) ?? [];
    if (length === undefined) return answer.indexOf(lastChunk, head) >= 0;
    return answer.length >= head + headEnd.length + Number(length);
  },
  verdict(answer) {
    const status = answer.toString('latin1', statusAt, statusAt + 3);
    if (status === '503') return 'unavailable';
    return status.startsWith('2') && !answer.includes(errors) ? 'done' : 'failed';
  },
};
