import {
  type ExecutionArgs,
  type FragmentDefinitionNode,
  GraphQLError,
  getOperationAST,
  Kind,
  Lexer,
  NoSchemaIntrospectionCustomRule,
  OperationTypeNode,
  Source,
  TokenKind,
  validate,
} from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { LRUCache } from 'lru-cache';
import type { Context } from './context.ts';
import { countRootFields, countUnconditionalRootFields, estimateBytes } from './query-cost.ts';
import type { ResponseBudget } from './response-budget.ts';

/** Levels of brackets of any kind in a document. GraphiQL's introspection query has 14. */
const maxDepth = 64;
/** Tokens in a document. Large `data` belongs in the variables, which have no tokens. */
const maxTokens = 20_000;
/**
 * Tokens outside of arguments. The limit is lower, because validation compares each selection with many others.
 * GraphiQL's introspection query has fewer than 200.
 */
const maxSelectionTokens = 2000;
/** Validation stops after this many errors, because each error may repeat parts of the document. */
const maxValidationErrors = 5;
/** Root fields in an operation. Each may cost Redis one operation. */
const maxRootFields = 20;
/** So many characters of a document that is parsed take about as long as one operation. */
const charactersPerOperation = 512;
/** Characters of all cached documents together. A syntax tree takes 20 to 300 bytes for each character. */
const maxCachedCharacters = 250_000;
/** Added to each document's length in the cache, because its errors are cached too, and take some kilobytes. */
const cacheEntryCharacters = 1000;

const opening: ReadonlySet<TokenKind> = new Set([TokenKind.BRACE_L, TokenKind.BRACKET_L, TokenKind.PAREN_L]);
const closing: ReadonlySet<TokenKind> = new Set([TokenKind.BRACE_R, TokenKind.BRACKET_R, TokenKind.PAREN_R]);

/**
 * Checks a document in one pass over its tokens. This comes before parsing and validation, because both recurse
 * into the document. Throws if the document is too deep or too long, or has a character that GraphQL does not
 * allow.
 */
function checkTokens(text: string): void {
  const lexer = new Lexer(new Source(text));
  let depth = 0;
  let openParens = 0;
  let selectionTokens = 0;
  for (let tokens = 0; lexer.advance().kind !== TokenKind.EOF; tokens++) {
    const { kind } = lexer.token;
    if (tokens >= maxTokens) throw new GraphQLError(`The query has more than ${maxTokens} tokens.`);
    if (openParens === 0 && ++selectionTokens > maxSelectionTokens)
      throw new GraphQLError(`The query has more than ${maxSelectionTokens} tokens outside of arguments.`);
    if (opening.has(kind) && ++depth > maxDepth)
      throw new GraphQLError(`The query is nested more than ${maxDepth} levels deep.`);
    if (closing.has(kind)) depth--;
    if (kind === TokenKind.PAREN_L) openParens++;
    if (kind === TokenKind.PAREN_R) openParens--;
  }
}

/**
 * Limits the tokens and the depth of a document before it is parsed, and the number of its validation errors.
 * Documents in the cache have passed these checks.
 */
export const useDocumentLimits: Plugin<Context> = {
  onValidate({ setValidationFn }) {
    setValidationFn((schema, document, rules) =>
      validate(schema, document, rules, { maxErrors: maxValidationErrors }),
    );
  },
  onParse({ context, parseFn, setParseFn }) {
    setParseFn((source, options) => {
      const text = typeof source === 'string' ? source : source.body;
      // A document that is not in the cache takes time to parse and to validate.
      context.account.chargeAddress('operations', text.length / charactersPerOperation);
      checkTokens(text);
      return parseFn(source, options);
    });
  },
};

/** Refuses `__schema` and `__type`. `__typename` is allowed. */
export const useNoIntrospection: Plugin = {
  onValidate({ addValidationRule }) {
    addValidationRule(NoSchemaIntrospectionCustomRule);
  },
};

/**
 * The error of an operation that exceeds a limit, if any. Called before execution, so a refused operation has had
 * no effect. Charges the estimated size of the response to the budget.
 */
export function operationError(
  { document, operationName }: ExecutionArgs,
  budget: ResponseBudget,
): GraphQLError | undefined {
  const operation = getOperationAST(document, operationName);
  // graphql-js then reports which operations the document has.
  if (!operation) return undefined;
  const fragments: Record<string, FragmentDefinitionNode> = {};
  for (const definition of document.definitions) {
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments[definition.name.value] = definition;
  }
  const { selectionSet } = operation;
  const rootFields = countRootFields(selectionSet, fragments);
  if (rootFields > maxRootFields) {
    return new GraphQLError(
      `The operation has ${rootFields} root fields; at most ${maxRootFields} are accepted.`,
    );
  }
  const unconditional = countUnconditionalRootFields(selectionSet, fragments);
  if (operation.operation === OperationTypeNode.SUBSCRIPTION && unconditional === 0) {
    return new GraphQLError('The root field of a subscription takes no directives.');
  }
  if (!budget.spend(estimateBytes(selectionSet, fragments))) return budget.error();
  return undefined;
}

/** A bounded cache by a document's text: clients send the same few documents again and again. */
export function documentCache<Value extends object>(): LRUCache<string, Value> {
  return new LRUCache<string, Value>({
    maxSize: maxCachedCharacters,
    sizeCalculation: (_value, text) => cacheEntryCharacters + text.length,
  });
}
