import { expect } from 'vitest';
import { ApiClient, access, type Message } from '../support/client.ts';
import type { NodeProcess } from '../support/node.ts';
import type { Pair } from './nodes.ts';

/** `receive` with all that a test looks at. */
export const receiveDocument = `mutation Receive($after: ID, $join: [JoinInput!], $wait: Int) {
  receive(after: $after, join: $join, wait: $wait) {
    __typename cursor
    ... on Connected { resumed peer { username } rooms { id members { peer { username } state } } }
    ... on PeerAdded { roomId offer peer { id username } state }
    ... on PeerRemoved { roomId reason peer { username } }
    ... on Signal { roomId event data peer { username } }
  }
}`;

export interface Poll {
  readonly after?: string | undefined;
  readonly join?: unknown;
  readonly wait?: number;
}

/** One call of `receive`. */
export async function poll(url: string, token: string, variables: Poll = {}): Promise<readonly Message[]> {
  return (await new ApiClient(url, token).run<{ receive: Message[] }>(receiveDocument, { ...variables }))
    .receive;
}

/**
 * Notes how many polls have begun to wait at a node, which needs `LOG_LEVEL=debug`. The function that it returns resolves
 * when this many more wait.
 */
export function waitingPolls(node: NodeProcess): (count?: number) => Promise<void> {
  const begun = () => node.log().filter(({ msg }) => msg === 'a poll waits').length;
  const before = begun();
  return async (count = 1) => {
    await expect.poll(() => begun() - before, { timeout: 20_000 }).toBe(count);
  };
}

/** A guest that polls: each poll names the last cursor that it got. */
export class Poller {
  readonly token: string;
  readonly id: string;
  cursor: string | undefined;

  constructor(token: string, id: string) {
    this.token = token;
    this.id = id;
  }

  static async arrive(url: string, username: string): Promise<Poller> {
    const { token, peer } = await access(url, username);
    return new Poller(token, peer.id);
  }

  async poll(url: string, options: Poll = {}): Promise<readonly Message[]> {
    const messages = await poll(url, this.token, { after: this.cursor, wait: 10, ...options });
    this.cursor = messages.at(-1)?.cursor ?? this.cursor;
    return messages;
  }

  /** Polls until this many messages came. The polls alternate between the nodes. */
  async take(count: number, { a, b }: Pair): Promise<Message[]> {
    const messages: Message[] = [];
    for (let turn = 0; messages.length < count; turn++)
      messages.push(...(await this.poll((turn % 2 === 0 ? a : b).url)));
    return messages;
  }
}

/** The data of the signals. */
export function dataOf(messages: readonly Message[]): unknown[] {
  return messages.flatMap((message) => (message.__typename === 'Signal' ? [message.data] : []));
}
