/** The secrets that sign tokens, as an operator gives them in TOKEN_SECRET or in a file. */

/** The least size of a key for HS256 (RFC 7518, 3.2). */
export const minSecretBytes = 32;
export const howToMakeSecret = 'make one with `openssl rand -base64 32`';

/** Secrets that this project's documentation has shown. Everyone knows them. */
const published: ReadonlySet<string> = new Set(['0123456789abcdef0123456789abcdef']);

/** A text with fewer different characters was typed, not made: 32 random hexadecimal digits have some 14. */
const minDifferentCharacters = 5;

/** The secrets of a comma-separated text, or undefined if one of them is not fit to sign tokens. */
export function parseSecrets(text: string): readonly Uint8Array[] | undefined {
  const secrets = text.split(',');
  if (secrets.some((secret) => faultOf(secret) !== undefined)) return undefined;
  return secrets.map((secret) => new TextEncoder().encode(secret));
}

/** What is wrong with a text that `parseSecrets` refuses, to follow "is". It shows nothing of the text. */
export function describeSecrets(text: string): string {
  const faults = text.split(',').map(faultOf);
  const first = faults.findIndex((fault) => fault !== undefined);
  const fault = `${faults[first]}`;
  return faults.length === 1 ? fault : `${faults.length} secrets, of which number ${first + 1} is ${fault}`;
}

function faultOf(secret: string): string | undefined {
  const bytes = Buffer.byteLength(secret);
  if (bytes < minSecretBytes) return `only ${bytes} bytes`;
  // Such a space is a slip of the hand. Whoever else signs tokens with the secret would leave it out.
  if (secret.trim() !== secret) return 'a text with white space at an end';
  if (published.has(secret)) return "an example of Signalbox's documentation";
  const { size } = new Set(secret);
  if (size === 1) return 'one repeated character';
  return size < minDifferentCharacters ? `made of only ${size} different characters` : undefined;
}
