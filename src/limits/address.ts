import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';

/**
 * The address by which a request is metered. `proxies` is the number of trusted proxies in front (TRUST_PROXY).
 * Each proxy appends the address of its caller to `X-Forwarded-For`. So the client's address is at this place from
 * the end. The client itself may have made up the addresses before it, so they are not read.
 */
export function addressOf(req: IncomingMessage, proxies: number): string {
  const direct = req.socket.remoteAddress ?? '';
  if (proxies === 0) return networkOf(direct);
  const forwarded = String(req.headers['x-forwarded-for'] ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean);
  const client = [...forwarded, direct].at(-1 - proxies) ?? forwarded[0] ?? direct;
  return networkOf(isIP(client) ? client : direct);
}

/** An IPv4 address stays as it is. An IPv6 address becomes its /64 network, which one household or host has alone. */
export function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (isIP(address) !== 6) return address;
  const [head = '', tail] = address.replace(/%.*$/, '').split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : 8 - left.length - right.length;
  const groups = [...left, ...Array<string>(Math.max(0, zeros)).fill('0'), ...right];
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}
