/** What a code means to the one who gets it. */
interface ErrorKind {
  /** Said where the thrower has nothing more exact to say. */
  readonly message: string;
  /** The HTTP status, where it is not for GraphQL alone to answer. */
  readonly status?: number;
  /** Whether the same request may succeed a little later. */
  readonly retryable?: true;
}

/** Every error that a client can meet. What is thrown and is not one of these is masked. */
const kinds = {
  UNAUTHENTICATED: {
    message:
      'This needs a token. Get one with the mutation `access`, and send it as `Authorization: Bearer <token>`.',
    status: 401,
  },
  FORBIDDEN: { message: 'This is not allowed here.', status: 403 },
  BAD_USER_INPUT: { message: 'The input is not valid.' },
  NOT_CONNECTED: { message: 'You have no session: open the subscription `messages` first.' },
  NOT_IN_ROOM: { message: 'You are not in this room: call `joinRoom` first.' },
  PEER_NOT_IN_ROOM: { message: 'That peer is not in this room.' },
  ROOM_FULL: { message: 'This room is full.' },
  TOO_MANY_ROOMS: { message: 'You are in as many rooms as a peer may be: leave one with `leaveRoom` first.' },
  PAYLOAD_TOO_LARGE: {
    message: 'The state is too large: with those of the other peers it takes more than a room may hold.',
  },
  REPLACED: { message: 'Your session was replaced by a newer one of the same peer.' },
  TOKEN_EXPIRED: {
    message:
      'Your token has expired. Open `messages` again after the last id, with a new token of the same peer. A guest gets a new peer from `access`, and begins anew.',
  },
  UNAVAILABLE: {
    message: 'The server cannot do this now. Try again in a moment.',
    status: 503,
    retryable: true,
  },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof kinds;

/** An error that a client is told of, by its code. */
export class SignalboxError extends Error {
  override readonly name = 'SignalboxError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string = kinds[code].message, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  get status(): number | undefined {
    return (kinds[this.code] as ErrorKind).status;
  }

  get retryable(): boolean {
    return (kinds[this.code] as ErrorKind).retryable ?? false;
  }
}

/** Whether a word, from a script's reply say, is one of the codes. */
export function isErrorCode(word: string): word is ErrorCode {
  return Object.hasOwn(kinds, word);
}
