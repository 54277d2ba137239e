import { GraphQLScalarType } from 'graphql';
import { JsonText } from '../../json-text.ts';
import { textOfLiteral } from '../json-arguments.ts';

/**
 * Any JSON value, as its text. `withJsonTexts` has made variables of this type into texts before they get here.
 * `checkPayload` checks the text, because its errors can name the argument.
 */
export const JSONScalar = new GraphQLScalarType<JsonText, unknown>({
  name: 'JSON',
  serialize: (value) => value,
  parseValue: (value) => (value instanceof JsonText ? value : JsonText.of(JSON.stringify(value))),
  parseLiteral: (node, variables) => JsonText.of(textOfLiteral(node, variables)),
});

/** A moment. No argument has this type. */
export const DateTimeScalar = new GraphQLScalarType<Date, string>({
  name: 'DateTime',
  serialize: (value) => (value as Date).toISOString(),
});
