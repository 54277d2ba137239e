import {
  type FieldNode,
  type GraphQLField,
  type GraphQLFieldResolver,
  type GraphQLLeafType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  isAbstractType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  type SelectionSetNode,
} from 'graphql';
import { writeJson } from '../../json-text.ts';
import type { FieldInfo, MessageContext } from '../context.ts';
import type { Fragments } from '../query-cost.ts';

/** Writes a value as JSON text, as its selection asks. Throws if the value takes more than that: an error, a promise. */
export type Write = (value: unknown, context: MessageContext) => string;

/** Thrown where only graphql-js knows what to do: while a document is compiled, or while a value is written. */
export class NotPlain extends Error {}

/** What the compiler of a document needs to know. */
export interface Compilation {
  readonly schema: GraphQLSchema;
  readonly fragments: Fragments;
  /** Resolves fields that have no resolver of their own. */
  readonly fieldResolver: GraphQLFieldResolver<unknown, MessageContext>;
}

export type Resolve = (source: unknown, args: object, context: MessageContext) => unknown;

const noArguments = Object.freeze({});

/** The resolver of a field, with what it may know of the field. */
export function resolverOf(
  { fragments, fieldResolver }: Compilation,
  { name, resolve = fieldResolver }: GraphQLField<unknown, MessageContext>,
  fieldNodes: readonly FieldNode[],
): Resolve {
  const known: FieldInfo = { fieldName: name, fieldNodes, fragments };
  // The types of our resolvers let them use no more of it.
  const info = known as GraphQLResolveInfo;
  return (source, args, context) => resolve(source, args, context, info);
}

/**
 * The fields that are selected of an object, by the names under which they come out. Throws `NotPlain` if a directive
 * decides whether a field is one of them.
 */
export function collectFields(
  { schema, fragments }: Compilation,
  type: GraphQLObjectType,
  selectionSets: readonly SelectionSetNode[],
): ReadonlyMap<string, readonly FieldNode[]> {
  const fields = new Map<string, FieldNode[]>();
  const visited = new Set<string>();
  const visit = ({ selections }: SelectionSetNode) => {
    for (const selection of selections) {
      if (selection.directives?.length) throw new NotPlain();
      if (selection.kind === Kind.FIELD) {
        const key = (selection.alias ?? selection.name).value;
        const nodes = fields.get(key);
        if (nodes) nodes.push(selection);
        else fields.set(key, [selection]);
        continue;
      }
      if (selection.kind === Kind.FRAGMENT_SPREAD) {
        if (visited.has(selection.name.value)) continue;
        visited.add(selection.name.value);
      }
      const fragment = selection.kind === Kind.FRAGMENT_SPREAD ? fragments[selection.name.value] : selection;
      if (!fragment) throw new NotPlain();
      const condition = fragment.typeCondition && schema.getType(fragment.typeCondition.name.value);
      const applies =
        !condition || condition === type || (isAbstractType(condition) && schema.isSubType(condition, type));
      if (applies) visit(fragment.selectionSet);
    }
  };
  selectionSets.forEach(visit);
  return fields;
}

/** Compiles what is selected of a value of this type. Throws `NotPlain` if only graphql-js can do it. */
export function compileValue(
  compilation: Compilation,
  type: GraphQLOutputType,
  nodes: readonly FieldNode[],
): Write {
  if (!isNonNullType(type)) {
    const write = compilePresent(compilation, type, nodes);
    return (value, context) => (value == null ? 'null' : write(value, context));
  }
  const write = compilePresent(compilation, type.ofType, nodes);
  return (value, context) => {
    if (value == null) throw new NotPlain();
    return write(value, context);
  };
}

function compilePresent(
  compilation: Compilation,
  type: GraphQLOutputType,
  nodes: readonly FieldNode[],
): Write {
  if (isLeafType(type)) return writeLeaf(type);
  if (isListType(type)) {
    const write = compileValue(compilation, type.ofType, nodes);
    return (value, context) => {
      if (!Array.isArray(value)) throw new NotPlain();
      return `[${value.map((element) => write(element, context)).join(',')}]`;
    };
  }
  if (isObjectType(type)) return compileObject(compilation, type, nodes);
  if (!isAbstractType(type)) throw new NotPlain();
  const { resolveType } = type;
  if (!resolveType) throw new NotPlain();
  const writers = new Map(
    compilation.schema
      .getPossibleTypes(type)
      .map((possible) => [possible.name, compileObject(compilation, possible, nodes)]),
  );
  return (value, context) => {
    // The resolvers of types, like those of fields, use only the value.
    const write = writers.get(resolveType(value, context, {} as GraphQLResolveInfo, type) as string);
    if (!write) throw new NotPlain();
    return write(value, context);
  };
}

function compileObject(
  compilation: Compilation,
  type: GraphQLObjectType,
  nodes: readonly FieldNode[],
): Write {
  if (type.isTypeOf) throw new NotPlain();
  const selectionSets = nodes.flatMap(({ selectionSet }) => selectionSet ?? []);
  const fields = Array.from(collectFields(compilation, type, selectionSets), ([key, fieldNodes], index) => ({
    head: `${index === 0 ? '' : ','}${JSON.stringify(key)}:`,
    write: compileField(compilation, type, fieldNodes),
  }));
  return (source, context) => {
    if (source instanceof Error || isPromise(source)) throw new NotPlain();
    let text = '{';
    for (const { head, write } of fields) text += head + write(source, context);
    return `${text}}`;
  };
}

function compileField(
  compilation: Compilation,
  type: GraphQLObjectType,
  fieldNodes: readonly FieldNode[],
): Write {
  const [node] = fieldNodes;
  if (node?.name.value === '__typename') {
    const text = JSON.stringify(type.name);
    return () => text;
  }
  const definition = node && type.getFields()[node.name.value];
  if (!definition || definition.args.length > 0) throw new NotPlain();
  const resolve = resolverOf(compilation, definition, fieldNodes);
  const write = compileValue(compilation, definition.type, fieldNodes);
  return (source, context) => write(resolve(source, noArguments, context), context);
}

function writeLeaf(type: GraphQLLeafType): Write {
  return (value) => {
    if (value instanceof Error || isPromise(value)) throw new NotPlain();
    const leaf: unknown = type.serialize(value);
    if (leaf == null) throw new NotPlain();
    return writeJson(leaf);
  };
}

function isPromise(value: unknown): value is Promise<unknown> {
  return typeof (value as { then?: unknown }).then === 'function';
}
