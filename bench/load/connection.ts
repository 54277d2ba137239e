import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** Bytes to send, and the bytes to wait for before the next step. */
export interface Step {
  readonly send: Buffer;
  readonly until: Buffer;
}

/** How a connection begins, and how it is kept open. */
export interface Opening {
  readonly steps: readonly Step[];
  /** What the node sends from time to time, and what it expects to get back. */
  readonly ping?: Buffer;
  readonly pong?: Buffer;
}

const refused = /^HTTP\/1\.1 (?!101|2)/;

/**
 * Connects to a port of loopback and takes the steps. Resolves with the socket and the bytes of the last step. Throws if
 * the node ends the connection or refuses the request.
 */
export async function open(port: number, { steps }: Opening): Promise<{ socket: Socket; bytes: Buffer }> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  let bytes: Buffer = Buffer.alloc(0);
  for (const { send, until } of steps) {
    const answer = answerOf(socket, until);
    socket.write(send);
    bytes = await answer;
  }
  return { socket, bytes };
}

function answerOf(socket: Socket, until: Buffer): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  let all: Buffer = Buffer.alloc(0);
  const take = (chunk: Buffer) => {
    all = all.length === 0 ? chunk : Buffer.concat([all, chunk]);
    if (refused.test(all.toString('latin1', 0, 16))) reject(new Error(`A connection was refused: ${all}`));
    else if (all.includes(until)) resolve(all);
  };
  const end = () => reject(new Error(`A node closed a connection that had just begun: ${all}`));
  socket.on('data', take);
  // `close` follows an error.
  socket.on('error', () => undefined);
  socket.on('close', end);
  return promise.finally(() => {
    socket.off('data', take);
    socket.off('close', end);
  });
}
