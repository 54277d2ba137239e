import { existsSync, globSync, readFileSync } from 'node:fs';
import { buildSchema, type GraphQLSchema, parse, validate } from 'graphql';
import { expect, expectTypeOf, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import {
  ACCESS,
  type Field,
  fields,
  ICE_SERVERS,
  MESSAGES,
  mutationOf,
  RECEIVE,
  RENEW,
} from '../../src/client/documents.ts';
import type * as client from '../../src/client/types.ts';
import type * as schema from '../../src/generated/schema.ts';

const root = new URL('../../', import.meta.url).pathname;

function readSchema(): GraphQLSchema {
  const files = globSync('schema/*.graphql', { cwd: root });
  return buildSchema(files.map((file) => readFileSync(`${root}${file}`, 'utf8')).join('\n'));
}

test('every document of the client is valid for the schema', () => {
  const all = Object.keys(fields) as Field[];
  const { query } = mutationOf(all.map((field) => ({ field, args: {} })));
  for (const document of [MESSAGES, RECEIVE, ACCESS, RENEW, ICE_SERVERS, query]) {
    expect(validate(readSchema(), parse(document)), document).toEqual([]);
  }
  expect(RECEIVE).toContain('... on Connected { resumed peer { ...P } }');
});

test('the types of the client are those that codegen makes of the schema', () => {
  // Checked by `npm run typecheck`.
  // A client may know reasons that a server does not give yet.
  expectTypeOf<schema.RemovalReason>().toExtend<client.RemovalReason>();
  expectTypeOf<client.Receipt['status']>().toEqualTypeOf<schema.ReceiptStatus>();
  expectTypeOf<client.PeerInfo>().toEqualTypeOf<Omit<schema.Peer, '__typename'>>();
  expectTypeOf<keyof client.PeerAdded>().toEqualTypeOf<keyof Omit<schema.PeerAdded, 'sentAt'>>();
  expectTypeOf<keyof client.PeerChanged>().toEqualTypeOf<keyof Omit<schema.PeerChanged, 'sentAt'>>();
  expectTypeOf<keyof client.PeerRemoved>().toEqualTypeOf<keyof Omit<schema.PeerRemoved, 'sentAt'>>();
  expectTypeOf<keyof client.Signal>().toEqualTypeOf<keyof Omit<schema.Signal, 'sentAt'>>();
  expectTypeOf<keyof client.Connected>().toEqualTypeOf<keyof Omit<schema.Connected, 'sentAt'>>();
  expectTypeOf<keyof client.Access>().toEqualTypeOf<keyof Omit<schema.Access, '__typename'>>();
});

test.each(['./client', './client/session', './react'] as const)('the package exports %s', (name) => {
  const entry = packageJson.exports[name];
  const path = entry.default.replace(/^\.\/dist\//, `${root}src/`).replace(/\.js$/, '.ts');
  expect(existsSync(path), path).toBe(true);
  expect(entry.types).toBe(entry.default.replace(/\.js$/, '.d.ts'));
});
