import { SignalboxError } from '../errors.ts';
import type { Cursor, Join } from '../hub/hub.ts';
import { JsonText } from '../json-text.ts';
import { faultOfName } from '../names.ts';

const eventFormat = /^[\w.:-]{1,64}$/;
/** No clock gives longer cursors. A longer one is an error of the client, so it begins no new session. */
const cursorFormat = /^(?:0|[1-9]\d{0,15})$/;

/** The most levels of arrays and objects in a JSON argument: receivers may read it with a parser that recurses. */
const maxPayloadDepth = 128;

function invalid(message: string): SignalboxError {
  return new SignalboxError('BAD_USER_INPUT', message);
}

function checkName(argument: 'roomId' | 'username' | 'space' | 'key', value: string): string {
  const fault = faultOfName(argument, value);
  if (fault) throw invalid(`\`${argument}\` ${fault}.`);
  return value;
}

export function checkRoomId(value: string): string {
  return checkName('roomId', value);
}

export function checkUsername(value: string): string {
  return checkName('username', value);
}

/** An absent space stays absent. */
export function checkSpace(value: string | null | undefined): string | undefined {
  return value == null ? undefined : checkName('space', value);
}

/** An absent key stays absent. */
export function checkKey(value: string | null | undefined): string | undefined {
  return value == null ? undefined : checkName('key', value);
}

export function checkEvent(value: string): string {
  if (!eventFormat.test(value)) {
    throw invalid('`event` is not valid: use 1 to 64 letters, digits or any of `_ . : -`, such as `offer`.');
  }
  return value;
}

/** `source` names the argument or header in the error. */
export function checkCursor(value: string, source: string): Cursor {
  if (!cursorFormat.test(value)) {
    throw invalid(
      `${source} is not a cursor: send the cursor of the last message you received, a decimal number.`,
    );
  }
  return value;
}

/** `value` is in seconds. */
export function checkHeartbeat(value: number): number {
  if (value < 5 || value > 300) throw invalid(`\`heartbeat\` is ${value}: use 5 to 300 seconds.`);
  return value;
}

/** `value` is in seconds. */
export function checkWait(value: number): number {
  if (value < 0 || value > 50) throw invalid(`\`wait\` is ${value}: use 0 to 50 seconds.`);
  return value;
}

/**
 * A room that is named twice is entered once, with the state named first. All states together may be as large as the
 * largest request, because a query can name one variable as the state of a thousand rooms.
 */
export function checkJoins(
  joins: readonly { readonly roomId: string; readonly state?: JsonText | null | undefined }[],
  maxBytes: number,
): readonly Join[] {
  const byRoom = new Map<string, Join>();
  const maxBytesOfAll = 4 * maxBytes + 64 * 1024;
  let bytes = 0;
  for (const { roomId, state } of joins) {
    const join = { roomId: checkRoomId(roomId), state: checkPayload('state', state, maxBytes) };
    if (byRoom.has(roomId)) continue;
    byRoom.set(roomId, join);
    bytes += join.state.bytes;
    if (bytes > maxBytesOfAll) {
      const message = `The states in \`join\` have more than ${maxBytesOfAll} bytes together as JSON.`;
      throw new SignalboxError('PAYLOAD_TOO_LARGE', message);
    }
  }
  return [...byRoom.values()];
}

/** Texts without a key `__proto__`. A literal can name one variable in thousands of places. */
const withoutProto = new WeakSet<JsonText>();

/** Checks a JSON argument. An absent value becomes null. `argument` names it in errors. */
export function checkPayload(
  argument: 'data' | 'state',
  value: JsonText | null | undefined,
  maxBytes: number,
): JsonText {
  if (!value) return JsonText.null;
  const { bytes, depth } = value;
  if (bytes > maxBytes) {
    throw new SignalboxError(
      'PAYLOAD_TOO_LARGE',
      `\`${argument}\` has ${bytes} bytes as JSON; at most ${maxBytes} are accepted.`,
    );
  }
  if (depth > maxPayloadDepth) {
    throw invalid(`\`${argument}\` is nested too deeply. At most ${maxPayloadDepth} levels are accepted.`);
  }
  if (!withoutProto.has(value) && value.hasKey('__proto__')) {
    throw invalid(`\`${argument}\` has a key named \`__proto__\`, which is not accepted.`);
  }
  withoutProto.add(value);
  return value;
}
