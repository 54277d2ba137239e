import type { Path } from '../../client/index.ts';
import { find } from './find.ts';

export interface Person {
  readonly name: string;
  readonly colour: string;
  /** Undefined for this page itself. */
  readonly path: Path | undefined;
}

const explanations: Readonly<Record<Path, string>> = {
  direct: 'Strokes go straight to this person, over WebRTC.',
  relayed: 'Strokes go through the server: there is no direct path, or not yet.',
};

/** Shows the people in the room, and the path to each: direct or through the server. */
export function showPeople(people: readonly Person[]): void {
  find('count').textContent = `· ${people.length}`;
  find('people').replaceChildren(...people.map(lineOf));
}

function lineOf({ name, colour, path }: Person): HTMLElement {
  const line = document.createElement('li');
  line.style.setProperty('--swatch', colour);
  const who = document.createElement('span');
  who.className = 'who';
  who.textContent = name;
  line.append(who);
  if (path === undefined) {
    const you = document.createElement('small');
    you.textContent = ' (you)';
    who.append(you);
  } else {
    const badge = document.createElement('span');
    badge.className = 'path';
    badge.dataset.path = badge.textContent = path;
    badge.title = explanations[path];
    line.append(badge);
  }
  return line;
}
