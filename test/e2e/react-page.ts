import { createElement as h, StrictMode, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { Box } from '../../src/client/index.ts';
import { SignalboxProvider, useMessage, useRoom } from '../../src/client/react.ts';

/** The page that react.test.ts opens: two components that use one room, under StrictMode. */
const url = new URLSearchParams(location.search).get('url') ?? '';
const box = new Box([url], { username: 'rita', retryMs: () => 50 });
let renders = 0;

function People({ name, state }: { readonly name: string; readonly state?: string }) {
  const { room, peers, status, error } = useRoom('lobby', state === undefined ? {} : { state });
  const [heard, setHeard] = useState<readonly string[]>([]);
  useMessage(room, 'chat', (data) => setHeard((all) => [...all, String(data)]));
  renders += 1;
  const people = peers.map(({ username, state: theirs }) => `${username}=${JSON.stringify(theirs)}`);
  const text = `${status} ${error?.code ?? 'fine'} [${people}] heard ${heard.join(',')}`;
  return h(
    'p',
    { id: name },
    text,
    h('button', { type: 'button', onClick: () => room?.broadcast('chat', name) }, 'say'),
  );
}

function App() {
  const [shown, setShown] = useState({ one: true, two: true });
  const [state, setState] = useState('first');
  const toggle = (name: 'one' | 'two') => () => setShown((all) => ({ ...all, [name]: !all[name] }));
  return h(
    'main',
    null,
    h('button', { type: 'button', id: 'toggle-one', onClick: toggle('one') }, 'one'),
    h('button', { type: 'button', id: 'toggle-two', onClick: toggle('two') }, 'two'),
    h('button', { type: 'button', id: 'state', onClick: () => setState('second') }, 'state'),
    shown.one && h(People, { name: 'one', state }),
    shown.two && h(People, { name: 'two' }),
  );
}

Object.assign(window, { box, renders: () => renders });
createRoot(document.getElementById('root') as HTMLElement).render(
  h(StrictMode, null, h(SignalboxProvider, { box }, h(App))),
);
