import type { ExecutionResult } from 'graphql';
import { type Message, wordsFor } from '../message-words.ts';

/** A line in the list of a peer's messages. */
export interface Entry {
  readonly key: number;
  readonly time: string;
  /** The type of the message, if the document selects it. */
  readonly title: string;
  /** What the line means, in words. */
  readonly words: string;
  /** The message as it came. Empty if the line is not a message. */
  readonly json: string;
  readonly cursor: string | undefined;
  readonly isMessage: boolean;
}

let lastKey = 0;

/** The line for a result of the subscription. `number` counts the peer's messages. */
export function entryOf({ data, errors }: ExecutionResult, number: number): Entry {
  const [error] = errors ?? [];
  if (error) return { ...noteOf('Error', error.message), json: JSON.stringify(error.extensions ?? {}) };
  const { __typename, ...fields } = (Object.values(data ?? {})[0] ?? {}) as Partial<Message>;
  const base = noteOf(
    __typename ?? `Message ${number}`,
    __typename ? wordsFor({ __typename, ...fields }) : '',
  );
  return { ...base, json: JSON.stringify(fields), cursor: fields.cursor, isMessage: true };
}

/** A line that is not a message. */
export function noteOf(title: string, words: string): Entry {
  lastKey += 1;
  const time = new Date().toLocaleTimeString([], { hour12: false });
  return { key: lastKey, time, title, words, json: '', cursor: undefined, isMessage: false };
}
