import type { GraphiQLProps } from 'graphiql';
import { type ExecutionResult, Kind, type OperationDefinitionNode, parse } from 'graphql';
import type { Peers } from './peers.ts';
import { tokenIn } from './token.ts';

/** The name that GraphiQL gives the operation with which it reads the schema. */
const introspection = 'IntrospectionQuery';

type Headers = Readonly<Record<string, string>>;

/**
 * Sends what GraphiQL runs, with the token of the peer that is chosen. It keeps each token that comes back, so every
 * tab has it. A subscription becomes the peer's stream: GraphiQL gets its first result, and the stream goes on.
 */
export function createFetcher(peers: Peers): GraphiQLProps['fetcher'] {
  return async ({ query, operationName, variables }, { headers = {} } = {}) => {
    if (operationName === introspection) return post(peers.url, { query, operationName }, {});
    const { sender } = peers;
    const operation = operationIn(query, operationName);
    const name = operation?.name?.value ?? operationName;
    const request = { query, ...(name && { operationName: name }), variables };
    const own = headers as Headers;
    const token = /^Bearer (.+)$/.exec(own.Authorization ?? '')?.[1];
    if (token !== undefined) sender.take(token);
    if (operation?.operation === 'subscription') return sender.open(request, own);
    const authorization = sender.token && { Authorization: `Bearer ${sender.token}` };
    const result = await post(peers.url, request, { ...authorization, ...own });
    const made = tokenIn(result.data);
    if (made !== undefined) sender.take(made);
    return result;
  };
}

/**
 * The operation to run. Right after a change of tabs, GraphiQL still gives the name of an operation in the tab before:
 * if the document has one operation, that one is meant.
 */
function operationIn(query: string, name: string | null | undefined): OperationDefinitionNode | undefined {
  let operations: readonly OperationDefinitionNode[];
  try {
    operations = parse(query).definitions.filter(({ kind }) => kind === Kind.OPERATION_DEFINITION) as never;
  } catch {
    // The server explains the error better.
    return undefined;
  }
  const named = operations.find((operation) => operation.name?.value === name);
  return named ?? (operations.length === 1 ? operations[0] : undefined);
}

async function post(url: string, request: object, headers: Headers): Promise<ExecutionResult> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { Accept: 'application/json', 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(request),
  });
  return (await response.json()) as ExecutionResult;
}
