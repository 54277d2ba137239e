import { type Answer, type Request, toCurl, toGraphQL } from './api.ts';

/** What one click sent: one request or several, and the answer to the last. */
interface Click {
  readonly title: string;
  graphql: string;
  curl: string;
  answer: string;
  failed: boolean;
}

/** How many of the newest clicks are kept. */
const maxClicks = 50;

/** The pane "Sent" of a peer: for each click, the GraphQL and the curl that did it, and the answer. */
export class Sent {
  readonly #pane: HTMLElement;
  readonly #select: HTMLSelectElement;
  #clicks: Click[] = [];
  #shown: Click | undefined;
  #view: 'graphql' | 'curl' = 'graphql';
  #count = 0;

  constructor(pane: HTMLElement) {
    this.#pane = pane;
    // On a phone, the two peers stand side by side, and a pane that is open takes the width of the screen.
    if (matchMedia('(max-width: 760px)').matches) pane.removeAttribute('open');
    this.#select = this.#part<HTMLSelectElement>('select');
    this.#select.addEventListener('change', () => this.#show(this.#clicks[this.#select.selectedIndex]));
    for (const button of pane.querySelectorAll<HTMLButtonElement>('[data-view]')) {
      button.addEventListener('click', () => {
        this.#view = button.dataset.view as 'graphql' | 'curl';
        this.#show(this.#shown);
      });
    }
    const copy = this.#part<HTMLButtonElement>('[data-copy]');
    copy.addEventListener('click', async () => {
      await navigator.clipboard.writeText(this.#shown?.[this.#view] ?? '').catch(() => undefined);
      copy.textContent = 'Copied';
      setTimeout(() => {
        copy.textContent = 'Copy';
      }, 1500);
    });
  }

  /** Begins a click, and shows it. What is sent from now on is part of it. */
  begin(title: string): void {
    this.#count += 1;
    const click = { title: `${this.#count}. ${title}`, graphql: '', curl: '', answer: '', failed: false };
    this.#clicks = [click, ...this.#clicks].slice(0, maxClicks);
    this.#select.replaceChildren(...this.#clicks.map((each) => new Option(each.title)));
    this.#select.hidden = false;
    this.#show(click);
  }

  /**
   * Begins something that no click caused. If the newest click has sent nothing yet, it is part of that click. Several
   * with one title in a row are shown as one.
   */
  beginAgain(title: string): void {
    const [newest] = this.#clicks;
    if (newest?.graphql === '') return;
    if (newest?.title.endsWith(`. ${title}`)) Object.assign(newest, { graphql: '', curl: '' });
    else this.begin(title);
  }

  /** Adds a request to the newest click. Returns the function that takes its answer. */
  add(token: string | undefined, request: Request, isStream: boolean): (answer: Answer | undefined) => void {
    const [click] = this.#clicks;
    if (!click) return () => undefined;
    click.graphql = joined(click.graphql, toGraphQL(request));
    click.curl = joined(click.curl, toCurl(token, request, isStream));
    click.answer = isStream ? 'A stream: its messages are below.' : '';
    this.#show(click);
    return (answer) => {
      click.answer = answer ? short(JSON.stringify(answer)) : 'No answer came. Is the server running?';
      click.failed = answer?.errors !== undefined || !answer;
      if (this.#shown === click) this.#show(click);
    };
  }

  #show(click: Click | undefined): void {
    this.#shown = click;
    for (const button of this.#pane.querySelectorAll<HTMLElement>('[data-view]')) {
      button.setAttribute('aria-pressed', String(button.dataset.view === this.#view));
    }
    if (!click) return;
    this.#select.selectedIndex = this.#clicks.indexOf(click);
    this.#part('pre code').textContent = click[this.#view];
    this.#part('.answer').textContent = click.answer;
    this.#part('.answer').classList.toggle('bad', click.failed);
  }

  #part<Type extends HTMLElement = HTMLElement>(selector: string): Type {
    const element = this.#pane.querySelector<Type>(selector);
    if (!element) throw new Error(`There is no ${selector} in the pane.`);
    return element;
  }
}

function joined(before: string, text: string): string {
  return before === '' ? text : `${before}\n\n${text}`;
}

/** A token is long, and there is nothing to read in it. */
function short(json: string): string {
  return json.replace(/("token":"[^"]{12})[^"]*/, '$1…');
}
