import {
  coerceInputValue,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLArgument,
  type GraphQLObjectType,
  type GraphQLSchema,
  isInputType,
  isNonNullType,
  Kind,
  type OperationDefinitionNode,
  OperationTypeNode,
  typeFromAST,
  type ValueNode,
  valueFromAST,
  visit,
} from 'graphql';
import type { MessageContext } from '../context.ts';
import { type JsonVariables, jsonVariablesOf } from '../json-arguments.ts';
import { estimateBytes } from '../query-cost.ts';
import { type Compilation, collectFields, compileValue, NotPlain, resolverOf, type Write } from './writer.ts';

export type Variables = Readonly<Record<string, unknown>>;

/** A root field of an operation. */
export interface RootField {
  /** The name under which it comes out. */
  readonly key: string;
  /** Makes the arguments of its resolver. Throws if only graphql-js can, or can say what is wrong with them. */
  argumentsFor(variables: Variables): object;
  /** Calls its resolver, and returns what that returns. */
  resolve(source: unknown, args: object, context: MessageContext): unknown;
  /** Writes what the resolver gave, with the name in front. */
  readonly write: Write;
}

/** A document that is ready to run. */
export interface Plan {
  readonly operation: OperationDefinitionNode;
  readonly jsonVariables: JsonVariables;
  /** The values of the variables. Undefined if graphql-js has to say what is wrong with them. */
  variablesFor(given: Variables): Variables | undefined;
  /** The size of all selected fields, if all values are short. */
  readonly bytes: number;
  readonly fields: readonly RootField[];
}

/** The most bytes of fields in a plan, if all values are short: a plan takes memory for each field. */
const maxPlanBytes = 4096;

/**
 * Compiles a valid document of one operation, whose fields are plain: no directive decides about them, and none
 * belongs to introspection. Undefined for any other document, and for large ones. Those are left to graphql-js.
 */
export function compile(
  document: DocumentNode,
  { schema, fieldResolver }: Omit<Compilation, 'fragments'>,
): Plan | undefined {
  const fragments: Record<string, FragmentDefinitionNode> = {};
  const operations: OperationDefinitionNode[] = [];
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments[definition.name.value] = definition;
    else if (definition.kind === Kind.OPERATION_DEFINITION) operations.push(definition);
  }
  const [operation, ...others] = operations;
  const type = operation && schema.getRootType(operation.operation);
  if (!type || others.length > 0 || operation.directives?.length) return undefined;
  const bytes = estimateBytes(operation.selectionSet, fragments);
  if (bytes > maxPlanBytes) return undefined;
  const compilation = { schema, fragments, fieldResolver };
  try {
    const fields = Array.from(collectFields(compilation, type, [operation.selectionSet]), ([key, nodes]) =>
      compileRootField(compilation, type, key, nodes, operation.operation),
    );
    return {
      operation,
      jsonVariables: jsonVariablesOf({ schema, document }),
      variablesFor: compileVariables(schema, operation),
      bytes,
      fields,
    };
  } catch (error) {
    if (error instanceof NotPlain) return undefined;
    throw error;
  }
}

function compileVariables(schema: GraphQLSchema, { variableDefinitions = [] }: OperationDefinitionNode) {
  const definitions = variableDefinitions.map(({ variable, type: typeNode, defaultValue }) => {
    const type = typeFromAST(schema, typeNode);
    if (!isInputType(type)) throw new NotPlain();
    return {
      name: variable.name.value,
      type,
      isRequired: isNonNullType(type),
      byDefault: defaultValue && defined(valueFromAST(defaultValue, type)),
    };
  });
  return (given: Variables): Variables | undefined => {
    // A variable may have any name, `__proto__` too.
    const variables: Record<string, unknown> = Object.create(null);
    try {
      for (const { name, type, isRequired, byDefault } of definitions) {
        if (Object.hasOwn(given, name)) variables[name] = coerceInputValue(given[name], type, refuse);
        else if (byDefault !== undefined) variables[name] = byDefault;
        else if (isRequired) return undefined;
      }
    } catch (error) {
      if (error instanceof NotPlain) return undefined;
      throw error;
    }
    return variables;
  };
}

/** Ends at the first error of a value: a long list may have one in each element, and each takes time to make. */
function refuse(): never {
  throw new NotPlain();
}

function compileRootField(
  compilation: Compilation,
  type: GraphQLObjectType,
  key: string,
  nodes: readonly FieldNode[],
  operation: OperationTypeNode,
): RootField {
  const head = `${JSON.stringify(key)}:`;
  const [node] = nodes;
  if (node?.name.value === '__typename') {
    const text = head + JSON.stringify(type.name);
    return { key, argumentsFor: () => ({}), resolve: () => type.name, write: () => text };
  }
  const definition = node && type.getFields()[node.name.value];
  if (!definition) throw new NotPlain();
  const write = compileValue(compilation, definition.type, nodes);
  return {
    key,
    // Those of a subscription are used when it opens, and that is left to graphql-js.
    argumentsFor:
      operation === OperationTypeNode.SUBSCRIPTION ? () => ({}) : compileArguments(definition.args, node),
    resolve: resolverOf(compilation, definition, nodes),
    write: (value, context) => head + write(value, context),
  };
}

/** Literals are read once. Variables are put into their places for each request. */
function compileArguments(definitions: readonly GraphQLArgument[], { arguments: given = [] }: FieldNode) {
  const constants: Record<string, unknown> = {};
  const varying: { name: string; definition: GraphQLArgument; value: ValueNode }[] = [];
  for (const definition of definitions) {
    const { name, type, defaultValue } = definition;
    const value = given.find((argument) => argument.name.value === name)?.value;
    if (defaultValue !== undefined) throw new NotPlain();
    if (!value) continue;
    if (hasVariable(value)) varying.push({ name, definition, value });
    else constants[name] = defined(valueFromAST(value, type));
  }
  return (variables: Variables): object => {
    const args = { ...constants };
    for (const { name, definition, value } of varying) {
      const isAbsent = value.kind === Kind.VARIABLE && variables[value.name.value] === undefined;
      if (!isAbsent) args[name] = defined(valueFromAST(value, definition.type, variables));
      else if (isNonNullType(definition.type)) throw new NotPlain();
    }
    return args;
  };
}

function defined(value: unknown): unknown {
  if (value === undefined) throw new NotPlain();
  return value;
}

function hasVariable(value: ValueNode): boolean {
  let found = false;
  visit(value, {
    Variable: () => {
      found = true;
    },
  });
  return found;
}
