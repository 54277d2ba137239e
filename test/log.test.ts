import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
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

test('redact removes a token in the middle of other characters, and each of several', () => {
  const token = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln-_1';
  for (const [before, after] of [
    ['-', ''],
    ['x', '.y'],
    ['a.b.', ' '],
    ['eyJ.', '.eyJ'],
    ['eyJeyJ.x', '.'],
  ]) {
    expect(redact(`${before}${token}${after}`)).not.toContain('eyJzdWIiOiJhIn0');
  }
  expect(redact(`${token}.${token} "${token}"`)).toBe('[token].[token] "[token]"');
  expect(redact('eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.')).toBe('[token]');
  expect(redact('eyJ-alone and a.eyJ.b')).toBe('eyJ-alone and a.eyJ.b');
});

test.each([
  '-eyJ',
  'eyJ',
  'eyJ.',
  'eyJa.eyJ',
  'a',
  '.',
  'eyJ ',
  'redis://',
  'redis+redis',
  'redis://a:',
  'bearer ',
  'access_token=',
  'sentinelPassword=',
])('the time of redact grows with the length of a line and not faster: of %j repeated', (piece) => {
  const timeOf = (length: number) => {
    const line = `eyJ${piece.repeat(length / piece.length)}`;
    const times = Array.from({ length: 9 }, () => {
      const since = performance.now();
      redact(line);
      return performance.now() - since;
    });
    return Math.min(...times);
  };
  const [short, long] = [timeOf(2 ** 15), timeOf(2 ** 18)];
  // Eight times the length: 8 if linear, 64 if quadratic. A quadratic one takes seconds already for the short line.
  expect(long / Math.max(short, 0.5)).toBeLessThan(40);
});

test('the log shows what an error is and where, and not the command that a library puts beside it', () => {
  const log = fileURLToPath(new URL('../src/log.ts', import.meta.url));
  const program = `
    import { createLog } from ${JSON.stringify(log)};
    const cause = Object.assign(new Error('inside'), { command: { args: ['hunter2'] } });
    const err = Object.assign(new Error('outside', { cause }), { code: 'EX', command: { args: ['hunter2'] } });
    createLog({ logLevel: 'info', nodeEnv: 'test' }).error({ err }, 'failed');
  `;
  const args = ['--input-type=module-typescript', '--eval', program];
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  expect(stderr).toBe('');
  expect(stdout).not.toContain('hunter2');
  expect(JSON.parse(stdout)).toMatchObject({
    level: 50,
    msg: 'failed',
    err: { type: 'Error', message: 'outside: inside', code: 'EX', stack: expect.stringContaining('inside') },
  });
});
