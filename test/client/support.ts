import { SignJWT } from 'jose';
import { onTestFinished } from 'vitest';
import {
  type Box,
  connect,
  type Options,
  type Peer,
  type Room,
  type Status,
} from '../../src/client/index.ts';

/** The address of a server, from that of its API. */
export function addressOf(url: string): string {
  return url.replace(/\/graphql$/, '');
}

/** Connects a client, until the test ends. It comes back fast. */
export async function open(url: string, options: Options): Promise<Box> {
  const box = await connect(addressOf(url), { retryMs: () => 50, ...options });
  onTestFinished(() => box.close());
  return box;
}

/** The statuses of a client from now on. */
export function statusesOf(box: Box): Status[] {
  const statuses: Status[] = [];
  box.on('status', (status) => statuses.push(status));
  return statuses;
}

/** Resolves when the client has this status again, or anew. */
export function reaches(box: Box, wanted: Status): Promise<void> {
  return new Promise((resolve) => {
    const off = box.on('status', (status) => {
      if (status !== wanted) return;
      off();
      resolve();
    });
  });
}

/** Resolves to a peer of this name, as soon as it is in the room. */
export function meets(room: Room, username: string): Promise<Peer> {
  return new Promise((resolve) => {
    room.on('peer', (peer) => peer.username === username && resolve(peer));
  });
}

/** Two clients in one room, who have met. Ada was there first. */
export async function pairInLobby(url: string) {
  const ada = await open(url, { username: 'ada' });
  const ben = await open(url, { username: 'ben' });
  const adasRoom = await ada.join('lobby');
  const bensRoom = await ben.join('lobby');
  const [adasBen, bensAda] = await Promise.all([meets(adasRoom, 'ben'), meets(bensRoom, 'ada')]);
  return { ada, ben, adasRoom, bensRoom, adasBen, bensAda };
}

/** What came in a room, as `<username>: <event> <data>`. */
export function heardIn(room: Room): string[] {
  const heard: string[] = [];
  room.on('message', ({ username }, event, data) =>
    heard.push(`${username}: ${event} ${JSON.stringify(data)}`),
  );
  return heard;
}

/** An application's token, for the secret of `serveSignalbox`. `signalbox`: its claim. */
export function tokenOf(sub: string, expiresInSeconds: number, signalbox?: object): Promise<string> {
  return new SignJWT({ username: sub, ...(signalbox && { signalbox }) })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(sub)
    .setExpirationTime(Math.floor(Date.now() / 1000) + expiresInSeconds)
    .sign(Buffer.alloc(32, 7));
}
