import { randomUUID } from 'node:crypto';
import { basename, join } from 'node:path';
import { Tokens } from '../src/auth/tokens.ts';
import type { WireRequest } from './load/http.ts';

/** A peer, and its token. */
export interface BenchPeer {
  readonly id: string;
  readonly token: string;
}

/** A program to measure: Signalbox or a baseline. */
export interface Program {
  readonly name: string;
  /** The file to run, relative to the root of this project. */
  readonly file: string;
  /** Whether its nodes share a Redis. */
  readonly redis: boolean;
  /** Makes a peer that may use the program. */
  peer(username?: string): Promise<BenchPeer>;
}

/** A program that passes messages on, and the requests that it takes. */
export interface System extends Program {
  /** Opens a stream. `after`: the cursor to resume from, if the system has cursors. */
  open(peer: BenchPeer, room: string, after?: string): WireRequest;
  /** Joins a room. The baselines have no members: there, opening a stream is enough. */
  join?(peer: BenchPeer, room: string): WireRequest;
  relay(from: BenchPeer, to: BenchPeer, room: string, data: unknown): WireRequest;
  broadcast(from: BenchPeer, room: string, data: unknown): WireRequest;
}

/** The secret with which Signalbox's nodes sign tokens. */
export const secret = 'a secret for the bench: 32 bytes or more';
const tokens = new Tokens({ secret: Buffer.from(secret), ttlSeconds: 3600 });

/**
 * These documents select neither `cursor` nor a peer's `state`. Both changed their names or places in the contract (`id`
 * became `cursor`, `peer.state` became `state`), so only documents without them also run against an older checkout
 * (`--against`). A measurement that needs a cursor reads it from the `id:` line of an event.
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
    graphql(from, documents.relay, { room, to: to.id, data }),
  broadcast: (from: BenchPeer, room: string, data: unknown) =>
    graphql(from, documents.broadcast, { room, data }),
};

/** The baselines accept a peer's id as its token. */
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
  open: (peer, _room, after) => graphql(peer, documents.messages, { after }),
  join: (peer, room) => graphql(peer, documents.join, { room }),
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
  open: (peer, room) => graphql(peer, documents.messagesIn, { room }),
  ...sendByGraphQL,
};

export const plain: System = {
  name: 'plain',
  file: 'bench/baselines/plain.ts',
  redis: true,
  peer: uncheckedPeer,
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

/** Answers requests and nothing else. */
export const graphqlJs: Program = {
  name: 'graphql-js',
  file: 'bench/baselines/graphql-js.ts',
  redis: false,
  peer: uncheckedPeer,
};
