import {
  type ExecutionArgs,
  type FragmentDefinitionNode,
  GraphQLError,
  getOperationAST,
  Kind,
  Lexer,
  OperationTypeNode,
  Source,
  TokenKind,
  validate,
} from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { LRUCache } from 'lru-cache';
import type { Allowance } from './allowance.ts';
import { countBytes, countRootFields, countSureRootFields } from './selection.ts';

/** The deepest brackets, of whatever kind, in a document. GraphiQL's introspection has 14. */
const deepest = 64;
/** A document that inlines as much data as a request may carry has fewer. */
const mostTokens = 20_000;
/**
 * Of them, outside of arguments, where validation compares each with many others. GraphiQL's introspection
 * has fewer than 200.
 */
const mostSelecting = 2000;
/** So many faults of a document are told. Each may repeat what is in it. */
const mostFaults = 5;
/** Each may have Redis do something. */
const mostRootFields = 20;
/** Of all the documents that are remembered as parsed, in characters. A tree takes 20 to 300 bytes for each. */
const rememberedCharacters = 250_000;
/** What a document counts for beside its characters: its faults are remembered with it, and take some kilobytes. */
const documentCharacters = 1000;

const opening: ReadonlySet<TokenKind> = new Set([TokenKind.BRACE_L, TokenKind.BRACKET_L, TokenKind.PAREN_L]);
const closing: ReadonlySet<TokenKind> = new Set([TokenKind.BRACE_R, TokenKind.BRACKET_R, TokenKind.PAREN_R]);

/**
 * Parsing and validating recurse into a document, so its depth is checked first, in one pass over
 * its tokens. Throws where it is too deep, too long, or has a character that GraphQL does not know.
 */
function checkShape(text: string): void {
  const lexer = new Lexer(new Source(text));
  let depth = 0;
  let arguing = 0;
  let selecting = 0;
  for (let count = 0; lexer.advance().kind !== TokenKind.EOF; count++) {
    const { kind } = lexer.token;
    if (count >= mostTokens) throw new GraphQLError(`The query has more than ${mostTokens} tokens.`);
    if (arguing === 0 && ++selecting > mostSelecting)
      throw new GraphQLError(`The query has more than ${mostSelecting} tokens outside of arguments.`);
    if (opening.has(kind) && ++depth > deepest)
      throw new GraphQLError(`The query is nested more than ${deepest} levels deep.`);
    if (closing.has(kind)) depth--;
    if (kind === TokenKind.PAREN_L) arguing++;
    if (kind === TokenKind.PAREN_R) arguing--;
  }
}

/** Checks each document that is not known yet: before it is parsed, and then, though not to the last of its faults. */
export const useDocumentLimits: Plugin = {
  onValidate({ setValidationFn }) {
    setValidationFn((schema, document, rules) =>
      validate(schema, document, rules, { maxErrors: mostFaults }),
    );
  },
  onParse({ parseFn, setParseFn }) {
    setParseFn((source, options) => {
      checkShape(typeof source === 'string' ? source : source.body);
      return parseFn(source, options);
    });
  },
};

/** What is wrong with an operation, whatever it would find: nothing has been done for it yet. */
export function faultOf(
  { document, operationName }: ExecutionArgs,
  allowance: Allowance,
): GraphQLError | undefined {
  const operation = getOperationAST(document, operationName);
  // graphql-js says which there are.
  if (!operation) return undefined;
  const fragments: Record<string, FragmentDefinitionNode> = {};
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments[definition.name.value] = definition;
  }
  const { selectionSet } = operation;
  const roots = countRootFields(selectionSet, fragments);
  if (roots > mostRootFields) {
    return new GraphQLError(
      `The operation has ${roots} root fields; at most ${mostRootFields} are accepted.`,
    );
  }
  const sureRoots = countSureRootFields(selectionSet, fragments);
  if (operation.operation === OperationTypeNode.SUBSCRIPTION && sureRoots === 0) {
    return new GraphQLError('The root field of a subscription takes no directives.');
  }
  if (!allowance.grants(countBytes(selectionSet, fragments))) return allowance.refusal();
  return undefined;
}

/** A bounded memory of documents by their text: clients send the same few again and again. */
export function documentCache<Value extends object>(): LRUCache<string, Value> {
  return new LRUCache<string, Value>({
    maxSize: rememberedCharacters,
    sizeCalculation: (_value, text) => documentCharacters + text.length,
  });
}
