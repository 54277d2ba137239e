import {
  createContext,
  createElement,
  type ReactNode,
  useContext,
  useEffect,
  useRef,
  useSyncExternalStore,
} from 'react';
import type { Box, Json, Peer, Room } from './index.ts';
import { type RoomView, roomStore } from './room-store.ts';

export type { RoomView } from './room-store.ts';

const BoxContext = createContext<Box | undefined>(undefined);

/** Gives a client to all components below. Make it once, outside of any component: `new Box([url], options)`. */
export function SignalboxProvider({ box, children }: { readonly box: Box; readonly children?: ReactNode }) {
  return createElement(BoxContext.Provider, { value: box }, children);
}

/** The client of the nearest `SignalboxProvider`. Throws if there is none. */
export function useBox(): Box {
  const box = useContext(BoxContext);
  if (!box) throw new Error('There is no <SignalboxProvider box={…}> above this component.');
  return box;
}

/**
 * Connects, enters the room, and renders again whenever its peers, their states and paths, or the status change. However
 * many components use the same room, the client enters it once, and leaves it when the last of them is unmounted.
 *
 * `state` is this client's state in the room. Give it in one component only: the last one given counts.
 */
export function useRoom(roomId: string, { state }: { readonly state?: Json } = {}): RoomView {
  const store = roomStore(useBox(), roomId);
  const text = state === undefined ? undefined : JSON.stringify(state);
  // Before the component subscribes, and with it enters the room.
  if (text !== undefined) store.offerState(text);
  useEffect(() => {
    if (text !== undefined) store.setState(text);
  }, [store, text]);
  return useSyncExternalStore(store.subscribe, store.view, store.view);
}

/** Calls the listener for each message of this event in the room. The listener need not be the same at each render. */
export function useMessage(
  room: Room | undefined,
  event: string,
  listener: (data: Json, peer: Peer) => void,
): void {
  const newest = useRef(listener);
  useEffect(() => {
    newest.current = listener;
  });
  useEffect(
    () => room?.on('message', (peer, name, data) => name === event && newest.current(data, peer)),
    [room, event],
  );
}
