/** A random name of 8 characters. Two equal ones are very improbable. */
export function randomId(): string {
  return Math.random().toString(36).slice(2, 10).padEnd(8, '0');
}
