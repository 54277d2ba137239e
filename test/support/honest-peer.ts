import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { AddressedGuest } from './addressed-guest.ts';
import { ApiError, type Message } from './client.ts';
import type { Ledger } from './ledger.ts';
import { MessageStream, type Outcome } from './message-stream.ts';

/** How often a refused call is sent again, with the same key, before its peer gives up. */
const maxAttempts = 20;
const againMs = 250;

const relay =
  'mutation ($r: ID!, $to: ID!, $d: JSON, $k: ID) { relay(roomId: $r, peerId: $to, event: "m", data: $d, key: $k) { cursor } }';
const broadcast =
  'mutation ($r: ID!, $d: JSON, $k: ID) { broadcast(roomId: $r, event: "m", data: $d, key: $k) { cursor } }';

/**
 * A peer that sends a little, drops its stream now and then, and resumes. Its stream is at one node, and it calls another.
 * All that it sends and receives is in the ledger.
 */
export class HonestPeer {
  readonly id: string;
  readonly #guest: AddressedGuest;
  readonly #home: string;
  readonly #room: string;
  readonly #ledger: Ledger;
  readonly #others: string[] = [];
  #stream: MessageStream | undefined;
  #cursor: string | undefined;
  #sent = 0;
  #sending = false;
  #closed = false;

  private constructor(guest: AddressedGuest, home: string, room: string, ledger: Ledger) {
    this.id = guest.peer.id;
    this.#guest = guest;
    this.#home = home;
    this.#room = room;
    this.#ledger = ledger;
  }

  /** Arrives, opens its stream at `home`, and joins the room at `url`. */
  static async arrive(
    { url, home }: { readonly url: string; readonly home: string },
    address: string,
    room: string,
    ledger: Ledger,
  ): Promise<HonestPeer> {
    const guest = await AddressedGuest.arrive(url, `honest ${address}`, address);
    const peer = new HonestPeer(guest, home, room, ledger);
    await peer.#open();
    const join = 'mutation ($r: ID!) { joinRoom(roomId: $r, state: { muted: false }) { id } }';
    await peer.#call(join, { r: room });
    return peer;
  }

  /** All members of its room, once they are there. */
  meet(members: readonly HonestPeer[]): void {
    this.#others.push(...members.map(({ id }) => id).filter((id) => id !== this.id));
  }

  /** Relays to one of the others, unless a message of its own is on its way. So does `broadcast`. */
  async relay(data: string): Promise<void> {
    const to = this.#others[Math.floor(Math.random() * this.#others.length)];
    if (to !== undefined) await this.#send(relay, { to }, [to], data);
  }

  broadcast(data: string): Promise<void> {
    return this.#send(broadcast, {}, this.#others, data);
  }

  /** Drops its stream, and resumes it after this time. */
  async blip(ms: number): Promise<void> {
    const stream = this.#stream;
    // Whoever has no stream now is on its way back already.
    if (!stream) return;
    this.#stream = undefined;
    await stream.drop();
    await sleep(ms);
    if (!this.#closed) await this.#open();
  }

  async leave(): Promise<void> {
    this.#closed = true;
    await this.#stream?.drop();
    this.#guest.leave();
  }

  async #send(query: string, variables: object, receivers: readonly string[], data: string): Promise<void> {
    // Only calls that follow one another's answers have an order (G2).
    if (this.#sending) return;
    this.#sending = true;
    this.#sent += 1;
    const n = this.#sent;
    const all = { ...variables, r: this.#room, d: { n, data }, k: randomUUID() };
    if (await this.#call(query, all)) this.#ledger.accept(this.id, n, receivers);
    this.#sending = false;
  }

  /** Calls until it succeeds. A repeated message has the same key, so it is not sent twice (G14). */
  async #call(query: string, variables: object): Promise<boolean> {
    for (let attempt = 1; attempt <= maxAttempts && !this.#closed; attempt++) {
      const start = performance.now();
      try {
        const { errors } = await this.#guest.ask(query, variables);
        if (!errors) {
          this.#ledger.latencies.push(performance.now() - start);
          return true;
        }
        const code = errors[0]?.extensions?.code ?? 'unknown';
        this.#ledger.refuse(code);
        if (code !== 'RATE_LIMITED' && code !== 'UNAVAILABLE') return false;
      } catch (error) {
        this.#ledger.refuse((error as NodeJS.ErrnoException).code ?? String(error));
      }
      await sleep(againMs);
    }
    return false;
  }

  /** Opens its stream, or resumes it. Comes back by itself if a node cuts the stream. */
  async #open(): Promise<void> {
    const after = this.#cursor;
    const token = this.#guest.headers.authorization?.slice('Bearer '.length) ?? '';
    for (let attempt = 1; attempt <= maxAttempts; attempt++) {
      try {
        const stream = await MessageStream.open(this.#home, token, {
          after,
          localAddress: this.#guest.address,
          onMessage: (message) => this.#receive(message),
        });
        this.#stream = stream;
        await stream.messages.next();
        stream.ended.then(
          (outcome) => this.#onEnd(stream, outcome),
          (error: unknown) => this.#ledger.refuse(`stream ${String(error)}`),
        );
        return;
      } catch (error) {
        const code = error instanceof ApiError ? error.code : (error as NodeJS.ErrnoException).code;
        this.#ledger.refuse(`stream ${code ?? String(error)}`);
        await sleep(againMs);
      }
    }
  }

  #onEnd(stream: MessageStream, { how, code }: Outcome): void {
    if (stream !== this.#stream || this.#closed) return;
    this.#stream = undefined;
    this.#ledger.refuse(`stream ${how} ${code ?? ''}`.trim());
    void this.#open();
  }

  #receive(message: Message): void {
    const isNew = this.#cursor === undefined;
    this.#cursor = message.cursor;
    if (message.__typename === 'Connected') {
      if (message.resumed) this.#ledger.resumed += 1;
      else if (!isNew) this.#ledger.begunAnew += 1;
    } else if (message.__typename === 'Signal') {
      this.#ledger.receive(this.id, message.peer.id, (message.data as { n: number }).n);
    }
  }
}
