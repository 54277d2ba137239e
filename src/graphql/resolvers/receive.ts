import { setTimeout as wait } from 'node:timers/promises';
import { SignalboxError } from '../../errors.ts';
import type { MutationResolvers } from '../../generated/schema.ts';
import type { Connected, Message } from '../../hub/hub.ts';
import { isCut, type Stream } from '../../hub/stream.ts';
import type { Context, FieldInfo, LongPoll } from '../context.ts';
import { checkCursor, checkJoins, checkWait } from '../input.ts';
import { begin, noteRead, viewOf } from '../metering.ts';
import { chargeWaiting, openStream } from './opening.ts';

const defaultWaitSeconds = 25;
/**
 * How long to go on collecting when there is a message, in milliseconds. So even in a busy room, a client makes at most
 * 25 calls a second.
 */
const collectMs = 40;
/** The most messages and bytes of one answer. An ordinary selection of them is half of the largest response. */
const maxMessages = 1000;
const maxBytes = 1024 * 1024;
/** The longest request that may wait. The node keeps the request meanwhile (G8). */
const maxWaitingCharacters = 4096;

const notAlone = 'Call `receive` once a request: the second call would wait for the first.';

/**
 * One call opens a stream from the cursor, takes the messages that are there, and closes the stream. So polls are like a
 * stream that breaks after each answer, and all guarantees are those of the hub's streams. Only the cursor of the next
 * call acknowledges messages, so those of a lost answer come again.
 */
export const receive: NonNullable<MutationResolvers['receive']> = async (_root, args, context, info) => {
  const { account } = context;
  const caller = await begin(context, 'opens', 'answers');
  const cursor = args.after == null ? undefined : checkCursor(args.after, '`after`');
  const joins = checkJoins(args.join ?? [], context.maxDataBytes);
  const seconds = args.wait == null ? defaultWaitSeconds : checkWait(args.wait);
  if (context.reads.has('receive')) throw new SignalboxError('BAD_USER_INPUT', notAlone);
  context.reads.set('receive', Promise.resolve());
  const longPoll = context.longPoll?.();
  longPoll?.take(cursor !== undefined);
  // A call that resumes counts as two operations, not as an open: a client that polls all the time would exceed the opens.
  account.charge(cursor === undefined ? 'opens' : 'operations', 1);
  // A session that goes on shows no `Connected`, and a new one has only the rooms that it joins.
  const view = cursor === undefined || joins.length > 0 ? viewOf(info) : { members: false };
  const stream = await openStream(caller, { cursor, joins, view }, context);
  try {
    // At once: what the answer takes of it may be much less.
    chargeWaiting(context, stream);
    longPoll?.confirm(stream.resumes);
    if (cursor !== undefined && !stream.resumes) account.charge('opens', 1);
    const waitMs = charactersOf(context, info) > maxWaitingCharacters ? 0 : seconds * 1000;
    const messages = await take(stream, waitMs, longPoll, (rooms) => noteRead(context, rooms));
    return context.budget.spendOnList(messages.length, info) ? messages : [];
  } finally {
    await stream.return();
  }
};

/** The length of the request, which the node keeps while it runs. */
function charactersOf({ variablesText }: Context, { fieldNodes: [node] }: FieldInfo): number {
  return (variablesText?.length ?? 0) + (node?.loc?.source.body.length ?? 0);
}

/**
 * What comes on the stream within this time, without a `Connected` that says only that the session goes on. `onRooms` gets
 * the rooms that were read for that one too.
 */
async function take(
  stream: Stream,
  waitMs: number,
  longPoll: LongPoll | undefined,
  onRooms: (rooms: Connected['rooms']) => void,
): Promise<Message[]> {
  const messages: Message[] = [];
  try {
    const { value: connected } = await stream.next();
    if (connected?.type === 'Connected') onRooms(connected.rooms);
    if (connected?.type === 'Connected' && !connected.resumed) messages.push(connected);
    else if (waitMs > 0) await untilMessage(stream, waitMs, messages, longPoll);
    for (let bytes = 0; stream.waiting.entries > 0 && messages.length < maxMessages && bytes < maxBytes; ) {
      bytes += stream.waiting.bytes;
      const { value } = await stream.next();
      bytes -= stream.waiting.bytes;
      if (value) messages.push(value);
    }
  } catch (error) {
    if (!isCut(error) && messages.length === 0) throw error;
  }
  return messages;
}

/** Resolves when messages wait on the stream or are in `messages`, when the time is over, or when the client has left. */
async function untilMessage(
  stream: Stream,
  waitMs: number,
  messages: Message[],
  longPoll: LongPoll | undefined,
): Promise<void> {
  const stop = () => void stream.return();
  longPoll?.wait(waitMs, stop);
  if (stream.waiting.entries === 0) {
    const timer = setTimeout(stop, waitMs);
    try {
      const { value } = await stream.next();
      if (!value) return;
      messages.push(value);
    } finally {
      clearTimeout(timer);
    }
  }
  await wait(collectMs);
}
