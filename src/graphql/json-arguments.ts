import {
  type DocumentNode,
  type GraphQLInputType,
  type GraphQLSchema,
  getOperationAST,
  isInputObjectType,
  isListType,
  isNonNullType,
  isScalarType,
  Kind,
  type ObjectValueNode,
  typeFromAST,
  type ValueNode,
  type VariableNode,
} from 'graphql';
import { elementsOf, JsonText, membersOf, writeJson } from '../json-text.ts';

type Variables = Readonly<Record<string, unknown>>;

interface Operation {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operationName?: string | null | undefined;
}

/** The types of an operation's variables that are of type JSON, or have parts of type JSON; by name. */
export type JsonVariables = ReadonlyMap<string, GraphQLInputType>;

export function jsonVariablesOf({ schema, document, operationName }: Operation): JsonVariables {
  const found = new Map<string, GraphQLInputType>();
  for (const { variable, type } of getOperationAST(document, operationName)?.variableDefinitions ?? []) {
    const inputType = typeFromAST(schema, type) as GraphQLInputType | undefined;
    if (inputType && holdsJson(inputType)) found.set(variable.name.value, inputType);
  }
  return found;
}

/**
 * The variables of an operation, with a `JsonText` for each value of type JSON (G12). `text` is the JSON text of
 * the variables as the client sent it; `values` is the same, parsed.
 */
export function withJsonTexts(types: JsonVariables, values: Variables, text: string): Variables {
  if (types.size === 0) return values;
  const variables = { ...values };
  const texts = membersOf(text);
  for (const [name, type] of types) {
    if (Object.hasOwn(values, name)) variables[name] = convert(type, texts.get(name) ?? 'null');
  }
  return variables;
}

const jsonHolders = new WeakMap<GraphQLInputType, boolean>();

/** Whether a type is JSON, or has a part of type JSON. */
function holdsJson(type: GraphQLInputType): boolean {
  if (isNonNullType(type) || isListType(type)) return holdsJson(type.ofType);
  if (isScalarType(type)) return type.name === 'JSON';
  if (!isInputObjectType(type)) return false;
  let holds = jsonHolders.get(type);
  if (holds === undefined) {
    // A type may contain itself. Without this line, the search would never end.
    jsonHolders.set(type, false);
    holds = Object.values(type.getFields()).some((field) => holdsJson(field.type));
    jsonHolders.set(type, holds);
  }
  return holds;
}

/** The value of a text, with a `JsonText` for each part of type JSON. A value of a wrong type stays as it is. */
function convert(type: GraphQLInputType, text: string): unknown {
  if (isNonNullType(type)) return convert(type.ofType, text);
  if (isScalarType(type) && type.name === 'JSON') return JsonText.of(text);
  const value: unknown = JSON.parse(text);
  if (!holdsJson(type) || value === null) return value;
  if (isListType(type)) {
    // GraphQL accepts a single value in place of a list with one element.
    return Array.isArray(value)
      ? elementsOf(text).map((element) => convert(type.ofType, element))
      : convert(type.ofType, text);
  }
  if (!isInputObjectType(type) || typeof value !== 'object' || Array.isArray(value)) return value;
  const fields = type.getFields();
  return Object.fromEntries(
    Array.from(membersOf(text), ([name, member]) => {
      const field = fields[name];
      return [name, field ? convert(field.type, member) : JSON.parse(member)];
    }),
  );
}

/** The text of a JSON value that is written in the query itself. Numbers keep their digits. */
export function textOfLiteral(node: ValueNode, variables: Variables | null | undefined): string {
  switch (node.kind) {
    case Kind.NULL:
      return 'null';
    case Kind.INT:
    case Kind.FLOAT:
      return node.value;
    case Kind.BOOLEAN:
      return String(node.value);
    case Kind.STRING:
    case Kind.ENUM:
      return JSON.stringify(node.value);
    case Kind.LIST:
      return `[${node.values.map((value) => textOfLiteral(value, variables)).join(',')}]`;
    case Kind.OBJECT:
      return textOfObject(node, variables);
    case Kind.VARIABLE:
      return writeJson(valueOfVariable(node, variables) ?? null);
  }
}

/** The value of a variable. It may be named as a property that every object has. */
function valueOfVariable({ name }: VariableNode, variables: Variables | null | undefined): unknown {
  return variables && Object.hasOwn(variables, name.value) ? variables[name.value] : undefined;
}

/** A field whose variable has no value is left out, as GraphQL does with input objects. */
function textOfObject({ fields }: ObjectValueNode, variables: Variables | null | undefined): string {
  const members = fields.flatMap(({ name, value }) => {
    const isAbsent = value.kind === Kind.VARIABLE && valueOfVariable(value, variables) === undefined;
    return isAbsent ? [] : [`${JSON.stringify(name.value)}:${textOfLiteral(value, variables)}`];
  });
  return `{${members.join(',')}}`;
}
