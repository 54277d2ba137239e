import type { BaseBox } from './base-box.ts';
import type { RemotePeer } from './remote-peer.ts';

/** Lets the client leave its rooms at once when its page is closed. In Node.js there is no page. */
export function leaveAtPagehide<B extends BaseBox<RemotePeer>>(box: B): B {
  if (typeof document === 'undefined') return box;
  const leave = () => box.close();
  addEventListener('pagehide', leave);
  box.on('status', (status) => status === 'closed' && removeEventListener('pagehide', leave));
  return box;
}
