import { type Message, wordsFor } from '../message-words.ts';

/** How many messages are shown: the newest. */
const maxShown = 200;

/** The list of all messages of one peer, the newest first. */
export class MessageList {
  readonly #list: HTMLElement;
  readonly #count: HTMLElement;
  #total = 0;

  constructor(list: HTMLElement, count: HTMLElement) {
    this.#list = list;
    this.#count = count;
  }

  /** Adds a message, with what it means in words. */
  add(message: Message): void {
    const { __typename, ...fields } = message;
    this.#total += 1;
    this.#count.textContent = `· ${this.#total}`;
    this.#append(__typename, wordsFor(message), JSON.stringify(fields), __typename === 'Connected');
  }

  /** Adds something that happened on this page and is no message. */
  note(title: string, words: string): void {
    this.#append(title, words, '', false);
  }

  #append(title: string, words: string, json: string, isMarked: boolean): void {
    this.#list.querySelector('.none')?.remove();
    const item = document.createElement('li');
    if (isMarked) item.className = 'mark';
    const time = document.createElement('time');
    time.textContent = new Date().toLocaleTimeString([], { hour12: false });
    const strong = document.createElement('strong');
    strong.textContent = title;
    item.append(time, strong, ` ${words}`);
    if (json !== '') {
      const code = document.createElement('code');
      code.textContent = json;
      item.append(code);
    }
    this.#list.prepend(item);
    while (this.#list.childElementCount > maxShown) this.#list.lastElementChild?.remove();
  }
}
