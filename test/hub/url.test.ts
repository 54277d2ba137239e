import { describe, expect, test } from 'vitest';
import { parseRedisUrl } from '../../src/hub/redis/connect/url.ts';

describe('parseRedisUrl', () => {
  test('a URL without port, database or credentials gets the default port, database 0 and no credentials', () => {
    expect(parseRedisUrl('redis://h')).toEqual({
      form: 'single',
      hosts: [{ host: 'h', port: 6379 }],
      credentials: {},
      db: 0,
      primaryName: '',
      sentinelCredentials: {},
      tls: undefined,
      family: 0,
    });
    expect(parseRedisUrl('redis+sentinel://[::1]/main').hosts).toEqual([{ host: '::1', port: 26379 }]);
  });

  test('a URL with every part is parsed and decoded', () => {
    const url = 'rediss+sentinel://u%3A:p%40@a:1,b/my%20db/3?sentinelPassword=s%26&ca=/c%20a.pem&family=4';
    expect(parseRedisUrl(url)).toEqual({
      form: 'sentinel',
      hosts: [
        { host: 'a', port: 1 },
        { host: 'b', port: 26379 },
      ],
      credentials: { username: 'u:', password: 'p@' },
      db: 3,
      primaryName: 'my db',
      sentinelCredentials: { password: 's&' },
      tls: { files: { ca: '/c a.pem' }, trust: 'authorities' },
      family: 4,
    });
  });

  test('fingerprints are read with and without colons, in either case', () => {
    const [one, two] = [`AB${':cd'.repeat(31)}`, 'ef'.repeat(32)];
    const trust = [`ab${'cd'.repeat(31)}`, two];
    expect(parseRedisUrl(`rediss://h?fingerprint=${one},${two}`).tls).toEqual({ files: {}, trust });
    expect(parseRedisUrl('rediss://h?insecure=true').tls).toEqual({ files: {}, trust: 'anyone' });
  });

  test.each([
    ['redis://h?tls=true', /a parameter is unknown; the known ones are ca, cert/],
    ['redis://h?ca=/ca.pem', /need TLS; write rediss/],
    ['redis://h?insecure=true', /need TLS; write rediss/],
    ['rediss://h?insecure=yes', /insecure must be true or false/],
    [
      'rediss://h?fingerprint=AB:CD',
      /fingerprint must be the SHA-256 of a certificate, 64 hexadecimal digits/,
    ],
    [`rediss://h?insecure=true&fingerprint=${'a'.repeat(64)}`, /exclude one another; keep one/],
    ['redis://h/db', /the database must be a number/],
    ['redis+cluster://h/1', /a Cluster has only database 0/],
    ['redis+sentinel://h', /the name of the primary is missing/],
    ['redis://h:99999', /each host must be <host> or <host>:<port>/],
    ['redis://:hunter%2@h', /write a % itself as %25/],
    ['redis://:hunter2@a,b', /only .sentinel and .cluster take more than one host/],
  ])('%s is refused in one line that holds no secret', (url, reason) => {
    expect(() => parseRedisUrl(url)).toThrow(reason);
    expect(() => parseRedisUrl(url)).not.toThrow(/hunter|\n/);
  });
});
