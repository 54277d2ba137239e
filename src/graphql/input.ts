import { SignalboxError } from '../errors.ts';
import type { EntryId, Payload } from '../hub/hub.ts';
import { faultOfName, longestName } from '../names.ts';

const eventName = /^[\w.:-]{1,64}$/;
/** Longer ids are given by no clock: whoever sends one is told so, rather than begin a new session. */
const decimal = /^(?:0|[1-9]\d{0,15})$/;

/** As compact JSON writes a key of that name; within a string the quotes would be escaped. */
const pollutingKey = '"__proto__":';

/**
 * The most levels of arrays and objects in a JSON argument. Writing JSON recurses: what the stack just
 * holds when it comes in, it may not hold when it goes out, and that would end every stream it goes to.
 */
const deepest = 128;

function invalid(message: string): SignalboxError {
  return new SignalboxError('BAD_USER_INPUT', message);
}

function checkName(what: 'roomId' | 'username', value: string): string {
  const longest = longestName[what];
  const fault = faultOfName(value, longest);
  if (fault) throw invalid(`\`${what}\` ${fault}; it takes 1 to ${longest} printable ones.`);
  return value;
}

export function checkRoomId(value: string): string {
  return checkName('roomId', value);
}

export function checkUsername(value: string): string {
  return checkName('username', value);
}

export function checkEvent(value: string): string {
  if (!eventName.test(value)) {
    throw invalid('`event` takes 1 to 64 letters, digits or any of `_ . : -`, such as `offer`.');
  }
  return value;
}

export function checkCursor(value: string, where: string): EntryId {
  if (!decimal.test(value)) {
    throw invalid(`${where} is no cursor; it takes the id of the last message received, a decimal number.`);
  }
  return value;
}

/** In seconds. */
export function checkHeartbeat(value: number): number {
  if (value < 5 || value > 300) throw invalid(`\`heartbeat\` is ${value}; it takes 5 to 300 seconds.`);
  return value;
}

/** Whether arrays and objects lie within one another on more levels than that. */
function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeper(inner, levels - 1));
}

/** A JSON argument with its text. `what` names it in errors; an absent value is null. */
export function checkPayload(what: string, value: unknown, maxBytes: number): Payload {
  if (isDeeper(value, deepest)) {
    throw invalid(`\`${what}\` is nested too deeply. At most ${deepest} levels are accepted.`);
  }
  const text = JSON.stringify(value ?? null);
  const bytes = Buffer.byteLength(text);
  if (bytes > maxBytes) {
    throw new SignalboxError(
      'PAYLOAD_TOO_LARGE',
      `\`${what}\` has ${bytes} bytes as JSON; at most ${maxBytes} are accepted.`,
    );
  }
  if (text.includes(pollutingKey))
    throw invalid(`\`${what}\` has a key named \`__proto__\`, which is not accepted.`);
  return { value: value ?? null, text };
}
