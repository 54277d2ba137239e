import { type ErrorCode, SignalboxError } from '../errors.ts';

/** A request that HTTP itself turns away, before GraphQL sees it. */
export class Refusal extends SignalboxError {
  readonly httpStatus: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    httpStatus: number,
    message: string,
    { headers = {}, code = 'BAD_USER_INPUT' }: { headers?: Record<string, string>; code?: ErrorCode } = {},
  ) {
    super(code, message);
    this.httpStatus = httpStatus;
    this.headers = headers;
  }
}

/** 400: the request is not what it should be. */
export function malformed(message: string): Refusal {
  return new Refusal(400, message);
}

/** 405, with the methods that are allowed. */
export function wrongMethod(allow: string): Refusal {
  return new Refusal(405, `Only these methods are allowed here: ${allow}.`, { headers: { Allow: allow } });
}
