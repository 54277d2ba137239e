export type JsonType = 'application/json' | 'application/graphql-response+json';

/** The forms of a stream: server-sent events, and Apollo's multipart protocol for subscriptions. */
export type StreamType = 'text/event-stream' | 'multipart/mixed';

/** The forms of a response that a client accepts, from its `Accept` header. */
export interface Accepted {
  /** The type of a JSON response. Undefined if the client accepts no JSON. */
  readonly json: JsonType | undefined;
  /** The type of a stream. The header must name it: a wildcard does not count. Undefined if it accepts no stream. */
  readonly stream: StreamType | undefined;
  /** Whether the client is a browser that wants a page to show, not a program. */
  readonly page: boolean;
}

/** The most ranges and characters that are read: a header of 16 KiB would take 10 ms. No browser or client sends as many. */
const maxRanges = 16;
const maxCharacters = 1024;

const anything: Accepted = { json: 'application/json', stream: undefined, page: false };

/**
 * Reads an `Accept` header. Of the JSON types, and of the stream types, the one with the greatest weight wins; of equal
 * ones, the first. A wildcard means `application/json`: old clients send wildcards, and do not know the other type.
 */
export function negotiate(header: string | undefined): Accepted {
  if (header === undefined || header === '' || header === '*/*') return anything;
  let json: JsonType | undefined;
  let weightOfJson = 0;
  let stream: StreamType | undefined;
  let weightOfStream = 0;
  let html = false;
  let program = false;
  for (const range of header.slice(0, maxCharacters).split(',', maxRanges)) {
    const [type = '', ...params] = range.split(';').map((part) => part.trim().toLowerCase());
    const weight = weightOf(params);
    if (weight === 0 || !takesUtf8(params)) continue;
    if (type === 'text/html') html = true;
    const streamType = streamTypeOf(type, params);
    if (streamType && weight > weightOfStream) {
      stream = streamType;
      weightOfStream = weight;
    }
    const jsonType = jsonTypeOf(type);
    if (jsonType && weight > weightOfJson) {
      json = jsonType;
      weightOfJson = weight;
    }
    program ||= streamType !== undefined || type === jsonType;
  }
  return { json, stream, page: html && !program };
}

function jsonTypeOf(type: string): JsonType | undefined {
  switch (type) {
    case 'application/json':
    case 'application/graphql-response+json':
      return type;
    case '*/*':
    case 'application/*':
      return 'application/json';
    default:
      return undefined;
  }
}

/** Multipart responses have many meanings: only the parameter says that the client knows this one. */
function streamTypeOf(type: string, params: readonly string[]): StreamType | undefined {
  if (type === 'text/event-stream') return type;
  if (type !== 'multipart/mixed') return undefined;
  return params.some((param) => /^subscriptionspec="?1\.0"?$/.test(param)) ? type : undefined;
}

/** The weight `q`, from 0 (never) to 1. An absent or malformed weight counts as 1. */
function weightOf(params: readonly string[]): number {
  const weight = params.find((param) => param.startsWith('q='));
  if (weight === undefined) return 1;
  const value = Number(weight.slice(2));
  return value >= 0 && value <= 1 ? value : 1;
}

function takesUtf8(params: readonly string[]): boolean {
  const charset = params.find((param) => param.startsWith('charset='));
  return charset === undefined || isUtf8(charset.slice('charset='.length));
}

/** Whether the value of a charset parameter, in lower case, is UTF-8. */
export function isUtf8(charset: string): boolean {
  return /^"?utf-?8"?$/.test(charset);
}
