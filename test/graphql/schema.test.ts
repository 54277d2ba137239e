import { readdirSync, readFileSync } from 'node:fs';
import {
  buildClientSchema,
  buildSchema,
  type GraphQLSchema,
  getIntrospectionQuery,
  type IntrospectionQuery,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  specifiedScalarTypes,
} from 'graphql';
import { describe, expect, it } from 'vitest';
import { stage } from './stage.ts';

const folder = new URL('../../schema/', import.meta.url);

function readFiles(): GraphQLSchema {
  return buildSchema(
    readdirSync(folder)
      .map((file) => readFileSync(new URL(file, folder), 'utf8'))
      .join('\n'),
  );
}

/** The schema that an explorer such as GraphiQL gets from the engine. */
async function introspect(): Promise<GraphQLSchema> {
  const { peer } = await stage();
  const { data, errors } = await (await peer('ann')).ask(getIntrospectionQuery());
  expect(errors).toBeUndefined();
  return buildClientSchema(data as unknown as IntrospectionQuery);
}

/** Each part of the schema that can have a description: its name, and the description. */
function* parts(schema: GraphQLSchema): Generator<[name: string, description: string | null | undefined]> {
  for (const type of Object.values(schema.getTypeMap())) {
    if (type.name.startsWith('__') || specifiedScalarTypes.some(({ name }) => name === type.name)) continue;
    yield [type.name, type.description];
    if (isEnumType(type)) {
      for (const value of type.getValues()) yield [`${type.name}.${value.name}`, value.description];
    }
    if (isInputObjectType(type)) {
      for (const field of Object.values(type.getFields()))
        yield [`${type.name}.${field.name}`, field.description];
    }
    if (!isObjectType(type) && !isInterfaceType(type)) continue;
    for (const field of Object.values(type.getFields())) {
      yield [`${type.name}.${field.name}`, field.description];
      for (const arg of field.args) yield [`${type.name}.${field.name}(${arg.name}:)`, arg.description];
    }
  }
}

describe('the schema', () => {
  it('every type, field, argument and enum value in the schema files has a description', () => {
    const silent = [...parts(readFiles())].filter(([, description]) => !description?.trim());
    expect(silent.map(([name]) => name)).toEqual([]);
  });

  it('introspection has the same descriptions as the schema files, scalars included', async () => {
    expect(new Map(parts(await introspect()))).toEqual(new Map(parts(readFiles())));
  });
});
