import type { Status } from '../../client/index.ts';
import { find } from './find.ts';

const words: Readonly<Record<Status, readonly [kind: 'good' | 'waiting' | 'bad', text: string]>> = {
  connecting: ['waiting', 'Connecting…'],
  connected: ['good', 'Connected'],
  resumed: ['good', 'Connected again'],
  renewed: ['good', 'Connected'],
  unavailable: ['waiting', 'Server away, trying again…'],
  replaced: ['bad', 'Open in another tab'],
  closed: ['bad', 'Disconnected'],
};

/** How long an attempt to connect may take before it is shown, in milliseconds: most are over at once. */
const patienceMs = 700;

let timer: ReturnType<typeof setTimeout> | undefined;

/** Says in words how this page is connected. */
export function showStatus(status: Status): void {
  clearTimeout(timer);
  if (status === 'connecting') timer = setTimeout(() => write(status), patienceMs);
  else write(status);
}

function write(status: Status): void {
  const [kind, text] = words[status];
  const element = find('status');
  element.dataset.kind = kind;
  if (element.textContent !== text) element.textContent = text;
}

/** Tells those who listen to the page what happened in the room. */
export function announce(text: string): void {
  find('news').textContent = text;
}
