/** A short name that no other has, by chance: 8 characters. */
export function randomId(): string {
  return Math.random().toString(36).slice(2, 10).padEnd(8, '0');
}
