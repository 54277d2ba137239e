import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import type { Room } from '../../../src/client/index.ts';
import { heardIn, meets, open } from '../../client/support.ts';
import { serveSignalbox } from '../../http/support.ts';

/** Expects that this page of docs/clients has this warning, in bold letters. */
export function expectWarning(page: string, words: string): void {
  const text = readFileSync(new URL(`../../../docs/clients/${page}.md`, import.meta.url), 'utf8');
  const warnings = [...text.matchAll(/\*\*([^*]+)\*\*/g)].map(([, bold = '']) =>
    bold.replaceAll(/\s+/g, ' '),
  );
  expect(warnings.filter((warning) => warning.includes(words))).toHaveLength(1);
}

/** A server with a room, in which Ada and Ben are. Ada has a stream already; the client under test has only her token. */
export async function stage() {
  const served = await serveSignalbox();
  const adas = await served.tokenFor('ada');
  const ben = await open(served.url, { username: 'ben' });
  const room: Room = await ben.join('lobby');
  return {
    ...served,
    /** Ben's room, and what he heard there. */
    room,
    heard: heardIn(room),
    headers: { authorization: `Bearer ${adas}` },
    /** Lets Ada enter the room by another client, so that the client under test can send. */
    enter: async () => {
      await (await open(served.url, { token: () => adas })).join('lobby');
      await meets(room, 'ada');
    },
  };
}

/** A `fetch` on a network that loses the answer to the first request that has this text in its body. */
export function losingFirst(words: string): typeof fetch {
  let lost = false;
  return async (url, init) => {
    const response = await fetch(url, init);
    if (lost || !String(init?.body).includes(words)) return response;
    lost = true;
    // The server has carried it out.
    await response.text();
    throw new TypeError('The connection was lost.');
  };
}

/** A `fetch` that counts the requests. */
export function counted(): { readonly fetch: typeof fetch; readonly calls: () => number } {
  let calls = 0;
  return {
    calls: () => calls,
    fetch: (url, init) => {
      calls++;
      return fetch(url, init);
    },
  };
}

export const broadcast = `mutation Broadcast($data: JSON, $key: ID) {
  broadcast(roomId: "lobby", event: "chat", data: $data, key: $key) { status }
}`;
