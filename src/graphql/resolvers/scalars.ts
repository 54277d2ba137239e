import { GraphQLScalarType, valueFromASTUntyped } from 'graphql';

/** Any JSON value, unchanged. `checkPayload` checks it, because its errors can name the argument. */
export const JSONScalar = new GraphQLScalarType<unknown, unknown>({
  name: 'JSON',
  serialize: (value) => value,
  parseValue: (value) => value,
  parseLiteral: (node, variables) => valueFromASTUntyped(node, variables),
});

/** A moment. No argument has this type. */
export const DateTimeScalar = new GraphQLScalarType<Date, string>({
  name: 'DateTime',
  serialize: (value) => (value as Date).toISOString(),
});
