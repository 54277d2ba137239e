export type JsonType = 'application/json' | 'application/graphql-response+json';

/** What a client can take, from its Accept header. */
export interface Accepted {
  /** The type for a result that is answered as JSON; undefined where the client takes none. */
  readonly json: JsonType | undefined;
  /** Whether it takes an event stream. It has to say so: a `*` of any kind is not asking for one. */
  readonly events: boolean;
  /** Whether it is a browser that shows a page, rather than a program. */
  readonly page: boolean;
}

const anything: Accepted = { json: 'application/json', events: false, page: false };

/**
 * Reads an Accept header. Of the JSON types the one with the greater weight wins, then the first. A
 * wildcard stands for `application/json`: old clients send it, and know nothing of the other.
 */
export function negotiate(header: string | undefined): Accepted {
  if (header === undefined || header === '' || header === '*/*') return anything;
  let json: JsonType | undefined;
  let weightOfJson = 0;
  let events = false;
  let html = false;
  let program = false;
  for (const range of header.split(',')) {
    const [type = '', ...params] = range.split(';').map((part) => part.trim().toLowerCase());
    const weight = weightOf(params);
    if (weight === 0 || !takesUtf8(params)) continue;
    if (type === 'text/html') html = true;
    if (type === 'text/event-stream') events = true;
    const jsonType = jsonTypeOf(type);
    if (jsonType && weight > weightOfJson) {
      json = jsonType;
      weightOfJson = weight;
    }
    program ||= type === 'text/event-stream' || type === jsonType;
  }
  return { json, events, page: html && !program };
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

/** From 0 (never) to 1, which is also what a weight that cannot be read counts as. */
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

/** Whether a charset parameter's value, in lower case, names UTF-8. */
export function isUtf8(charset: string): boolean {
  return /^"?utf-?8"?$/.test(charset);
}
