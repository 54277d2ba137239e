import type { IncomingMessage } from 'node:http';
import type { BytePoolOptions } from '../limits/byte-pool.ts';
import type { Connection } from './connection.ts';

/** The space before the target, ` HTTP/1.1` with the end of its line, and the empty line that ends the headers. */
const fixedBytes = ' '.length + ' HTTP/1.1\r\n'.length + '\r\n'.length;
/** The colon and the end of the line, for each header. */
const bytesPerHeader = 3;

/** How many bytes a request took up to its body, at least: the client may have put spaces around each value. */
export function headBytes({ method = '', url = '', rawHeaders }: IncomingMessage): number {
  let bytes = method.length + url.length + fixedBytes + (rawHeaders.length / 2) * bytesPerHeader;
  for (const text of rawHeaders) bytes += text.length;
  return bytes;
}

/**
 * Finds the connections to cut if requests whose headers are incomplete hold more bytes than `bounds` allow: those that
 * hold most, of each address and of all addresses (G13). Node.js keeps these bytes where nothing else counts them.
 */
export function beyondBounds(connections: Iterable<Connection>, bounds: BytePoolOptions): Connection[] {
  const holders: { readonly connection: Connection; readonly bytes: number }[] = [];
  const byKey = new Map<string, number>();
  let all = 0;
  for (const connection of connections) {
    const bytes = connection.unfinishedBytes;
    if (bytes <= 0) continue;
    holders.push({ connection, bytes });
    byKey.set(connection.key, (byKey.get(connection.key) ?? 0) + bytes);
    all += bytes;
  }
  const victims: Connection[] = [];
  for (const { connection, bytes } of holders.sort((a, b) => b.bytes - a.bytes)) {
    const { key } = connection;
    const ofKey = byKey.get(key) ?? 0;
    if (all <= bounds.maxBytes && ofKey <= bounds.maxBytesPerKey) continue;
    victims.push(connection);
    byKey.set(key, ofKey - bytes);
    all -= bytes;
  }
  return victims;
}
