import { existsSync, globSync, readFileSync } from 'node:fs';
import { buildSchema, type GraphQLSchema, parse, validate } from 'graphql';
import { expect, expectTypeOf, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { mutationOf, RECEIVE } from '../../src/client/documents.ts';
import type * as client from '../../src/client/types.ts';
import type * as schema from '../../src/generated/schema.ts';

const root = new URL('../../', import.meta.url).pathname;

function readSchema(): GraphQLSchema {
  const files = globSync('schema/*.graphql', { cwd: root });
  return buildSchema(files.map((file) => readFileSync(`${root}${file}`, 'utf8')).join('\n'));
}

test('every document that the client builds is valid for the schema', () => {
  const roomId = 'lobby';
  const { query } = mutationOf([
    { field: 'joinRoom', args: { roomId, state: null } },
    { field: 'leaveRoom', args: { roomId } },
    { field: 'relay', args: { roomId, peerId: 'ben', event: 'chat', data: null, key: 'a' } },
    { field: 'broadcast', args: { roomId, event: 'chat', data: null, key: 'b' } },
    { field: 'setState', args: { roomId, state: null } },
  ]);
  for (const document of [RECEIVE, query]) {
    expect(validate(readSchema(), parse(document)), document).toEqual([]);
  }
  expect(RECEIVE).toMatch(/\.\.\. on Connected \{ resumed peer \{ [a-z ]+ \} \}\n/);
});

test('the types of the client are those that codegen makes of the schema', () => {
  // Checked by `npm run typecheck`.
  // A client may know reasons that a server does not give yet.
  expectTypeOf<schema.RemovalReason>().toExtend<client.RemovalReason>();
  expectTypeOf<client.Receipt['status']>().toEqualTypeOf<schema.ReceiptStatus>();
  expectTypeOf<client.PeerInfo>().toEqualTypeOf<Omit<schema.Peer, '__typename'>>();
  expectTypeOf<keyof client.PeerAdded>().toEqualTypeOf<keyof schema.PeerAdded>();
  expectTypeOf<keyof client.PeerChanged>().toEqualTypeOf<keyof schema.PeerChanged>();
  expectTypeOf<keyof client.PeerRemoved>().toEqualTypeOf<keyof schema.PeerRemoved>();
  expectTypeOf<keyof client.Signal>().toEqualTypeOf<keyof schema.Signal>();
  expectTypeOf<keyof client.Connected>().toEqualTypeOf<keyof schema.Connected>();
  expectTypeOf<keyof client.Access>().toEqualTypeOf<keyof Omit<schema.Access, '__typename'>>();
});

test.each(['./client', './client/session', './react'] as const)('the package exports %s', (name) => {
  const entry = packageJson.exports[name];
  const path = entry.default.replace(/^\.\/dist\//, `${root}src/`).replace(/\.js$/, '.ts');
  expect(existsSync(path), path).toBe(true);
  expect(entry.types).toBe(entry.default.replace(/\.js$/, '.d.ts'));
});
