/** A random name of about 11 characters. Two equal ones are very improbable. */
export function randomId(): string {
  return Math.random().toString(36).slice(2);
}
