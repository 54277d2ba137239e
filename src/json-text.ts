/**
 * JSON that is passed on as text (G12). Parsing and writing it again would round numbers, reorder keys, drop
 * duplicate keys, and take up to a hundred times its size in memory.
 */

/** The text of one JSON value, without white space between its tokens: so it has no line breaks. */
export class JsonText {
  static readonly null = new JsonText('null');

  readonly text: string;
  /** Counted when they are first asked for, or known from the beginning. */
  #bytes: number | undefined;
  #depth: number | undefined;

  private constructor(text: string, bytes?: number, depth?: number) {
    this.text = text;
    this.#bytes = bytes;
    this.#depth = depth;
  }

  /** The value that a valid JSON text holds. The text is copied, so that it does not keep a larger one alive. */
  static of(json: string): JsonText {
    const { compact, depth } = scanValue(json, 0);
    const copy = Buffer.from(compact);
    return new JsonText(copy.toString(), copy.length, depth);
  }

  /** Takes a text that is known to be valid and compact, such as one that JSON.stringify or a log returns. */
  static ofCompact(text: string): JsonText {
    return new JsonText(text);
  }

  /** The size as UTF-8, in bytes. */
  get bytes(): number {
    this.#bytes ??= Buffer.byteLength(this.text);
    return this.#bytes;
  }

  /** The size in memory, in bytes: V8 keeps one byte a character, or two if any character is beyond Latin-1. */
  get heldBytes(): number {
    return this.bytes === this.text.length ? this.text.length : 2 * this.text.length;
  }

  /** How many levels of arrays and objects it has. */
  get depth(): number {
    this.#depth ??= scanValue(this.text, 0).depth;
    return this.#depth;
  }

  /** Whether an object anywhere in the value has this key, however the key is escaped. */
  hasKey(key: string): boolean {
    const { text } = this;
    const plain = JSON.stringify(key);
    if (!text.includes(plain) && !text.includes('\\u')) return false;
    for (let at = text.indexOf('"'), end = 0; at >= 0; at = text.indexOf('"', end)) {
      end = endOfString(text, at);
      if (text[end] !== ':') continue;
      const name = text.slice(at, end);
      if (name === plain || (name.includes('\\u') && JSON.parse(name) === key)) return true;
    }
    return false;
  }

  /** The value, for tests and for readers that need it: numbers may be rounded. */
  parse(): unknown {
    return JSON.parse(this.text);
  }
}

/** Writes a value as JSON. Each `JsonText` in it is written as its text; all else as JSON.stringify does. */
export function writeJson(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  if (value instanceof JsonText) return value.text;
  if (Array.isArray(value)) return `[${value.map(writeJson).join(',')}]`;
  if ('toJSON' in value && typeof value.toJSON === 'function') return writeJson(value.toJSON());
  let text = '';
  for (const [name, field] of Object.entries(value)) {
    if (field === undefined) continue;
    text += `${text === '' ? '{' : ','}${JSON.stringify(name)}:${writeJson(field)}`;
  }
  return text === '' ? '{}' : `${text}}`;
}

/** The members of a valid JSON object, each by its text. The last of several with one name counts. */
export function membersOf(json: string): Map<string, string> {
  const members = new Map<string, string>();
  let at = skipSpace(json, skipSpace(json, 0) + 1);
  while (json[at] !== '}') {
    const name = endOfString(json, at);
    const begin = skipSpace(json, skipSpace(json, name) + 1);
    const { end } = scanValue(json, begin);
    members.set(JSON.parse(json.slice(at, name)) as string, json.slice(begin, end));
    at = afterComma(json, end);
  }
  return members;
}

/** The text of one member of a valid JSON object. The last of several with this name counts. Undefined if there is none. */
export function memberOf(json: string, name: string): string | undefined {
  const quoted = JSON.stringify(name);
  let member: string | undefined;
  let at = skipSpace(json, skipSpace(json, 0) + 1);
  while (json[at] !== '}') {
    const nameEnd = endOfString(json, at);
    const begin = skipSpace(json, skipSpace(json, nameEnd) + 1);
    const { end } = scanValue(json, begin);
    const given = json.slice(at, nameEnd);
    if (given === quoted || (given.includes('\\') && JSON.parse(given) === name))
      member = json.slice(begin, end);
    at = afterComma(json, end);
  }
  return member;
}

/** The elements of a valid JSON array, each by its text. */
export function elementsOf(json: string): string[] {
  const elements: string[] = [];
  let at = skipSpace(json, skipSpace(json, 0) + 1);
  while (json[at] !== ']') {
    const { end } = scanValue(json, at);
    elements.push(json.slice(at, end));
    at = afterComma(json, end);
  }
  return elements;
}

const quote = 0x22;
const comma = 0x2c;
const colon = 0x3a;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

function skipSpace(json: string, from: number): number {
  let at = from;
  while (isSpace(json.charCodeAt(at))) at++;
  return at;
}

function afterComma(json: string, from: number): number {
  const at = skipSpace(json, from);
  return json[at] === ',' ? skipSpace(json, at + 1) : at;
}

/** The place after the closing quote of the string that opens at `at`. */
function endOfString(json: string, at: number): number {
  let end = json.indexOf('"', at + 1);
  while (isEscaped(json, end)) end = json.indexOf('"', end + 1);
  return end + 1;
}

/** Whether an odd number of backslashes stands before this place. */
function isEscaped(json: string, at: number): boolean {
  let backslashes = 0;
  while (json[at - 1 - backslashes] === '\\') backslashes++;
  return backslashes % 2 === 1;
}

/**
 * Finds the end of the value that begins at or after `from`, with its depth and its text without white space.
 * The JSON is valid, so brackets match, and only strings hide them.
 */
function scanValue(json: string, from: number): { end: number; depth: number; compact: string } {
  let at = skipSpace(json, from);
  /** The start of the text that is not in `compact` yet. */
  let pending = at;
  let compact = '';
  let open = 0;
  let depth = 0;
  while (at < json.length) {
    const code = json.charCodeAt(at);
    if (code === quote) {
      at = endOfString(json, at);
      if (open === 0) break;
    } else if (code === openBracket || code === openBrace) {
      at++;
      if (++open > depth) depth = open;
    } else if (code === closeBracket || code === closeBrace) {
      // A scalar ends before the bracket of its parent.
      if (open === 0) break;
      at++;
      if (--open === 0) break;
    } else if (isSpace(code)) {
      if (open === 0) break;
      compact += json.slice(pending, at);
      at = skipSpace(json, at);
      pending = at;
    } else {
      if (open === 0 && (code === comma || code === colon)) break;
      at++;
    }
  }
  return { end: at, depth, compact: compact + json.slice(pending, at) };
}
