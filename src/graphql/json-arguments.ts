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
import { SignalboxError } from '../errors.ts';
import { elementsOf, JsonText, membersOf, writeJson } from '../json-text.ts';

/** The most elements of a list that holds JSON. A peer is in fewer rooms. Each element takes time. */
const maxElements = 1000;
/** The most fields of an input object, known or not: graphql-js writes all of them into the error of each that is unknown. */
const maxFields = 64;

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

/**
 * The value of a text, with a `JsonText` for each part of type JSON. A value of a wrong type stays as it is. Throws
 * `BAD_USER_INPUT` if a list or an object is too long.
 */
function convert(type: GraphQLInputType, text: string): unknown {
  if (isNonNullType(type)) return convert(type.ofType, text);
  if (isScalarType(type) && type.name === 'JSON') return JsonText.of(text);
  const value: unknown = JSON.parse(text);
  if (!holdsJson(type) || value === null) return value;
  if (isListType(type)) {
    if (Array.isArray(value)) checkCount('A list', value.length, 'elements', maxElements);
    // GraphQL accepts a single value in place of a list with one element.
    return Array.isArray(value)
      ? elementsOf(text).map((element) => convert(type.ofType, element))
      : convert(type.ofType, text);
  }
  if (!isInputObjectType(type) || typeof value !== 'object' || Array.isArray(value)) return value;
  const fields = type.getFields();
  const members = membersOf(text);
  checkCount('An object', members.size, 'fields', maxFields);
  return Object.fromEntries(
    Array.from(members, ([name, member]) => {
      const field = fields[name];
      return [name, field ? convert(field.type, member) : JSON.parse(member)];
    }),
  );
}

function checkCount(what: string, count: number, ofWhat: string, max: number): void {
  if (count > max) {
    const message = `${what} in the variables has ${count} ${ofWhat}; at most ${max} are accepted.`;
    throw new SignalboxError('BAD_USER_INPUT', message);
  }
}

/**
 * The text of a JSON value that is written in the query itself. Numbers keep their digits. Throws if variables make it
 * much longer than the request: a literal can name one variable thousands of times.
 */
export function textOfLiteral(node: ValueNode, variables: Variables | null | undefined): string {
  return new LiteralWriter(variables).write(node);
}

/** What variables may add to a literal in any case, in characters, and how many times the text of each. */
const freeCharacters = 64 * 1024;
const freeTimes = 4;

class LiteralWriter {
  readonly #variables: Variables | null | undefined;
  readonly #texts = new Map<string, string>();
  #left = freeCharacters;

  constructor(variables: Variables | null | undefined) {
    this.#variables = variables;
  }

  write(node: ValueNode): string {
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
        return `[${node.values.map((value) => this.write(value)).join(',')}]`;
      case Kind.OBJECT:
        return this.#writeObject(node);
      case Kind.VARIABLE:
        return this.#textOf(node);
    }
  }

  #textOf(node: VariableNode): string {
    const name = node.name.value;
    let text = this.#texts.get(name);
    if (text === undefined) {
      text = writeJson(this.#valueOf(node) ?? null);
      this.#texts.set(name, text);
      this.#left += freeTimes * text.length;
    }
    this.#left -= text.length;
    if (this.#left < 0) throw new SignalboxError('PAYLOAD_TOO_LARGE');
    return text;
  }

  /** The value of a variable. It may be named as a property that every object has. */
  #valueOf({ name }: VariableNode): unknown {
    const variables = this.#variables;
    return variables && Object.hasOwn(variables, name.value) ? variables[name.value] : undefined;
  }

  /** A field whose variable has no value is left out, as GraphQL does with input objects. */
  #writeObject({ fields }: ObjectValueNode): string {
    const members = fields.flatMap(({ name, value }) => {
      const isAbsent = value.kind === Kind.VARIABLE && this.#valueOf(value) === undefined;
      return isAbsent ? [] : [`${JSON.stringify(name.value)}:${this.write(value)}`];
    });
    return `{${members.join(',')}}`;
  }
}
