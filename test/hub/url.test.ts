import { describe, expect, test } from 'vitest';
import { parseRedisUrl } from '../../src/hub/redis/url.ts';

describe('a REDIS_URL', () => {
  test('has a port, a database and no credentials where none are given', () => {
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

  test('has what is given, decoded', () => {
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
      tls: { ca: '/c a.pem' },
      family: 4,
    });
  });

  test.each([
    ['redis://h?tls=true', /a parameter is none of ca, cert/],
    ['redis://h?ca=/ca.pem', /for TLS: rediss/],
    ['redis+cluster://h/1', /a Cluster has no databases/],
    ['redis+sentinel://h', /the name of the primary is missing/],
    ['redis://h:99999', /a host of it is not <host>:<port>/],
    ['redis://:hunter%2@h', /a % itself is written %25/],
    ['redis://:hunter2@a,b', /more than one host/],
  ])('refuses %s in one line without a secret', (url, why) => {
    expect(() => parseRedisUrl(url)).toThrow(why);
    expect(() => parseRedisUrl(url)).not.toThrow(/hunter|\n/);
  });
});
