import { Peer } from './peer.ts';

/** The two peers of this window, and which of them sends what GraphiQL runs. */
export class Peers {
  readonly ada: Peer;
  readonly ben: Peer;
  /** Grows with every change. */
  version = 0;
  /** Where the API is. */
  readonly url: string;
  readonly #listeners = new Set<() => void>();
  readonly #changed: () => void;
  #sender: Peer;

  constructor(url: string) {
    const changed = () => {
      this.version += 1;
      for (const listener of this.#listeners) listener();
    };
    this.ada = new Peer('Ada', url, changed);
    this.ben = new Peer('Ben', url, changed);
    this.#sender = this.ada;
    this.url = url;
    this.#changed = changed;
  }

  get all(): readonly Peer[] {
    return [this.ada, this.ben];
  }

  /** The peer whose token goes with what GraphiQL runs. */
  get sender(): Peer {
    return this.#sender;
  }

  choose(peer: Peer): void {
    this.#sender = peer;
    this.#changed();
  }

  otherThan(peer: Peer): Peer {
    return peer === this.ada ? this.ben : this.ada;
  }

  /** Calls `listener` after every change, until the function that it returns is called. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
}
