import type { Opening } from './connection.ts';
import type { Protocol } from './protocol.ts';

/**
 * As much of WebSocket (RFC 6455) and of the protocols of Engine.IO 4 and Socket.IO 5 as the load needs. The real client
 * would cost more CPU than the measured nodes.
 */

const upgrade = [
  'GET /socket.io/?EIO=4&transport=websocket HTTP/1.1',
  'Host: localhost',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  `Sec-WebSocket-Key: ${Buffer.alloc(16).toString('base64')}`,
].join('\r\n');

const finalText = 0x81;
const masked = 0x80;
/** The lengths that announce two and eight bytes with the true length. */
const length16 = 126;
const length64 = 127;

/** A text frame of a client. Its mask is zero, so that a time stamp can be overwritten in place. */
export function frame(text: string): Buffer {
  const payload = Buffer.from(text);
  const mask = Buffer.alloc(4);
  return Buffer.concat([Buffer.from([finalText]), lengthOf(payload.length), mask, payload]);
}

function lengthOf(bytes: number): Buffer {
  if (bytes < length16) return Buffer.from([masked | bytes]);
  if (bytes < 2 ** 16) {
    const length = Buffer.from([masked | length16, 0, 0]);
    length.writeUInt16BE(bytes, 1);
    return length;
  }
  const length = Buffer.alloc(9);
  length[0] = masked | length64;
  length.writeBigUInt64BE(BigInt(bytes), 1);
  return length;
}

/** A connection to the default namespace. `auth`: what the server's handler finds in `socket.handshake.auth`. */
export function connectSocket(auth: object): Opening {
  return {
    steps: [
      { send: Buffer.from(`${upgrade}\r\n\r\n`), until: Buffer.from('"pingInterval"') },
      { send: frame(`40${JSON.stringify(auth)}`), until: Buffer.from('40{"sid"') },
    ],
    ping: Buffer.from([finalText, 1, 0x32]),
    pong: frame('3'),
  };
}

/** An event that asks for an acknowledgement. A caller has one under way, so that one number is enough for all. */
export function emit(event: string, argument: unknown): Buffer {
  return frame(`421${JSON.stringify([event, argument])}`);
}

/** `431[`: the acknowledgement. The node's frames of less than 126 bytes have a head of two. */
const acknowledgement = Buffer.from('431[');
const headLength = 2;

export function socketIo(opening: () => Opening): Protocol {
  return {
    opening,
    isWhole(bytes) {
      const start = bytes.indexOf(acknowledgement);
      if (start < headLength) return false;
      const length = bytes[start - 1] ?? 0;
      return bytes.length >= start + length;
    },
    verdict: () => 'done',
  };
}
