export interface BytePoolOptions {
  /** The most bytes that all keys hold together. */
  readonly maxBytes: number;
  readonly maxBytesPerKey: number;
}

/** Bytes that one request holds. */
export interface Holding {
  /**
   * Adds bytes. False if they are not granted: then the holding holds nothing any more. To make room, other
   * holdings may be dropped.
   */
  grow(bytes: number): boolean;
  /** From now on, the holding is not dropped to make room. */
  keep(): void;
  /** Gives all bytes back. Idempotent. */
  release(): void;
}

class PooledHolding implements Holding {
  bytes = 0;
  kept = false;
  readonly key: string;
  readonly drop: () => void;
  readonly #pool: BytePool;

  constructor(pool: BytePool, key: string, drop: () => void) {
    this.#pool = pool;
    this.key = key;
    this.drop = drop;
  }

  grow(bytes: number): boolean {
    return this.#pool.grow(this, bytes);
  }

  keep(): void {
    this.kept = true;
  }

  release(): void {
    this.#pool.release(this);
  }
}

interface Owner {
  bytes: number;
  /** The oldest first. */
  readonly holdings: Set<PooledHolding>;
}

/**
 * Memory that clients make the server hold, bounded in total and for each key (G8, G13). At a bound, the oldest
 * holding of the key that holds most is dropped. So a key that holds less keeps its bytes.
 */
export class BytePool {
  readonly #options: BytePoolOptions;
  readonly #owners = new Map<string, Owner>();
  #bytes = 0;

  constructor(options: BytePoolOptions) {
    this.#options = options;
  }

  /** A holding of no bytes yet. `drop` is called if it loses its bytes to make room for others. */
  hold(key: string, drop: () => void): Holding {
    return new PooledHolding(this, key, drop);
  }

  grow(holding: PooledHolding, bytes: number): boolean {
    let owner = this.#owners.get(holding.key);
    if (!owner) {
      owner = { bytes: 0, holdings: new Set() };
      this.#owners.set(holding.key, owner);
    }
    owner.holdings.add(holding);
    holding.bytes += bytes;
    owner.bytes += bytes;
    this.#bytes += bytes;
    while (owner.bytes > this.#options.maxBytesPerKey) {
      if (!this.#makeRoom(owner, holding)) return false;
    }
    while (this.#bytes > this.#options.maxBytes) {
      if (!this.#makeRoom(this.#greediest(), holding)) return false;
    }
    return true;
  }

  release(holding: PooledHolding): void {
    const owner = this.#owners.get(holding.key);
    if (!owner?.holdings.delete(holding)) return;
    owner.bytes -= holding.bytes;
    this.#bytes -= holding.bytes;
    holding.bytes = 0;
    if (owner.holdings.size === 0) this.#owners.delete(holding.key);
  }

  /** Drops the oldest holding that may be dropped. False if that is the one that grows, or if there is none. */
  #makeRoom(owner: Owner, growing: PooledHolding): boolean {
    let victim = growing;
    for (const holding of owner.holdings) {
      if (holding.kept) continue;
      victim = holding;
      break;
    }
    this.release(victim);
    if (victim === growing) return false;
    victim.drop();
    return true;
  }

  /** Looks at all keys. This is rare: each time, a holding gives its bytes back. */
  #greediest(): Owner {
    let greediest: Owner = { bytes: -1, holdings: new Set() };
    for (const owner of this.#owners.values()) if (owner.bytes > greediest.bytes) greediest = owner;
    return greediest;
  }
}
