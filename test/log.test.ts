import { expect, test } from 'vitest';
import { Tokens } from '../src/auth/tokens.ts';
import { redact } from '../src/log.ts';

test('redact removes a token from a log line, wherever it stands', async () => {
  const secret = new TextEncoder().encode('a secret for tests, of 32 bytes or more');
  const { token } = await new Tokens({ secret, ttlSeconds: 60 }).issue('ann');
  const line = JSON.stringify({
    msg: `GET /graphql?access_token=${token}&query={me}`,
    headers: { authorization: `Bearer ${token}` },
    err: { stack: `Error: "${token}" is no good\n    at read` },
  });
  const redacted = redact(line);
  expect(redacted).not.toContain(token.split('.')[1]);
  expect(redacted).not.toContain(token.split('.')[2]);
  expect(JSON.parse(redacted)).toEqual({
    msg: 'GET /graphql?access_token=[token]&query={me}',
    headers: { authorization: 'Bearer [token]' },
    err: { stack: 'Error: "[token]" is no good\n    at read' },
  });
});

test('redact removes a text in the place of a token, even if it is not a JWT', () => {
  expect(redact('/graphql?access_token=hunter2&a=b')).toBe('/graphql?access_token=[token]&a=b');
  expect(redact('{"authorization":"Bearer hunter2"}')).toBe('{"authorization":"Bearer [token]"}');
});

test('redact removes the credentials of a Redis URL', () => {
  expect(redact('{"msg":"connect redis://me:hunter2@h:6379/0 failed"}')).toBe(
    '{"msg":"connect redis://[password]@h:6379/0 failed"}',
  );
  expect(redact('rediss://:p%40ss@h')).toBe('rediss://[password]@h');
});

test('redact leaves other lines unchanged', () => {
  const line = '{"level":30,"msg":"listening","url":"http://localhost:4000","host":"redis://h:6379"}\n';
  expect(redact(line)).toBe(line);
});
