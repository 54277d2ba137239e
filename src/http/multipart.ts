import { type Framing, framesOf, lineOf, streamHeaders } from './framing.ts';

/** What stands between two parts. JSON has no line break inside a string, so no part contains it. */
const delimiter = '\r\n--graphql';

/**
 * A part, with the delimiter after it: a client takes a part only once the delimiter has come. The delimiter before
 * the first part is the `opening`.
 */
const partOf = (json: string) => `\r\nContent-Type: application/json\r\n\r\n${json}${delimiter}`;

/**
 * The parts of a `multipart/mixed` response, as in Apollo's multipart protocol for subscriptions, version 1.0. Each
 * result is the `payload` of a part. A part has no place for a cursor, so the client must select `cursor`.
 */
export const multipart: Framing = {
  headers: {
    // No spaces: several clients split this header without a parser.
    'Content-Type': 'multipart/mixed;boundary="graphql";subscriptionSpec=1.0',
    ...streamHeaders,
  },
  opening: delimiter,
  next: framesOf((result) => partOf(`{"payload":${lineOf(result)}}`)),
  ping: partOf('{}'),
  complete: '--\r\n',
};
