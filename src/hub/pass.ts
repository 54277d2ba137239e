/** What a hub needs to know of the token with which a peer comes. */
export interface Pass {
  /** The same whenever the same token is used. Empty: unknown. */
  readonly id: string;
  /**
   * When the token was made, in seconds since 1970. A peer that was put out of a room comes back with a newer token only.
   * 0: unknown, or a guest's token, which its holder can renew.
   */
  readonly issuedAt: number;
  /**
   * The rooms in which the token lets its peer be: full ids, or beginnings of full ids with a `*` behind them. Undefined:
   * all rooms.
   */
  readonly rooms?: readonly string[] | undefined;
}

/** The pass of a peer whose token says nothing. */
export const plainPass: Pass = { id: '', issuedAt: 0 };

/** How long a peer that was put out of a room may not come back, in milliseconds (G16). */
export const removalMs = 600_000;

/** Whether the pattern is this name, or the beginning of it with a `*` behind. */
export function matches(pattern: string, name: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}

/** Whether the token lets its peer be in this room. */
export function admits({ rooms }: Pass, roomId: string): boolean {
  return rooms?.some((pattern) => matches(pattern, roomId)) ?? true;
}
