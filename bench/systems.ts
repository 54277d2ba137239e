import { randomUUID } from 'node:crypto';
import { basename, join } from 'node:path';
import { Tokens } from '../src/auth/tokens.ts';
import type { WireRequest } from './load/http.ts';

/** Who calls: an id, and the token that says so. */
export interface BenchPeer {
  readonly id: string;
  readonly token: string;
}

/** What is measured, ours or a baseline. */
export interface Program {
  readonly name: string;
  /** What it runs, from the root of the project. */
  readonly file: string;
  /** Whether its nodes share a Redis. */
  readonly redis: boolean;
  peer(): Promise<BenchPeer>;
}

/** One that passes messages on: how it is spoken to. */
export interface System extends Program {
  /** Opens a stream; `after` is the cursor to go on from, where there are cursors. */
  open(peer: BenchPeer, room: string, after?: string): WireRequest;
  /** Enters a room. Baselines have no such thing: there, opening a stream does it. */
  join?(peer: BenchPeer, room: string, state?: unknown): WireRequest;
  relay(from: BenchPeer, to: BenchPeer, room: string, data: unknown): WireRequest;
  broadcast(from: BenchPeer, room: string, data: unknown): WireRequest;
}

/** What Signalbox's nodes sign tokens with. */
export const secret = 'a secret for the bench: 32 bytes or more';
const tokens = new Tokens({ secret: Buffer.from(secret), ttlSeconds: 3600 });

const selection = `
  __typename id sentAt
  ... on PeerAdded { roomId offer peer { id username state } }
  ... on Signal { roomId event data peer { id username } }
`;

const documents = {
  messages: `subscription ($after: ID) { messages(after: $after) { ${selection} } }`,
  messagesIn: `subscription ($room: ID!) { messagesIn(roomId: $room) { ${selection} } }`,
  join: 'mutation ($room: ID!, $state: JSON) { joinRoom(roomId: $room, state: $state) { id } }',
  relay: `mutation ($room: ID!, $to: ID!, $data: JSON) {
    relay(roomId: $room, peerId: $to, event: "offer", data: $data) { id status }
  }`,
  broadcast: `mutation ($room: ID!, $data: JSON) {
    broadcast(roomId: $room, event: "chat", data: $data) { id status }
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
    graphql(from, documents.relay, { room, to: to.id, data }),
  broadcast: (from: BenchPeer, room: string, data: unknown) =>
    graphql(from, documents.broadcast, { room, data }),
};

/** The baselines believe a token that is an id. */
async function unchecked(): Promise<BenchPeer> {
  const id = randomUUID();
  return { id, token: id };
}

export const signalbox: System = {
  name: 'signalbox',
  file: 'src/main.ts',
  redis: true,
  peer: async () => {
    const { token, peer } = await tokens.issue('bench');
    return { id: peer.id, token };
  },
  open: (peer, _room, after) => graphql(peer, documents.messages, { after }),
  join: (peer, room, state) => graphql(peer, documents.join, { room, state }),
  ...sendByGraphQL,
};

export const signalboxInMemory: System = { ...signalbox, name: 'signalbox, memory', redis: false };

/** Another checkout of Signalbox, before some change, say. */
export function checkout<P extends Program>(program: P, folder: string): P {
  return { ...program, name: `${program.name}, ${basename(folder)}`, file: join(folder, program.file) };
}

export const stock: System = {
  name: 'stock',
  file: 'bench/baselines/stock.ts',
  redis: true,
  peer: unchecked,
  open: (peer, room) => graphql(peer, documents.messagesIn, { room }),
  ...sendByGraphQL,
};

export const plain: System = {
  name: 'plain',
  file: 'bench/baselines/plain.ts',
  redis: true,
  peer: unchecked,
  open: (peer, room) => ({
    method: 'GET',
    path: `/${room}`,
    headers: authorized(peer, 'text/event-stream'),
  }),
  relay: (from, to, roomId, data) => post(from, { roomId, peerId: to.id, event: 'offer', data }),
  broadcast: (from, roomId, data) => post(from, { roomId, event: 'chat', data }),
};

function post(peer: BenchPeer, body: unknown): WireRequest {
  return { method: 'POST', path: '/', headers: authorized(peer, 'application/json'), body };
}

/** It only answers requests. */
export const graphqlJs: Program = {
  name: 'graphql-js',
  file: 'bench/baselines/graphql-js.ts',
  redis: false,
  peer: unchecked,
};
