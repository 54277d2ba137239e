import { GraphQLError, Lexer, Source, TokenKind } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { LRUCache } from 'lru-cache';

/** The deepest brackets, of whatever kind, in a document. GraphiQL's introspection has 14. */
const deepest = 64;
/** A document that inlines as much data as a request may carry has fewer. */
const mostTokens = 20_000;
/** Of all the documents that are remembered as parsed, in characters. A tree takes some 20 bytes for each. */
const rememberedCharacters = 1_000_000;

/**
 * Parsing and validating recurse into a document, so its depth is checked first, in one pass over
 * its tokens. Throws where it is too deep, too long, or has a character that GraphQL does not know.
 */
function checkShape(text: string): void {
  const lexer = new Lexer(new Source(text));
  let depth = 0;
  for (let count = 0; lexer.advance().kind !== TokenKind.EOF; count++) {
    if (count >= mostTokens) throw new GraphQLError(`The query has more than ${mostTokens} tokens.`);
    switch (lexer.token.kind) {
      case TokenKind.BRACE_L:
      case TokenKind.BRACKET_L:
      case TokenKind.PAREN_L:
        if (++depth > deepest)
          throw new GraphQLError(`The query is nested more than ${deepest} levels deep.`);
        break;
      case TokenKind.BRACE_R:
      case TokenKind.BRACKET_R:
      case TokenKind.PAREN_R:
        depth--;
        break;
    }
  }
}

/** Checks each document that is not known yet, before it is parsed. */
export const useDocumentLimits: Plugin = {
  onParse({ parseFn, setParseFn }) {
    setParseFn((source, options) => {
      checkShape(typeof source === 'string' ? source : source.body);
      return parseFn(source, options);
    });
  },
};

/** A bounded memory of documents by their text: clients send the same few again and again. */
export function documentCache<Value extends object>(): LRUCache<string, Value> {
  return new LRUCache<string, Value>({
    maxSize: rememberedCharacters,
    sizeCalculation: (_value, text) => text.length + 1,
  });
}
