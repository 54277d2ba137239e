/** One kind of error that a client can get. */
interface ErrorKind {
  /** The default message. Code that throws the error may give a more exact one. */
  readonly message: string;
  /** The HTTP status. Without one, the error comes in a response of GraphQL with status 200. */
  readonly status?: number;
  /** Set if the same request may succeed a little later. */
  readonly retryable?: true;
}

/** Every error code that a client can get. All other errors are masked as `unexpectedError`. */
const kinds = {
  UNAUTHENTICATED: {
    message:
      'This operation needs a token. Get one with the mutation `access`, and send it as `Authorization: Bearer <token>`.',
    status: 401,
  },
  FORBIDDEN: {
    message:
      'You were put out of this room. Come back with a newer token of the same peer, or ten minutes later.',
    status: 403,
  },
  BAD_USER_INPUT: { message: 'The input is not valid.' },
  NOT_CONNECTED: {
    message:
      'You have no session. Open the subscription `messages` first, and join from the handler of its `Connected`.',
  },
  NOT_IN_ROOM: { message: 'You are not in this room. Call `joinRoom` first.' },
  PEER_NOT_IN_ROOM: { message: 'That peer is not in this room.' },
  ROOM_FULL: { message: 'This room is full.' },
  TOO_MANY_ROOMS: { message: 'You are in as many rooms as allowed. Leave one with `leaveRoom` first.' },
  PAYLOAD_TOO_LARGE: {
    message:
      'The state is too large. Together with the states of the other members, it exceeds the limit of the room.',
  },
  REPLACED: {
    message: 'Another stream of the same token was opened, by another tab or another part of this page.',
  },
  TOKEN_EXPIRED: {
    message:
      'Your token has expired. Open `messages` again from your last cursor, with a new token of the same peer. A guest gets one from `renew` before its token expires, and a new peer from `access` after that.',
  },
  RATE_LIMITED: {
    message: 'Too much was asked for. Try again later.',
    status: 429,
    retryable: true,
  },
  UNAVAILABLE: {
    message: 'The server cannot do this now. Try again in a moment.',
    status: 503,
    retryable: true,
  },
  /** Apollo Client and urql know this message and this code: they send the text of the query next. */
  PERSISTED_QUERY_NOT_SUPPORTED: { message: 'PersistedQueryNotSupported' },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof kinds;

interface SignalboxErrorOptions extends ErrorOptions {
  /** After how long the same request may succeed, in milliseconds. */
  readonly retryAfterMs?: number;
}

/** An error that a client gets as it is: its code and its message. */
export class SignalboxError extends Error {
  override readonly name = 'SignalboxError';
  readonly code: ErrorCode;
  /** After how long the same request may succeed, in milliseconds, if that is known. */
  readonly retryAfterMs: number | undefined;

  constructor(code: ErrorCode, message: string = kinds[code].message, options: SignalboxErrorOptions = {}) {
    super(message, options);
    this.code = code;
    this.retryAfterMs = options.retryAfterMs;
  }

  get status(): number | undefined {
    return (kinds[this.code] as ErrorKind).status;
  }

  get retryable(): boolean {
    return (kinds[this.code] as ErrorKind).retryable ?? false;
  }
}

/** `limit`: a sentence that says which limit is exceeded (G13). */
export function rateLimited(limit: string, retryAfterMs: number): SignalboxError {
  const seconds = Math.max(0.1, Math.ceil(retryAfterMs / 100) / 10);
  return new SignalboxError('RATE_LIMITED', `${limit} Try again in ${seconds} s.`, { retryAfterMs });
}

/** Whether the word, for example from the reply of a Redis script, is an error code. */
export function isErrorCode(word: string): word is ErrorCode {
  return Object.hasOwn(kinds, word);
}

/** Every reason for which a token is not accepted, to be given to `tokenError`. */
export const tokenFaults = {
  notJwt: 'it is not a JWT',
  /** `algorithms`: those accepted. */
  wrongAlgorithm: (algorithms: readonly string[]) =>
    algorithms.length === 1
      ? `its algorithm is not ${algorithms}, the only one accepted`
      : `its algorithm is none of ${algorithms.join(', ')}`,
  wrongSignature: 'its signature is wrong: it was made with another secret',
  wrongKeySignature: 'its signature is wrong: it was made with another key',
  unknownKey: 'the key that it was signed with is not in the set of this server',
  manyKeys: 'its header does not name its key (`kid`), and several fit',
  unfulfilledClaim: (claim: string) => `its claim \`${claim}\` is not fulfilled`,
  expired: (at: Date) => `it expired at ${at.toISOString()}`,
  noSub: 'it has no `sub`, the id of the peer',
  subNotText: 'its `sub` is not a string',
  noUsername: 'it has no `username`, nor `preferred_username`, `name` or `nickname`',
  noExp: 'it has no `exp`, the time at which it expires, in seconds since 1970',
  badExp: 'its `exp` is not a time that exists: give the seconds since 1970',
  /** `where`: the part of the claim, such as `rooms[0].allow`. */
  badRights: (where: string, takes: string) =>
    `its claim \`${where === '' ? 'signalbox' : `signalbox.${where}`}\` is not ${takes}`,
  /** `fault`: from `faultOfName`. */
  invalidName: (claim: string, fault: string) => `its \`${claim}\` ${fault}`,
} as const;

/** Why `renew` refuses a token: an application decides for how long its own peers may come. */
export const notAGuest =
  'Only the token of a guest can be renewed. Ask the application that made your token for the next one.';

/** Why a field is refused to a token whose rights do not include it. The same whether or not there is such a room. */
export function notAllowed(right: string): SignalboxError {
  return new SignalboxError(
    'FORBIDDEN',
    `Your token does not allow this: it needs the right "${right}" for this room. Ask the application that made it for another one.`,
  );
}

/** For the log of an application that has Signalbox in its own server. */
export const bodyIsTaken =
  'The body of a request was read before Signalbox got the request: put the handler before all body parsers.';

/** The key of a token is unknown, and the URL of keys is dead. */
export const keysUnavailable =
  'The keys of tokens cannot be fetched now (JWKS_URL), so your token cannot be checked. Try again in a moment.';

/** Why a node does not start. */
export const noKeys = (reason: string) =>
  `The keys of JWKS_URL cannot be fetched (${reason}), and none of the last day are kept.`;

export const noGuests = 'This server admits no guests. Ask its operator for a token.';

export function tokenError(fault: string): SignalboxError {
  return new SignalboxError('UNAUTHENTICATED', `The token is not accepted: ${fault}.`);
}

/** What a client gets in place of an error that is not in these tables. The log has the error itself. */
export const unexpectedError = {
  code: 'INTERNAL_SERVER_ERROR',
  message: 'Unexpected error.',
  status: 500,
} as const;

/** The reason for which HTTP refuses a request, before GraphQL sees it. */
export interface HttpFault {
  readonly status: number;
  readonly message: string;
  /** `BAD_USER_INPUT` if absent. */
  readonly code?: ErrorCode;
  /** What the log calls a refusal for lack of room. */
  readonly reason?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** After how long the same request may succeed, in milliseconds. */
  readonly retryAfterMs?: number;
}

/** Every reason for which HTTP refuses a request. */
export const httpFaults = {
  /** `api`: the path of the API. */
  notFound: (api: string) => ({
    status: 404,
    message: `There is nothing at this path. The API is at \`${api}\`.`,
  }),
  noGraphiQL: {
    status: 404,
    message:
      'GraphiQL is off on this server (GRAPHIQL). Send a GraphQL query to this path, as JSON in a POST.',
  },
  /** `names`: the names of this server that a request may use. */
  foreignHost: (names: readonly string[]) => ({
    status: 421,
    message:
      `This server takes only requests for ${names.join(', ')}, because it listens on a loopback address (HOST). ` +
      'If a proxy stands in front, let it send `Host: localhost`.',
  }),
  methodNotAllowed: (allow: string) => ({
    status: 405,
    message: `The method is not allowed. This path takes ${allow}.`,
    headers: { Allow: allow },
  }),
  notAcceptable: {
    status: 406,
    message:
      'The server sends `application/json`, `application/graphql-response+json`, `text/event-stream` and `multipart/mixed;subscriptionSpec=1.0`. Name one of them in the header `Accept`.',
  },
  notJsonContent: {
    status: 415,
    message: 'The content type of a POST must be `application/json`, in UTF-8.',
    headers: { Accept: 'application/json; charset=utf-8' },
  },
  compressedBody: {
    status: 415,
    message: 'The body must not be compressed.',
    headers: { 'Accept-Encoding': 'identity' },
  },
  bodyTooLarge: (maxBytes: number) => ({
    status: 413,
    message: `The body is too large. At most ${maxBytes} bytes are accepted.`,
    code: 'PAYLOAD_TOO_LARGE',
  }),
  /** The client may have given its call up, and gone on at another node, while this process stood still. */
  tooOld: {
    status: 503,
    message: 'This node stood still, so your call may be out of date. Send it again.',
    code: 'UNAVAILABLE',
    reason: 'standstill',
  },
  /** The address has used up its operations, so the body is not parsed (G13). */
  rateLimited: ({ message, retryAfterMs = 0 }: SignalboxError) => ({
    status: kinds.RATE_LIMITED.status,
    message,
    code: 'RATE_LIMITED',
    retryAfterMs,
    headers: { 'Retry-After': String(Math.ceil(retryAfterMs / 1000)) },
  }),
  /** The bodies that are still arriving exceed the limit for all of them together. */
  tooManyBodies: { status: 503, message: kinds.UNAVAILABLE.message, code: 'UNAVAILABLE', reason: 'bodies' },
  /** Too many requests of the same address, or of all, are running. */
  noTurn: { status: 503, message: kinds.UNAVAILABLE.message, code: 'UNAVAILABLE', reason: 'turns' },
  /** The node was closed. Only in somebody else's server: a node of its own no longer listens then. */
  closed: { status: 503, message: kinds.UNAVAILABLE.message, code: 'UNAVAILABLE', reason: 'closed' },
  httpVersion: {
    status: 505,
    message: 'The API answers HTTP/1.1 only. For other versions, put a proxy in front.',
  },
  /** The server has as many connections as it may have. */
  tooManyConnections: {
    status: 503,
    message: kinds.UNAVAILABLE.message,
    code: 'UNAVAILABLE',
    reason: 'connections',
  },
  hostMissing: { status: 400, message: 'The header `Host` is missing.', headers: { Connection: 'close' } },
  expectation: { status: 417, message: 'The header `Expect` may ask for `100-continue` only.' },
  bodyNotUtf8: { status: 400, message: 'The body is not UTF-8.' },
  bodyNotObject: (kind: string) => ({
    status: 400,
    message: `The body must be a JSON object, but is ${kind}.`,
  }),
  urlNotUtf8: { status: 400, message: 'The query string of the URL is not percent-encoded UTF-8.' },
  /** `what`: "The body", or the name of a parameter. */
  notJson: (what: string, reason: string) => ({ status: 400, message: `${what} is not JSON: ${reason}.` }),
  persistedQueryNotSupported: {
    status: 200,
    message: kinds.PERSISTED_QUERY_NOT_SUPPORTED.message,
    code: 'PERSISTED_QUERY_NOT_SUPPORTED',
  },
  queryMissing: { status: 400, message: 'The parameter `query` is missing.' },
  repeatedParameter: (name: string) => ({
    status: 400,
    message: `The parameter \`${name}\` is given more than once.`,
  }),
  wrongType: (name: string, type: string, kind: string) => ({
    status: 400,
    message: `The parameter \`${name}\` must be ${type}, but is ${kind}.`,
  }),
} as const satisfies Record<string, HttpFault | ((...facts: never[]) => HttpFault)>;
