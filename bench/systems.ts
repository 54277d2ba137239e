import { randomUUID } from 'node:crypto';
import { basename, join } from 'node:path';
import { Tokens } from '../src/auth/tokens.ts';
import type { Opening } from './load/connection.ts';
import { eventStream, toWire, type WireRequest } from './load/http.ts';
import type { Protocol } from './load/protocol.ts';
import { connectSocket, emit, socketIo as socketIoProtocol } from './load/socket-io.ts';
import { NginxNode } from './nginx.ts';
import { progress } from './progress.ts';

/** A peer, and its token. */
export interface BenchPeer {
  readonly id: string;
  readonly token: string;
}

/** A program to measure: Signalbox or a contender. */
export interface Program {
  readonly name: string;
  /** The file to run, relative to the root of this project: a program, or the configuration of nginx. */
  readonly file: string;
  /** Whether its nodes share a Redis. */
  readonly redis: boolean;
  /** Makes a peer that may use the program. */
  peer(username?: string): Promise<BenchPeer>;
}

/** A program that passes messages on, and what to send to it. */
export interface System extends Program {
  /** Default: HTTP. */
  readonly protocol?: Protocol;
  /** Opens a stream. `after`: the cursor to resume from, if the system has cursors. */
  open(peer: BenchPeer, room: string, after?: string): Opening;
  /** Joins a room. The contenders have no members: there, opening a stream is enough. */
  join?(peer: BenchPeer, room: string): Buffer;
  relay(from: BenchPeer, to: BenchPeer, room: string, data: unknown): Buffer;
  broadcast(from: BenchPeer, room: string, data: unknown): Buffer;
}

/** The secret with which Signalbox's nodes sign tokens. */
export const secret = 'a secret for the bench: 32 bytes or more';
const tokens = new Tokens({ secret: Buffer.from(secret), ttlSeconds: 3600 });

/**
 * These documents select neither `cursor` nor a peer's `state`. Both changed their names or places in the contract (`id`
 * became `cursor`, `peer.state` became `state`), so only documents without them also run against an older checkout
 * (`--against`). `broadcast` alone reads the cursor of a receipt, and so runs against 0.2 and later.
 */
const selection = `
  __typename sentAt
  ... on PeerAdded { roomId offer peer { id username } }
  ... on Signal { roomId event data peer { id username } }
`;

const documents = {
  messages: `subscription ($after: ID) { messages(after: $after) { ${selection} } }`,
  messagesIn: `subscription ($room: ID!) { messagesIn(roomId: $room) { ${selection} } }`,
  join: 'mutation ($room: ID!) { joinRoom(roomId: $room) { id } }',
  relay: `mutation ($room: ID!, $to: ID!, $data: JSON) {
    relay(roomId: $room, peerId: $to, event: "offer", data: $data) { status }
  }`,
  broadcast: `mutation ($room: ID!, $data: JSON) {
    broadcast(roomId: $room, event: "chat", data: $data) { status }
  }`,
};

function authorized({ token }: BenchPeer, accept: string): Record<string, string> {
  return { Authorization: `Bearer ${token}`, Accept: accept };
}

/** A GraphQL request over POST. */
export function graphql(peer: BenchPeer, query: string, variables: object = {}): WireRequest {
  const accept = query.startsWith('subscription') ? 'text/event-stream' : 'application/json';
  return { method: 'POST', path: '/graphql', headers: authorized(peer, accept), body: { query, variables } };
}

const sendByGraphQL = {
  relay: (from: BenchPeer, to: BenchPeer, room: string, data: unknown) =>
    toWire(graphql(from, documents.relay, { room, to: to.id, data })),
  broadcast: (from: BenchPeer, room: string, data: unknown) =>
    toWire(graphql(from, documents.broadcast, { room, data })),
};

/** The contenders accept a peer's id as its token. */
async function uncheckedPeer(): Promise<BenchPeer> {
  const id = randomUUID();
  return { id, token: id };
}

export const signalbox: System = {
  name: 'signalbox',
  file: 'src/main.ts',
  redis: true,
  peer: async (username = 'bench') => {
    const { token, peer } = await tokens.issue(username);
    return { id: peer.id, token };
  },
  open: (peer, _room, after) => eventStream(graphql(peer, documents.messages, { after })),
  join: (peer, room) => toWire(graphql(peer, documents.join, { room })),
  ...sendByGraphQL,
};

export const signalboxInMemory: System = { ...signalbox, name: 'signalbox, memory', redis: false };

/** Another checkout of Signalbox, for example from before a change. */
export function checkout<P extends Program>(program: P, folder: string): P {
  return { ...program, name: `${program.name}, ${basename(folder)}`, file: join(folder, program.file) };
}

export const stock: System = {
  name: 'stock',
  file: 'bench/baselines/stock.ts',
  redis: true,
  peer: uncheckedPeer,
  open: (peer, room) => eventStream(graphql(peer, documents.messagesIn, { room })),
  ...sendByGraphQL,
};

export const floor: System = {
  name: 'floor',
  file: 'bench/baselines/floor.ts',
  redis: true,
  peer: uncheckedPeer,
  open: (peer, room) => eventStream(get(peer, `/${room}`)),
  relay: (from, to, roomId, data) => post(from, '/', { roomId, peerId: to.id, event: 'offer', data }),
  broadcast: (from, roomId, data) => post(from, '/', { roomId, event: 'chat', data }),
};

export const socketIo: System = {
  name: 'socket.io',
  file: 'bench/baselines/socket-io.ts',
  redis: true,
  peer: uncheckedPeer,
  protocol: socketIoProtocol(() => connectSocket({ id: randomUUID() })),
  open: ({ id }, roomId) => connectSocket({ id, roomId }),
  relay: (_from, to, roomId, data) => emit('send', { roomId, peerId: to.id, event: 'offer', data }),
  broadcast: (_from, roomId, data) => emit('send', { roomId, event: 'chat', data }),
};

const nchanSystem: System = {
  name: 'nchan',
  file: 'bench/baselines/nchan.conf',
  redis: true,
  peer: uncheckedPeer,
  open: (peer, room) => eventStream(get(peer, `/stream?peer=${peer.id}&room=${room}`)),
  relay: (from, to, roomId, data) =>
    post(from, `/publish?channel=peer:${to.id}`, { roomId, peer: { id: from.id }, event: 'offer', data }),
  broadcast: (from, roomId, data) =>
    post(from, `/publish?channel=room:${roomId}`, { roomId, peer: { id: from.id }, event: 'chat', data }),
};

/** None if this machine does not have it. */
export function nchan(): readonly System[] {
  if (NginxNode.isInstalled) return [nchanSystem];
  progress('nchan is left out: install nginx and its module (on Debian, libnginx-mod-nchan).');
  return [];
}

function get(peer: BenchPeer, path: string): WireRequest {
  return { method: 'GET', path, headers: authorized(peer, 'text/event-stream') };
}

function post(peer: BenchPeer, path: string, body: unknown): Buffer {
  return toWire({ method: 'POST', path, headers: authorized(peer, 'application/json'), body });
}

/** Answers requests, and nothing else. */
export const graphqlJs: Program = {
  name: 'graphql-js',
  file: 'bench/baselines/graphql-js.ts',
  redis: false,
  peer: uncheckedPeer,
};
