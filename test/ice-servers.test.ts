import { expect, test } from 'vitest';
import { readSettings } from '../src/settings.ts';
import { ApiClient, access } from './support/client.ts';
import { startNode } from './support/node.ts';

const turn = {
  urls: ['turn:turn.example.org:3478?transport=udp', 'turns:turn.example.org'],
  username: 'ada',
  credential: 's3cret',
};

test('ICE_SERVERS is empty by default', () => {
  expect(readSettings({}, []).iceServers).toEqual([]);
  expect(readSettings({ ICE_SERVERS: '' }, []).iceServers).toEqual([]);
});

test.each([
  ['stun:stun.example.org', [{ urls: ['stun:stun.example.org'] }]],
  [
    'stun:a.example:3478, stuns:[::1]:5349',
    [{ urls: ['stun:a.example:3478'] }, { urls: ['stuns:[::1]:5349'] }],
  ],
  ['[]', []],
  ['[{"urls":"stun:10.0.0.1"}]', [{ urls: ['stun:10.0.0.1'] }]],
  [JSON.stringify([turn]), [turn]],
])('ICE_SERVERS accepts %j, as a variable and as a flag', (text, servers) => {
  expect(readSettings({ ICE_SERVERS: text }, []).iceServers).toEqual(servers);
  expect(readSettings({}, ['--ice-servers', text]).iceServers).toEqual(servers);
});

test.each([
  'stun.example.org',
  'https://stun.example.org',
  'stun:a.example,',
  'stun:a b',
  'stun:',
  // A browser refuses a TURN server without credentials.
  'turn:turn.example.org',
  '[{"urls":"turn:turn.example.org"}]',
  '[{"urls":"turn:turn.example.org","username":"ada"}]',
  '[{"urls":[]}]',
  '[{"url":"stun:a.example"}]',
  '[null]',
  '["stun:a.example"]',
  '[{"urls":"stun:a.example","pasword":"hunter2"}]',
  '[{"urls":"stun:a.example"}',
  `[${Array(17).fill('{"urls":"stun:a.example"}')}]`,
])('ICE_SERVERS refuses %j in one line that shows no credential', (text) => {
  expect(() => readSettings({ ICE_SERVERS: text }, [])).toThrow(
    new RegExp(
      `^ICE_SERVERS is a text of ${text.length} characters; it takes STUN URLs separated by commas, or a JSON array of .*\\.$`,
    ),
  );
});

test('a client is told the servers of ICE_SERVERS', async () => {
  const servers = [{ urls: 'stun:stun.example.org:3478' }, turn];
  await using node = await startNode({ env: { ICE_SERVERS: JSON.stringify(servers) } });
  const { token } = await access(node.url, 'ada');
  const query = '{ iceServers { urls username credential expiresAt } }';
  expect(await new ApiClient(node.url, token).run(query)).toEqual({
    iceServers: [
      { urls: ['stun:stun.example.org:3478'], username: null, credential: null, expiresAt: null },
      { ...turn, expiresAt: null },
    ],
  });
  const { status, body } = await new ApiClient(node.url).send({ query });
  expect([status, body.errors?.[0]?.extensions?.code]).toEqual([401, 'UNAUTHENTICATED']);
});
