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
} from 'graphql';
import { elementsOf, JsonText, membersOf, writeJson } from '../json-text.ts';

type Variables = Readonly<Record<string, unknown>>;

interface Operation {
  readonly schema: GraphQLSchema;
  readonly document: DocumentNode;
  readonly operationName?: string | null | undefined;
}

/**
 * The variables of an operation, with a `JsonText` for each value of type JSON (G12). `text` is the JSON text of
 * the variables as the client sent it; `values` is the same, parsed.
 */
export function withJsonTexts(operation: Operation, values: Variables, text: string): Variables {
  const { schema, document, operationName } = operation;
  const definitions = getOperationAST(document, operationName)?.variableDefinitions ?? [];
  let texts: Map<string, string> | undefined;
  let variables: Record<string, unknown> | undefined;
  for (const { variable, type } of definitions) {
    const name = variable.name.value;
    const inputType = typeFromAST(schema, type) as GraphQLInputType | undefined;
    if (!inputType || values[name] === undefined || !holdsJson(inputType)) continue;
    texts ??= membersOf(text);
    variables ??= { ...values };
    variables[name] = convert(inputType, texts.get(name) ?? 'null');
  }
  return variables ?? values;
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
      return writeJson(variables?.[node.name.value] ?? null);
  }
}

/** A field whose variable has no value is left out, as GraphQL does with input objects. */
function textOfObject({ fields }: ObjectValueNode, variables: Variables | null | undefined): string {
  const members = fields.flatMap(({ name, value }) => {
    const isAbsent = value.kind === Kind.VARIABLE && variables?.[value.name.value] === undefined;
    return isAbsent ? [] : [`${JSON.stringify(name.value)}:${textOfLiteral(value, variables)}`];
  });
  return `{${members.join(',')}}`;
}
