import { SignalboxError } from '../errors.ts';
import type { Cursor, Payload } from '../hub/hub.ts';
import { faultOfName, maxNameCharacters } from '../names.ts';

const eventFormat = /^[\w.:-]{1,64}$/;
/** No clock gives longer cursors. A longer one is an error of the client, so it begins no new session. */
const cursorFormat = /^(?:0|[1-9]\d{0,15})$/;

/** The key as compact JSON has it. A string value cannot contain this text, because its quotes are escaped. */
const pollutingKey = '"__proto__":';

/**
 * The most levels of arrays and objects in a JSON argument. Writing JSON recurses. A value that the stack just
 * holds on its way in could overflow the stack on its way out, and end every stream that receives it.
 */
const maxPayloadDepth = 128;

function invalid(message: string): SignalboxError {
  return new SignalboxError('BAD_USER_INPUT', message);
}

function checkName(argument: 'roomId' | 'username', value: string): string {
  const maxCharacters = maxNameCharacters[argument];
  const fault = faultOfName(value, maxCharacters);
  if (fault) throw invalid(`\`${argument}\` ${fault}: use 1 to ${maxCharacters} printable characters.`);
  return value;
}

export function checkRoomId(value: string): string {
  return checkName('roomId', value);
}

export function checkUsername(value: string): string {
  return checkName('username', value);
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

/** Whether arrays and objects are nested in more levels than these. */
function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeper(inner, levels - 1));
}

/** A JSON argument with its text. An absent value becomes null. `argument` names it in errors. */
export function checkPayload(argument: 'data' | 'state', value: unknown, maxBytes: number): Payload {
  if (isDeeper(value, maxPayloadDepth)) {
    throw invalid(`\`${argument}\` is nested too deeply. At most ${maxPayloadDepth} levels are accepted.`);
  }
  const text = JSON.stringify(value ?? null);
  const bytes = Buffer.byteLength(text);
  if (bytes > maxBytes) {
    throw new SignalboxError(
      'PAYLOAD_TOO_LARGE',
      `\`${argument}\` has ${bytes} bytes as JSON; at most ${maxBytes} are accepted.`,
    );
  }
  if (text.includes(pollutingKey))
    throw invalid(`\`${argument}\` has a key named \`__proto__\`, which is not accepted.`);
  return { value: value ?? null, text };
}
