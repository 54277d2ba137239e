import { SignalboxError } from '../errors.ts';
import type {
  Access,
  MutationResolvers,
  Peer,
  QueryResolvers,
  SubscriptionResolvers,
} from '../generated/schema.ts';
import type { JoinedRoom, Message } from '../hub/hub.ts';
import { measured } from '../monitor.ts';
import type { Context } from './context.ts';

type Resolve = (root: unknown, args: Arguments, context: Context, info: unknown) => unknown;

/** The arguments that a line may show. Never `data`, `state` or a token. */
interface Arguments {
  readonly roomId?: string;
  readonly peerId?: string;
  readonly event?: string;
}

/** What a peer did, for the lines of the log that a developer reads. By field; a field without a line tells nothing. */
const lines: Readonly<
  Record<string, (name: string, args: Arguments, result: unknown) => string | undefined>
> = {
  access: (_name, _args, result) => `${(result as Access).peer.username} got a token`,
  renew: (name) => `${name} got its next token`,
  joinRoom: (name, { roomId }, result) => {
    const { receivers, bytes } = result as JoinedRoom;
    if (bytes === 0) return `${name} joined ${roomId}, and was in it already`;
    // The others were told of the join. The members themselves may not have been read.
    const count = receivers + 1;
    return `${name} joined ${roomId} (${count} ${count === 1 ? 'peer' : 'peers'})`;
  },
  leaveRoom: (name, { roomId }, result) => (result === true ? `${name} left ${roomId}` : undefined),
  relay: (name, { roomId, event }) => `${name} relayed ${event} in ${roomId}`,
  broadcast: (name, { roomId, event }) => `${name} broadcast ${event} in ${roomId}`,
  setState: (name, { roomId }) => `${name} changed its state in ${roomId}`,
  removePeer: (name, { roomId, peerId }, result) =>
    result === true ? `${name} put ${peerId} out of ${roomId}` : undefined,
  closeRoom: (name, { roomId }, result) => (result === true ? `${name} closed ${roomId}` : undefined),
  messages: (name) => `${name} opened its stream`,
  receive: (name, _args, result) =>
    (result as readonly Message[])[0]?.type === 'Connected'
      ? `${name} began a session by polling`
      : undefined,
};

/** Has each query measured, if the node has a monitor. */
export function observeQueries(fields: QueryResolvers): QueryResolvers {
  return each(fields, counted);
}

/** Has each mutation measured, and tell what its peer did or why it was refused, if the node narrates. */
export function observeMutations(fields: MutationResolvers): MutationResolvers {
  return each(fields, observed);
}

/** Likewise for the opening of streams. */
export function observeSubscriptions({ messages }: SubscriptionResolvers): SubscriptionResolvers {
  if (!messages || !('subscribe' in messages)) throw new Error('`messages` is not a subscription.');
  const subscribe = observed('messages', messages.subscribe as Resolve) as typeof messages.subscribe;
  return { messages: { ...messages, subscribe } };
}

type Wrap = (field: string, resolve: Resolve) => Resolve;

function each<Fields extends object>(fields: Fields, wrap: Wrap): Fields {
  const entries = Object.entries(fields).map(([field, resolve]) => [field, wrap(field, resolve as Resolve)]);
  return Object.fromEntries(entries);
}

const observed: Wrap = (field, resolve) => narrated(field, counted(field, resolve));

const counted: Wrap = (field, resolve) => (root, args, context, info) => {
  const { monitor } = context;
  if (!monitor) return resolve(root, args, context, info);
  return measured(
    () => resolve(root, args, context, info),
    (code, seconds) => monitor.operation(field, code, seconds),
  );
};

function narrated(field: string, resolve: Resolve): Resolve {
  const narrate = async (...[root, args, context, info]: Parameters<Resolve>) => {
    try {
      const result = await resolve(root, args, context, info);
      const line = lines[field]?.(await nameOf(context), args, result);
      if (line !== undefined) context.tell?.(line);
      return result;
    } catch (error) {
      if (error instanceof SignalboxError) {
        context.tell?.(`${await nameOf(context)} was refused ${field}: ${error.code}. ${error.message}`);
      }
      throw error;
    }
  };
  return (root, args, context, info) =>
    context.tell ? narrate(root, args, context, info) : resolve(root, args, context, info);
}

/** The caller's name, as its token has it. */
function nameOf({ caller, credentials }: Context): string | Promise<string> {
  if (!credentials.token) return 'somebody';
  return caller().then(
    ({ username }: Pick<Peer, 'username'>) => username,
    () => 'somebody',
  );
}
