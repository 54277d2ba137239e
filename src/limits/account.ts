import { rateLimited } from '../errors.ts';
import type { Monitor } from '../monitor.ts';
import { type Allowance, Meter } from './meter.ts';
import { addressCosts, type Cost, peerCosts, type Rate } from './rates.ts';

/** The factors of RATE_PEER and RATE_ADDRESS. 0: no limit. */
export interface Factors {
  readonly peer: number;
  readonly address: number;
}

/** Meters the costs of peers and addresses at this node (G13). Nodes do not share their meters. */
export class Meters {
  readonly peers: Meter;
  readonly addresses: Meter;
  readonly monitor: Monitor | undefined;

  constructor({ peer, address }: Factors, monitor?: Monitor) {
    this.monitor = monitor;
    this.peers = new Meter(peerCosts, peer);
    this.addresses = new Meter(addressCosts, address);
  }

  /** Opens the account of one request from this address. */
  account(address: string): Account {
    return new Account(this, address);
  }
}

/** Charges one request, and the stream that it opens, to its address, and to its peer once the peer is known. */
export class Account {
  readonly #meters: Meters;
  readonly #address: Allowance | undefined;
  #peer: Allowance | undefined;
  #begun = false;

  constructor(meters: Meters, address: string) {
    this.#meters = meters;
    this.#address = meters.addresses.of(address);
  }

  /** Whether an operation was charged. */
  get begun(): boolean {
    return this.#begun;
  }

  /** The request is this peer's. */
  identify(peerId: string): void {
    this.#peer ??= this.#meters.peers.of(peerId);
  }

  /** Charges one operation to the address. Throws `RATE_LIMITED` if the address has used up its operations. */
  begin(): void {
    this.#begun = true;
    this.check('operations');
    this.#address?.charge('operations', 1);
  }

  /** Charges one operation to the peer, and checks the other costs of it. Throws `RATE_LIMITED`. */
  beginAsPeer(costs: readonly Cost[]): void {
    this.check('operations');
    for (const cost of costs) this.check(cost);
    this.#peer?.charge('operations', 1);
  }

  /** Charges work that no peer can be charged for, because it comes before the token is read. */
  chargeAddress(cost: Cost, amount: number): void {
    this.#address?.charge(cost, amount);
  }

  /** Throws `RATE_LIMITED` if the peer or the address has no more of this. */
  check(cost: Cost): void {
    const peerMs = this.#peer?.waitMs(cost) ?? 0;
    if (peerMs > 0) throw this.#refusal('peer', cost, peerMs);
    const addressMs = this.#address?.waitMs(cost) ?? 0;
    if (addressMs > 0) throw this.#refusal('address', cost, addressMs);
  }

  #refusal(whose: 'peer' | 'address', cost: Cost, waitMs: number): Error {
    const { peers, addresses, monitor } = this.#meters;
    monitor?.limited(whose, cost);
    const { costs } = whose === 'peer' ? peers : addresses;
    return rateLimited(describe(whose, cost, costs[cost]), waitMs);
  }

  charge(cost: Cost, amount: number): void {
    this.#peer?.charge(cost, amount);
    this.#address?.charge(cost, amount);
  }

  /** How long to wait until neither the peer nor the address is in debt, in milliseconds. */
  waitMs(cost: Cost): number {
    return Math.max(this.#peer?.waitMs(cost) ?? 0, this.#address?.waitMs(cost) ?? 0);
  }
}

const units: Readonly<Record<Cost, string>> = {
  operations: 'operations',
  bytes: 'bytes of `data` and `state`',
  messages: 'messages to others',
  answers: 'bytes of answers',
  opens: 'streams opened',
  joins: 'rooms joined',
};

function describe(who: 'peer' | 'address', cost: Cost, { burst, perSecond }: Rate): string {
  const round = (amount: number) => Number(amount.toPrecision(6)).toLocaleString('en');
  return `Too much from your ${who}: it may have ${round(burst)} ${units[cost]} at once, and ${round(perSecond)} more each second.`;
}
