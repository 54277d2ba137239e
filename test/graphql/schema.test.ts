import { readdirSync, readFileSync } from 'node:fs';
import {
  buildSchema,
  type GraphQLSchema,
  isEnumType,
  isInterfaceType,
  isObjectType,
  specifiedScalarTypes,
} from 'graphql';
import { describe, expect, it } from 'vitest';

const folder = new URL('../../schema/', import.meta.url);

function read(): GraphQLSchema {
  return buildSchema(
    readdirSync(folder)
      .map((file) => readFileSync(new URL(file, folder), 'utf8'))
      .join('\n'),
  );
}

/** Everything that a reader of the schema can ask about: its name, and what is said of it. */
function* parts(schema: GraphQLSchema): Generator<[name: string, description: string | null | undefined]> {
  for (const type of Object.values(schema.getTypeMap())) {
    if (type.name.startsWith('__') || specifiedScalarTypes.some(({ name }) => name === type.name)) continue;
    yield [type.name, type.description];
    if (isEnumType(type)) {
      for (const value of type.getValues()) yield [`${type.name}.${value.name}`, value.description];
    }
    if (!isObjectType(type) && !isInterfaceType(type)) continue;
    for (const field of Object.values(type.getFields())) {
      yield [`${type.name}.${field.name}`, field.description];
      for (const arg of field.args) yield [`${type.name}.${field.name}(${arg.name}:)`, arg.description];
    }
  }
}

describe('the schema', () => {
  it('describes every type, field, argument and value', () => {
    const silent = [...parts(read())].filter(([, description]) => !description?.trim()).map(([name]) => name);
    expect(silent).toEqual([]);
  });
});
