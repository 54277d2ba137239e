import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { httpFaults, SignalboxError } from '../errors.ts';
import type { LongPoll } from '../graphql/context.ts';
import type { Engine, Results } from '../graphql/engine.ts';
import type { Result } from '../graphql/result.ts';
import type { Meters } from '../limits/account.ts';
import { BytePool } from '../limits/byte-pool.ts';
import { FairQueue } from '../limits/fair-queue.ts';
import { operationsOfBody } from '../limits/rates.ts';
import { Bodies, smallBodyBytes } from './body.ts';
import type { HttpBounds } from './bounds.ts';
import type { Connections } from './connections.ts';
import type { Cors } from './cors.ts';
import { sendOnce } from './framing.ts';
import { HttpError } from './http-error.ts';
import { longPollOf } from './long-poll.ts';
import { multipart } from './multipart.ts';
import { type Accepted, negotiate } from './negotiate.ts';
import type { Pages } from './pages.ts';
import type { Refusals } from './refusals.ts';
import { type GraphQLRequest, isEventSource, readRequest } from './request.ts';
import { isTemporary, outcomeOf, sendResult, toResult } from './respond.ts';
import { sendRetry, sse } from './sse.ts';
import type { Standstill } from './standstill.ts';
import { StreamPump } from './stream-pump.ts';
import { type HeldPlace, StreamShares } from './stream-shares.ts';

/** How long a large request waits that exceeds a limit, in milliseconds. */
const largeRefusalMs = 250;

/** Answers up to this size fit into the buffers of TCP. */
const smallAnswerBytes = 16 * 1024;

export interface GraphQLOptions {
  readonly engine: Engine;
  readonly log: Logger;
  readonly refusals: Refusals;
  /** The interval of the pings on a stream, in milliseconds. */
  readonly pingMs: number;
  readonly maxStreams: number;
  readonly bounds: HttpBounds;
  readonly connections: Connections;
  readonly cors: Cors;
  /** The limits of addresses. Undefined: nothing is metered here. */
  readonly meters: Meters | undefined;
  /** The pages, GraphiQL among them, unless it is off. */
  readonly pages: Pages;
  readonly standstill: Standstill;
}

/** The route `/graphql`. */
export class GraphQLRoute {
  readonly #options: GraphQLOptions;
  readonly #bodies: Bodies;
  readonly #answers: BytePool;
  readonly #streams: StreamShares;
  /** Requests for answers, and requests that may open streams. Opening takes longer. */
  readonly #calls: FairQueue;
  readonly #opens: FairQueue;

  constructor(options: GraphQLOptions) {
    this.#options = options;
    const { bounds, maxStreams } = options;
    this.#bodies = new Bodies(bounds.bodies, (address, bytes) => this.#admit(address, bytes));
    this.#answers = new BytePool(bounds.answers);
    this.#streams = new StreamShares(maxStreams);
    this.#calls = new FairQueue(bounds.turns);
    this.#opens = new FairQueue(bounds.turns);
  }

  /** Answers a request. `search` is the query string of its URL. Throws an `HttpError`. */
  async answer(req: IncomingMessage, res: ServerResponse, search: string): Promise<void> {
    const accepted = negotiate(req.headers.accept);
    switch (req.method) {
      case 'OPTIONS':
        return this.#options.cors.answerPreflight(req, res);
      case 'GET':
        if (!accepted.page) break;
        if (await this.#options.pages.answer(req, res, '/graphql')) return;
        if (search === '') throw new HttpError(httpFaults.noGraphiQL);
        break;
      case 'POST':
        break;
      default:
        throw new HttpError(httpFaults.methodNotAllowed('GET, POST, OPTIONS'));
    }
    const address = this.#options.connections.addressOf(req);
    try {
      try {
        this.#admit(address, 0);
      } catch (error) {
        // Node.js reads the body of a refused request too. A client that sends one large body after the other would keep
        // the node busy with reading, so its next one waits.
        if (isLarge(req)) await sleep(largeRefusalMs);
        throw error;
      }
      const result = await this.#resultOf(req, res, search, accepted, address);
      if (result) await this.#send(req, res, accepted, result, address);
      else {
        this.#options.log.debug('a client left before its request ran');
        // The client may only have closed its side, and still read.
        if (!req.socket.destroyed && !res.destroyed) throw new HttpError(httpFaults.tooOld);
      }
    } catch (error) {
      // What exceeds a limit is not charged, or the address would never come back below it.
      if (error instanceof HttpError && error.code !== 'RATE_LIMITED')
        this.#options.engine.chargeRefused?.(address);
      if (!(error instanceof HttpError) || !isEventSource(req, accepted)) throw error;
      this.#sendToEventSource(res, toResult(error), address);
    }
  }

  /**
   * Refuses a request of an address that has used up its operations, before its body is read or parsed: parsing takes
   * time too, and is charged for. Throws an `HttpError`.
   */
  #admit(address: string, bodyBytes: number): void {
    const account = this.#options.meters?.account(address);
    try {
      account?.check('operations');
    } catch (error) {
      if (error instanceof SignalboxError) throw new HttpError(httpFaults.rateLimited(error));
      throw error;
    }
    account?.chargeAddress('operations', operationsOfBody(bodyBytes));
  }

  /**
   * Reads the request and runs it. Undefined if the client has left by then. A stream may be open for days: nothing that
   * lives as long may keep the request, because a client may send any variables (G8).
   */
  async #resultOf(
    req: IncomingMessage,
    res: ServerResponse,
    search: string,
    accepted: Accepted,
    address: string,
  ): Promise<Result | Results | undefined> {
    const { standstill } = this.#options;
    const request = await readRequest(req, res, search, accepted, address, this.#bodies, standstill);
    return request && this.#run(res, request, address);
  }

  /**
   * The result, when the turn of the address has come. Undefined if the client has left by then. A call that waits for
   * messages (`receive`) gives up its turn.
   */
  async #run(
    res: ServerResponse,
    { method, parameters, credentials, takesEvents }: GraphQLRequest,
    address: string,
  ): Promise<Result | Results | undefined> {
    const streamPlace = takesEvents ? this.#placeFor(res, address) : undefined;
    const turns = takesEvents ? this.#opens : this.#calls;
    try {
      return await turns.run(address, (endTurn) => {
        if (res.destroyed) return undefined;
        const longPoll = this.#longPollFor(res, address, endTurn);
        const info = { method, takesEvents, credentials, address, streamPlace, longPoll };
        return this.#options.engine.run(parameters, info);
      });
    } catch (error) {
      // The engine does not throw, so the turn did not come.
      if (error instanceof SignalboxError) throw new HttpError(httpFaults.noTurn);
      throw error;
    }
  }

  /** Made apart from the request: a stream keeps it, and would keep the variables with it. */
  #longPollFor(res: ServerResponse, address: string, endTurn: () => void): () => LongPoll {
    return () => longPollOf(res, this.#placeFor(res, address), endTurn, this.#options.log);
  }

  /** A place for the stream that the request may open, until the response is closed. */
  #placeFor(res: ServerResponse, address: string): HeldPlace {
    const place = this.#streams.place(address);
    res.once('close', () => place.release());
    return place;
  }

  async #send(
    req: IncomingMessage,
    res: ServerResponse,
    accepted: Accepted,
    result: Result | Results,
    address: string,
  ): Promise<void> {
    const framing = accepted.stream === 'multipart/mixed' ? multipart : sse;
    if (isResults(result)) {
      const { log, pingMs, connections } = this.#options;
      connections.stream(req);
      const holdUnread = (bytes: number) => this.#holdUnread(res, bytes, address);
      return StreamPump.send(res, result, framing, { log, pingMs, holdUnread });
    }
    if (isEventSource(req, accepted)) return this.#sendToEventSource(res, result, address);
    const type = accepted.json ?? 'application/json';
    const outcome = outcomeOf(result, type);
    if (outcome.status === 503) this.#options.refusals.note('warn', 'requests refused', 'UNAVAILABLE');
    const inEvents = !accepted.json && outcome.status === 200;
    this.#holdIfLarge(
      res,
      inEvents ? sendOnce(res, framing, result) : sendResult(res, result, type, outcome),
      address,
    );
  }

  /**
   * An EventSource hides the status from its page, and gives up for good at any but 200. So it gets an error as an
   * event; if the error may pass, it gets none and comes back by itself.
   */
  #sendToEventSource(res: ServerResponse, result: Result, address: string): void {
    if (isTemporary(result)) {
      this.#options.refusals.note('warn', 'requests refused', 'UNAVAILABLE');
      sendRetry(res);
    } else {
      this.#holdIfLarge(res, sendOnce(res, sse, result), address);
    }
  }

  #holdIfLarge(res: ServerResponse, bytes: number, address: string): void {
    if (bytes > smallAnswerBytes) this.#holdUnread(res, bytes, address);
  }

  /** Counts a large answer for its address, until the client has read it or the function that this returns is called. */
  #holdUnread(res: ServerResponse, bytes: number, address: string): () => void {
    const drop = () => {
      this.#options.refusals.note('warn', 'connections cut', 'unread answers');
      res.destroy();
    };
    const holding = this.#answers.hold(address, drop);
    const release = () => holding.release();
    res.once('close', release);
    if (!holding.grow(bytes)) drop();
    return release;
  }
}

function isLarge({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length']) > smallBodyBytes;
}

function isResults(result: Result | Results): result is Results {
  return Symbol.asyncIterator in result;
}
