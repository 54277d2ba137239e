import { createClient } from 'graphql-sse';
import {
  type ConcreteRequest,
  createOperationDescriptor,
  Environment,
  type GraphQLResponse,
  Network,
  Observable,
  RecordSource,
  requestSubscription,
  Store,
} from 'relay-runtime';
import { describe, expect, onTestFinished, test } from 'vitest';
// @ts-expect-error: the artifacts of relay-compiler have no types here.
import artifact from './__generated__/mainMessagesSubscription.graphql.js';
import { expectWarning, stage } from './warnings.ts';

/** What relay.md says that Relay cannot do. */

const subscription = artifact as ConcreteRequest;

type DataId = (value: { readonly id?: string }, typename: string) => string | undefined;

/** An environment whose operations get these results. */
function environmentOf(
  results: (text: string) => Observable<GraphQLResponse>,
  getDataID?: DataId,
): Environment {
  const run = ({ text }: { readonly text?: string | null | undefined }) => results(text ?? '');
  return new Environment({
    network: Network.create(run, run),
    store: new Store(new RecordSource()),
    ...(getDataID && { getDataID: getDataID as never }),
  });
}

/** The query `{ me { id username } rooms { id } }`, as relay-compiler would write it. */
function queryOfTwoTypes(): ConcreteRequest {
  const field = (name: string) => ({ kind: 'ScalarField', name, alias: null, args: null, storageKey: null });
  const link = (name: string, concreteType: string, plural: boolean, fields: readonly string[]) => ({
    ...{ kind: 'LinkedField', name, concreteType, plural, selections: fields.map(field) },
    ...{ alias: null, args: null, storageKey: null },
  });
  const selections = [link('me', 'Peer', false, ['id', 'username']), link('rooms', 'Room', true, ['id'])];
  const fragment = { kind: 'Fragment', name: 'Q', type: 'Query', argumentDefinitions: [], selections };
  return {
    kind: 'Request',
    fragment,
    operation: { kind: 'Operation', name: 'Q', argumentDefinitions: [], selections },
    params: { cacheID: 'q', id: null, metadata: {}, name: 'Q', operationKind: 'query', text: '' },
  } as unknown as ConcreteRequest;
}

describe('Relay', () => {
  test('it takes two things of the same id for one, unless getDataID tells their types apart', () => {
    expectWarning('relay', 'Relay expects each `id` to be unique across all types.');
    const documented: DataId = (value, typename) => value.id && `${typename}:${value.id}`;
    for (const getDataID of [undefined, documented]) {
      const environment = environmentOf(() => Observable.create(() => undefined), getDataID);
      const operation = createOperationDescriptor(queryOfTwoTypes(), {});
      environment.commitPayload(operation, {
        me: { id: 'lobby', username: 'ada' },
        rooms: [{ id: 'lobby' }],
      });
      const records = environment.getStore().getSource().toJSON();
      const own = Object.keys(records).filter((id) => id.includes('lobby'));
      expect(own).toEqual(getDataID ? ['Peer:lobby', 'Room:lobby'] : ['lobby']);
    }
  });

  test('its store keeps every message where no query reads it, and onNext gets each', async () => {
    expectWarning('relay', 'The store keeps every message');
    const signal = (data: number) => ({
      data: {
        messages: {
          ...{ __typename: 'Signal', cursor: `${data}`, event: 'chat', data },
          peer: { id: 'b', username: 'ben' },
        },
      },
    });
    const environment = environmentOf(() =>
      Observable.create((sink) => {
        for (const number of [1, 2, 3]) sink.next(signal(number) as GraphQLResponse);
      }),
    );
    const got: unknown[] = [];
    requestSubscription(environment, {
      subscription,
      variables: {},
      onNext: (response) => got.push((response as { messages: { data: number } }).messages.data),
    });
    await expect.poll(() => got).toEqual([1, 2, 3]);
    const records = environment.getStore().getSource().toJSON();
    const kept = Object.values(records).filter((record) => record && 'event' in record);
    expect(kept.map((record) => record?.data)).toEqual([1, 2, 3]);
    expect(Object.keys(records['client:root'] ?? {})).toEqual(['__id', '__typename']);
  });

  test('G5: each subscription is a stream of its own, and the newer one ends the older', async () => {
    expectWarning('relay', 'Each `useSubscription` is a stream, and the newer one ends the older');
    const { url, headers } = await stage();
    const sse = createClient({ url, headers, retryAttempts: 0 });
    onTestFinished(() => sse.dispose());
    const environment = environmentOf((query) =>
      Observable.create((sink) => sse.subscribe({ query }, sink as never)),
    );
    const follow = (): string[] => {
      const got: string[] = [];
      requestSubscription(environment, {
        subscription,
        variables: {},
        onNext: (response) =>
          got.push((response as { messages: { __typename: string } }).messages.__typename),
        onError: ({ message }) => got.push(message),
      });
      return got;
    };
    const first = follow();
    await expect.poll(() => first).toContain('Connected');
    const second = follow();
    await expect.poll(() => second).toContain('Connected');
    await expect.poll(() => first.at(-1)).toContain('Another stream of the same token');
  });
});
