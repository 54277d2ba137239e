import type { IncomingMessage } from 'node:http';
import { type HttpFault, httpFaults, SignalboxError } from '../errors.ts';

/** Refuses a request before GraphQL sees it. `sendError` turns it into the response. */
export class HttpError extends SignalboxError {
  readonly #fault: HttpFault;

  constructor(fault: HttpFault) {
    const { code = 'BAD_USER_INPUT', message, retryAfterMs } = fault;
    super(code, message, retryAfterMs === undefined ? {} : { retryAfterMs });
    this.#fault = fault;
  }

  /** The kind of the refusal, for the log. */
  get reason(): string {
    return this.#fault.reason ?? this.code;
  }

  override get status(): number {
    return this.#fault.status;
  }

  get headers(): Readonly<Record<string, string>> {
    return this.#fault.headers ?? {};
  }
}

/** Refuses a request that does more than read. */
export function checkReads({ method }: IncomingMessage): void {
  if (method !== 'GET' && method !== 'HEAD') throw new HttpError(httpFaults.methodNotAllowed('GET, HEAD'));
}
