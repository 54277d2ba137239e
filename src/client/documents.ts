import { MESSAGES } from '../documents.ts';

/** The same messages by long polling, without the rooms of `Connected`: the server would read them at each poll. */
export const RECEIVE = MESSAGES.replace('subscription', 'mutation')
  .replace('messages(', 'receive(')
  .replaceAll('heartbeat', 'wait')
  .replace(/ rooms .* }/, ' }');

/** The types of all arguments that the outbox sends. */
const types = { roomId: 'ID!', peerId: 'ID!', event: 'String!', data: 'JSON', state: 'JSON', key: 'ID' };

/** What the outbox selects from the result of each field. */
const selections = {
  joinRoom: '{ id }',
  leaveRoom: '',
  relay: '{ cursor status }',
  broadcast: '{ cursor status }',
  setState: '{ state }',
};

export type Field = keyof typeof selections;
export type Arguments = Readonly<Partial<Record<keyof typeof types, unknown>>>;

export interface Operation {
  readonly field: Field;
  readonly args: Arguments;
}

/** One mutation of several fields, which the server carries out in this order. Field `n` has the alias `f<n>`. */
export function mutationOf(operations: readonly Operation[]): { query: string; variables: object } {
  const variables: Record<string, unknown> = {};
  let definitions = '';
  let fields = '';
  operations.forEach(({ field, args }, n) => {
    fields += ` f${n}: ${field}(`;
    for (const name of Object.keys(args) as (keyof Arguments)[]) {
      variables[name + n] = args[name];
      definitions += ` $${name}${n}: ${types[name]}`;
      fields += ` ${name}: $${name}${n}`;
    }
    fields += `) ${selections[field]}`;
  });
  return { query: `mutation (${definitions}) {${fields} }`, variables };
}
