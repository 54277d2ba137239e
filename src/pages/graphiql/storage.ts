const prefix = 'signalbox:';

/**
 * Where GraphiQL keeps its tabs and sizes. `localStorage` belongs to all programs that were ever served at this address,
 * such as another server on `localhost:4000`, and each GraphiQL uses the same keys: so ours have a prefix.
 */
export const storage = {
  get length(): number {
    return ownKeys().length;
  },
  getItem: (key: string): string | null => localStorage.getItem(prefix + key),
  setItem: (key: string, value: string): void => localStorage.setItem(prefix + key, value),
  removeItem: (key: string): void => localStorage.removeItem(prefix + key),
  clear(): void {
    for (const key of ownKeys()) localStorage.removeItem(key);
  },
};

function ownKeys(): readonly string[] {
  return Object.keys(localStorage).filter((key) => key.startsWith(prefix));
}
