/** What to read of a room. */
export interface RoomView {
  /** Whether the members are read. They can be many, and large. */
  readonly members: boolean;
}

export const wholeRoom: RoomView = { members: true };
