import type { Server } from 'node:http';
import { dirname } from 'node:path';
import type { Browser } from 'playwright-core';
import { expect } from 'vitest';
import { findProgram, pythonRequests } from '../../../scripts/programs.ts';
import { type Box, connect, type Room } from '../../../src/client/index.ts';
import { launchChromium } from '../../support/chromium.ts';
import type { Connected, Message } from '../../support/client.ts';
import { until } from '../../support/until.ts';
import { type Program, run } from './program.ts';
import { type Client, servePages, visit } from './visitor.ts';

/** The pages of docs/clients whose code is for browsers. */
export const inBrowser = [
  ...['apollo', 'apollo-sse', 'urql', 'urql-sse', 'graphql-sse', 'graphql-sse-short'],
  ...['event-source', 'event-source-polyfill', 'event-source-reconnecting'],
  ...['fetch-event-source', 'react-native-sse', 'react-query', 'relay', 'use-room'],
];

/** The pages whose code is for a terminal. */
export const inTerminal: readonly Program[] = [
  { name: 'curl', follow: ['bash', 'follow.sh'], send: ['bash', 'send.sh'] },
  { name: 'python', follow: ['python3', 'client.py'] },
  {
    name: 'python-requests',
    page: 'python',
    follow: ['python3', 'client.py'],
    // Python finds packages in these folders too.
    env: { PYTHONPATH: dirname(dirname(findProgram(pythonRequests) ?? '')) },
    edit: ['from transport import', 'from transport_requests import'],
  },
];

/** Where the clients and Ben connect. */
export interface Places {
  /** The server of the clients, which fails. */
  readonly url: string;
  /** The node of Ben, which never fails. */
  readonly benUrl: string;
  /** More variables for the programs of terminals. */
  readonly env?: Readonly<Record<string, string>>;
}

/** How often each client has connected, and whether its session went on at the last time. */
export type Connections = Readonly<Record<string, { readonly count: number; readonly resumed: boolean }>>;

/** All clients of docs/clients in one room, and Ben, to whom they listen. */
export class Crowd implements AsyncDisposable {
  readonly clients: readonly Client[];
  /** Ben's room: he has our own client. */
  readonly lobby: Room;
  readonly #ben: Box;
  readonly #browser: Browser;
  readonly #pages: Server;
  #said = 0;

  private constructor(clients: readonly Client[], ben: Box, lobby: Room, browser: Browser, pages: Server) {
    this.clients = clients;
    this.lobby = lobby;
    this.#ben = ben;
    this.#browser = browser;
    this.#pages = pages;
  }

  /** Resolves when all are in the room. */
  static async gather({ url, benUrl, env = {} }: Places): Promise<Crowd> {
    const browser = await launchChromium(['--renderer-process-limit=2']);
    const pages = await servePages(inBrowser, url);
    const ben = await connect(benUrl, { username: 'ben' });
    const lobby = await ben.join('lobby');
    const clients = await Promise.all([
      ...inBrowser.map((name) => visit(browser, pages, name)),
      ...inTerminal.map((program) => run(program, url, env)),
    ]);
    const crowd = new Crowd(clients, ben, lobby, browser, pages);
    await until(() => lobby.peers.length === clients.length, 'all clients are in the room').catch(
      (error: Error) => {
        error.message += `\n${crowd.complaints()}`;
        throw error;
      },
    );
    return crowd;
  }

  /** Ben says the next few numbers in the room. Does not wait until they are sent. */
  speak(count: number): void {
    // What it cannot send now, our client sends later.
    for (let i = 0; i < count; i++) this.lobby.broadcast('chat', ++this.#said).catch(() => undefined);
  }

  /** Expects that each client has all that Ben said, in order and nothing twice, and shows it where its page has lists. */
  async expectAllHeard(): Promise<void> {
    const expected = Array.from({ length: this.#said }, (_, i) => i + 1);
    const heard = () => this.#ofEach(async (client) => numbersIn(await client.messages()));
    const shown = () => this.#ofEach(async (client) => (await client.lists()).map(numbersOf));
    // Each look asks all pages, so it does not look too often.
    const hasAll = async () => Object.values(await heard()).every((numbers) => numbers.includes(this.#said));
    await expect
      .poll(hasAll, { interval: 200 })
      .toBe(true)
      .catch(() => undefined);
    expect(await heard(), this.complaints()).toEqual(await this.#ofEach(async () => expected));
    await expect
      .poll(shown, { interval: 200 })
      .toEqual(await this.#ofEach(async (client) => (await client.lists()).map(() => expected)));
    expect(this.lobby.peers.length, 'the room has no ghosts').toBe(this.clients.length);
  }

  async connections(): Promise<Connections> {
    return await this.#ofEach(async (client) => {
      const all = (await client.messages()).filter((m): m is Connected => m.__typename === 'Connected');
      return { count: all.length, resumed: all.at(-1)?.resumed ?? false };
    });
  }

  /** Waits until each client has connected again since `before`, and expects that its session went on. */
  async expectAllResumed(before: Connections, patienceMs = 20_000): Promise<void> {
    const names = this.clients.map(({ name }) => name);
    const away = async () => {
      const now = await this.connections();
      return names.filter((name) => (now[name]?.count ?? 0) <= (before[name]?.count ?? 0));
    };
    await expect.poll(away, { interval: 200, timeout: patienceMs, message: this.complaints() }).toEqual([]);
    const resumed = Object.entries(await this.connections()).map(([name, now]) => [name, now.resumed]);
    expect(Object.fromEntries(resumed), this.complaints()).toEqual(
      Object.fromEntries(names.map((name) => [name, true])),
    );
  }

  /** What went wrong in the clients, for the report of a test. */
  complaints(): string {
    return this.clients.map((client) => `${client.name}: ${client.complaints().join(', ')}`).join('\n');
  }

  async #ofEach<Value>(look: (client: Client) => Promise<Value>): Promise<Readonly<Record<string, Value>>> {
    const looks = this.clients.map(async (client) => [client.name, await look(client)] as const);
    return Object.fromEntries(await Promise.all(looks));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ben.close();
    for (const client of this.clients) await client[Symbol.asyncDispose]();
    this.#pages.close();
    await this.#browser.close();
  }
}

function numbersIn(messages: readonly Message[]): readonly unknown[] {
  return messages.flatMap((message) =>
    message.__typename === 'Signal' && message.event === 'chat' ? [message.data] : [],
  );
}

/** What Ben said, from the lines of a list. */
function numbersOf(lines: readonly string[]): readonly number[] {
  return lines.filter((line) => line.startsWith('ben: ')).map((line) => Number(line.slice(5)));
}
