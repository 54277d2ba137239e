/**
 * The one subscription of a page. Two components that each open `messages` would replace one another, so let all of
 * them share this one.
 */
export const MESSAGES = `subscription Messages($after: ID, $join: [JoinInput!]) {
  messages(after: $after, join: $join) {
    __typename cursor
    ... on Connected { resumed peer { ...P } rooms { id members { peer { ...P } state } } }
    ... on PeerAdded { roomId peer { ...P } state offer }
    ... on PeerChanged { roomId peer { ...P } state }
    ... on PeerRemoved { roomId peer { ...P } state reason }
    ... on Signal { roomId peer { ...P } event data }
  }
}
fragment P on Peer { id username guest }`;

/** The same messages by long polling, without the rooms of `Connected`: the server would read them at each poll. */
export const RECEIVE = MESSAGES.replace('subscription Messages(', 'mutation Receive($wait: Int, ')
  .replace('messages(', 'receive(wait: $wait, ')
  .replace(/ rooms .* }/, ' }');

export const ICE_SERVERS = '{ iceServers { urls username credential expiresAt } }';

const access = '{ token expiresAt peer { id username guest } }';
export const ACCESS = `mutation ($username: String!) { access(username: $username) ${access} }`;
export const RENEW = `mutation { renew ${access} }`;

/** The fields that an outbox sends: the arguments with their types, and the selection of each field. */
export const fields = {
  joinRoom: ['roomId: ID!, state: JSON', '{ id }'],
  leaveRoom: ['roomId: ID!', ''],
  relay: ['roomId: ID!, peerId: ID!, event: String!, data: JSON, key: ID', '{ cursor status }'],
  broadcast: ['roomId: ID!, event: String!, data: JSON, key: ID', '{ cursor status }'],
  setState: ['roomId: ID!, state: JSON', '{ state }'],
} as const;

export type Field = keyof typeof fields;

export interface Operation {
  readonly field: Field;
  readonly args: Readonly<Record<string, unknown>>;
}

/** One mutation of several fields, which the server carries out in this order. Field `n` has the alias `f<n>`. */
export function mutationOf(operations: readonly Operation[]): { query: string; variables: object } {
  const variables: Record<string, unknown> = {};
  const definitions: string[] = [];
  const selections = operations.map(({ field, args }, n) => {
    const [types, selection] = fields[field];
    const given = types.split(', ').map((definition) => {
      const [name = '', type = ''] = definition.split(': ');
      variables[name + n] = args[name];
      definitions.push(`$${name}${n}: ${type}`);
      return `${name}: $${name}${n}`;
    });
    return `f${n}: ${field}(${given.join(', ')}) ${selection}`;
  });
  return { query: `mutation (${definitions.join(', ')}) { ${selections.join(' ')} }`, variables };
}
