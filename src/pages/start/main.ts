import { Peer } from './peer.ts';

const template = document.querySelector<HTMLTemplateElement>('#peer');
for (const name of ['Ada', 'Ben']) {
  const panel = template?.content.firstElementChild?.cloneNode(true) as HTMLElement;
  panel.dataset.name = name;
  panel.setAttribute('aria-label', name);
  const title = panel.querySelector('h2');
  if (title) title.textContent = name;
  document.querySelector('#peers')?.append(panel);
  new Peer(name, panel);
}
