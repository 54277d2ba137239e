import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { addressOf, networkOf } from '../limits/address.ts';
import type { BytePoolOptions } from '../limits/byte-pool.ts';
import { Shares } from '../limits/shares.ts';
import { Connection, type Waiting, type WaitingRoom } from './connection.ts';
import type { Refusals } from './refusals.ts';
import { beyondBounds } from './unfinished-heads.ts';

export interface ConnectionBounds {
  /** The most connections, the reserve not counted. */
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
  /** What limits the connections of all addresses, for the log. */
  readonly limitedBy: 'MAX_STREAMS' | 'open files';
  /** How many more may be open for a moment. They get `/health` and `/ready`, and 503 for anything else. */
  readonly maxReserve: number;
  /** The most pipelined requests that wait, on one connection, of one address, and of all. */
  readonly maxWaitingPerConnection: number;
  readonly maxWaitingPerAddress: number;
  readonly maxWaiting: number;
  /** How long a client may read nothing while there is something to read, in milliseconds. */
  readonly writeTimeoutMs: number;
  /** The bytes of requests whose headers are incomplete. */
  readonly unfinishedHeads: BytePoolOptions;
}

export interface ConnectionsOptions {
  readonly refusals: Refusals;
  readonly bounds: ConnectionBounds;
  /** How many proxies stand in front (TRUST_PROXY). */
  readonly trustProxy: number;
}

/** How often to look for clients that do not read, at most. */
const maxSweepIntervalMs = 5000;
/** How often to add up the requests whose headers are incomplete. */
const headsIntervalMs = 250;
/** A connection that is used all the time is moved behind the idle ones this often. */
const activeResolutionMs = 1000;
/** How many busy connections one search for an idle one passes. */
const maxBusyToPass = 64;

/**
 * The connections of clients. Each has one request at a time. An address has a share of them. If it opens more, its
 * idle connections are closed. A client that does not read is cut (G8, G13).
 */
export class Connections {
  readonly #refusals: Refusals;
  readonly #bounds: ConnectionBounds;
  readonly #trustProxy: number;
  readonly #all = new Map<Socket, Connection>();
  /** All but the reserve. Of each address, those that were active last come last, to within a second. */
  readonly #open = new Shares<Connection>();
  readonly #reserve = new Set<Connection>();
  readonly #waiting = new Shares<Waiting>();
  readonly #room: WaitingRoom = {
    enter: (waiting) => this.#onWaiting(waiting),
    leave: (waiting) => void this.#waiting.delete(waiting.connection.key, waiting),
  };
  readonly #sweepers: readonly NodeJS.Timeout[];
  #warnedOfProxy = false;

  constructor({ refusals, bounds, trustProxy }: ConnectionsOptions) {
    this.#refusals = refusals;
    this.#bounds = bounds;
    this.#trustProxy = trustProxy;
    const intervalMs = Math.min(bounds.writeTimeoutMs / 4, maxSweepIntervalMs);
    this.#sweepers = [
      setInterval(() => this.#sweep(), intervalMs).unref(),
      setInterval(() => this.#cutUnfinished(), headsIntervalMs).unref(),
    ];
  }

  /** Call this for each connection that the server accepts. */
  accept(socket: Socket): void {
    const key = networkOf(socket.remoteAddress ?? '');
    const inReserve = !this.#makeRoom(key);
    if (inReserve) this.#makeRoomInReserve();
    const connection = new Connection(socket, key, inReserve, this.#room);
    this.#all.set(socket, connection);
    if (inReserve) this.#reserve.add(connection);
    else this.#open.add(key, connection);
    socket.once('close', () => this.#forget(connection));
  }

  /**
   * Call this for each request that somebody else's server has received. Such a connection is never closed to make
   * room: it may be busy with a request that is not ours.
   */
  adopt(socket: Socket): void {
    if (socket.destroyed || this.#all.has(socket)) return;
    const connection = new Connection(socket, networkOf(socket.remoteAddress ?? ''), false, this.#room);
    this.#all.set(socket, connection);
    socket.once('close', () => this.#forget(connection));
  }

  /** Runs a request when the one before on its connection is answered. */
  begin(req: IncomingMessage, res: ServerResponse, run: () => void): void {
    const connection = this.#all.get(req.socket);
    // The connection was closed to make room, while it had this request on its way.
    if (!connection) return;
    if (connection.inReserve) res.setHeader('Connection', 'close');
    connection.begin(req, () => {
      res.on('close', () => this.#end(connection));
      run();
    });
  }

  /** Whether the request came on a connection beyond the bounds: only `/health` and `/ready` are answered there. */
  isRefused(req: IncomingMessage): boolean {
    return this.#all.get(req.socket)?.inReserve ?? false;
  }

  /** The request is being answered by an event stream. */
  stream(req: IncomingMessage): void {
    this.#all.get(req.socket)?.stream();
  }

  /** The client broke the rules of HTTP. True if its connection ends by itself, behind an answer. */
  fail(socket: Socket): boolean {
    return this.#all.get(socket)?.fail() ?? false;
  }

  /** The address that a request counts for. */
  addressOf(req: IncomingMessage): string {
    if (this.#trustProxy > 0) return addressOf(req, this.#trustProxy);
    if (req.headers['x-forwarded-for'] !== undefined) this.#warnOfProxy();
    return this.#all.get(req.socket)?.key ?? addressOf(req, 0);
  }

  stop(): void {
    for (const sweeper of this.#sweepers) clearInterval(sweeper);
  }

  #end(connection: Connection): void {
    const now = performance.now();
    if (now - connection.activeAt >= activeResolutionMs) {
      connection.activeAt = now;
      this.#open.renew(connection.key, connection);
    }
    connection.end();
  }

  #warnOfProxy(): void {
    if (this.#warnedOfProxy) return;
    this.#warnedOfProxy = true;
    this.#refusals.note(
      'warn',
      'X-Forwarded-For is ignored: set TRUST_PROXY to the number of proxies in front, or their clients share one limit',
      'TRUST_PROXY is 0',
    );
  }

  /** False if the connections of this address, or all, are at their bound, and none that is idle can give way. */
  #makeRoom(key: string): boolean {
    if (this.#open.count(key) >= this.#bounds.maxConnectionsPerAddress) {
      return this.#drop(this.#idlestOf(key), 'share of an address');
    }
    if (this.#open.size < this.#bounds.maxConnections) return true;
    const idlest = this.#idlestOf(this.#open.greediest ?? key) ?? this.#idlestOf(key);
    return this.#drop(idlest, this.#bounds.limitedBy);
  }

  /** A connection of the address that waits for its client: for a request, or for the rest of one. */
  #idlestOf(key: string): Connection | undefined {
    let looked = 0;
    for (const connection of this.#open.of(key)) {
      if (connection.awaitsClient) return connection;
      looked += 1;
      if (looked > maxBusyToPass) return undefined;
      // The client waits for an answer, or has a stream. The next search need not look at this connection again.
      this.#open.renew(key, connection);
    }
    return undefined;
  }

  #makeRoomInReserve(): void {
    if (this.#reserve.size < this.#bounds.maxReserve) return;
    const [oldest] = this.#reserve;
    this.#drop(oldest, 'reserve');
  }

  #drop(connection: Connection | undefined, reason: string): boolean {
    if (!connection) return false;
    this.#refusals.note('warn', 'idle connections closed', reason);
    this.#forget(connection);
    connection.socket.destroy();
    return true;
  }

  #onWaiting(waiting: Waiting): void {
    const { connection } = waiting;
    const { key } = connection;
    this.#waiting.add(key, waiting);
    const { maxWaitingPerConnection, maxWaitingPerAddress, maxWaiting } = this.#bounds;
    let victim: Connection | undefined;
    if (connection.waiting > maxWaitingPerConnection) victim = connection;
    else if (this.#waiting.count(key) > maxWaitingPerAddress) victim = this.#firstWaiting(key);
    else if (this.#waiting.size > maxWaiting) victim = this.#firstWaiting(this.#waiting.greediest ?? key);
    if (!victim) return;
    this.#refusals.note('warn', 'connections cut', 'pipelining');
    this.#forget(victim);
    victim.socket.destroy();
  }

  #firstWaiting(key: string): Connection | undefined {
    const [first] = this.#waiting.of(key);
    return first?.connection;
  }

  #forget(connection: Connection): void {
    const { socket, key } = connection;
    this.#all.delete(socket);
    this.#open.delete(key, connection);
    this.#reserve.delete(connection);
    connection.close();
  }

  #cutUnfinished(): void {
    for (const connection of beyondBounds(this.#all.values(), this.#bounds.unfinishedHeads)) {
      this.#refusals.note('warn', 'connections cut', 'unfinished headers');
      this.#forget(connection);
      connection.socket.destroy();
    }
  }

  /** Cuts the clients that have read nothing for too long. This covers all answers, also those of streams. */
  #sweep(): void {
    const now = performance.now();
    for (const connection of this.#all.values()) {
      const { socket } = connection;
      // Outside of our answers, the bytes on an adopted connection are not ours.
      if (socket.writableLength === 0 || !connection.busy) {
        connection.sentBytes = -1;
        continue;
      }
      const sentBytes = socket.bytesWritten - socket.writableLength;
      if (sentBytes !== connection.sentBytes) {
        connection.sentBytes = sentBytes;
        connection.movedAt = now;
      } else if (now - connection.movedAt >= this.#bounds.writeTimeoutMs) {
        this.#refusals.note('info', 'connections cut', 'unread');
        socket.destroy();
      }
    }
  }
}
