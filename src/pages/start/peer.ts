import { randomId } from '../../client/random-id.ts';
import type { Message } from '../message-words.ts';
import { type Answer, listen, type Request, send } from './api.ts';
import { DataChannel, type Signal } from './data-channel.ts';
import { MessageList } from './message-list.ts';
import { access, joinRoom, leaveRoom, messages, relay } from './requests.ts';
import { Sent } from './sent.ts';

/** This window has a room of its own, so two visitors do not meet. */
const roomId = `lobby-${randomId()}`;
/** How long the line stays cut, in milliseconds. The session would live for GRACE_SECONDS. */
const cutMs = 1500;

type Action = 'Connect' | 'Join' | 'Say hello' | 'Open a data channel' | 'Cut the line' | 'Leave';
const actions: readonly Action[] = [
  'Connect',
  'Join',
  'Say hello',
  'Open a data channel',
  'Cut the line',
  'Leave',
];

/** One of the two clients: its buttons, its last request, and its messages. */
export class Peer {
  readonly name: string;
  readonly #root: HTMLElement;
  readonly #list: MessageList;
  readonly #buttons = new Map<Action, HTMLButtonElement>();
  readonly #channel: DataChannel;
  readonly #sent: Sent;
  /** The steps that were done already. The next step is lit up. */
  readonly #done = new Set<Action>();
  #token: string | undefined;
  #cursor: string | undefined;
  #stream: AbortController | undefined;
  #connected = false;
  #joined = false;
  #other: string | undefined;
  /** Whether the server told this side to offer (G1). */
  #offers = false;
  /** Signals are handled one after the other. */
  #work: Promise<unknown> = Promise.resolve();

  constructor(name: string, root: HTMLElement) {
    this.name = name;
    this.#root = root;
    this.#list = new MessageList(this.#part('.messages'), this.#part('.count'));
    this.#sent = new Sent(this.#part('.sent'));
    this.#channel = new DataChannel({
      relay: (event, data) => void this.#relay(event, data, event === 'offer'),
      opened: () => {
        this.#list.note('Data channel', 'open. The server is not needed for it any more.');
        this.#channel.send(`Hello from ${name}, straight from window to window.`);
      },
      message: (text) => this.#list.note('Data channel', `“${text}”`),
    });
    const press: Record<Action, () => unknown> = {
      Connect: () => this.#connect(),
      Join: () => this.#join(),
      'Say hello': () => this.#relay('hello', { text: `Hello from ${name}` }),
      'Open a data channel': () => this.#channel.offer(),
      'Cut the line': () => this.#cut(),
      Leave: () => this.#leave(),
    };
    for (const action of actions) this.#addButton(action, press[action]);
    this.#update();
  }

  async #connect(): Promise<void> {
    const { data } = await this.#send({ query: access, variables: { username: this.name } });
    const { token } = (data?.access ?? {}) as { token?: string };
    if (token === undefined) return;
    this.#token = token;
    await this.#open();
  }

  /** Opens the stream, from the last cursor if there is one. Resolves when the stream is over. */
  async #open(): Promise<void> {
    if (this.#token === undefined) return;
    const request = { query: messages, ...(this.#cursor && { variables: { after: this.#cursor } }) };
    this.#sent.add(this.#token, request, true);
    const stream = new AbortController();
    this.#stream = stream;
    try {
      await listen(this.#token, request, stream.signal, ({ data, errors }) => {
        if (data?.messages) this.#take(data.messages as Message);
        else this.#list.note('Error', errors?.[0]?.message ?? '');
      });
    } catch (error) {
      this.#list.note('Error', error instanceof Error ? error.message : String(error));
    }
    this.#connected = false;
    this.#update();
    // The server or the network cut the stream: a client comes back by itself.
    if (this.#stream === stream) setTimeout(() => this.#stream === stream && this.#comeBack(), cutMs);
  }

  #cut(): void {
    this.#stream?.abort();
    this.#stream = undefined;
    this.#list.note('Line cut', 'The peer comes back in a moment, from its last cursor.');
    setTimeout(() => this.#comeBack(), cutMs);
  }

  #comeBack(): void {
    this.#sent.beginAgain('Come back');
    void this.#open();
  }

  async #join(): Promise<void> {
    const { data } = await this.#send({ query: joinRoom, variables: { roomId } });
    this.#joined = data?.joinRoom != null;
    this.#update();
  }

  async #leave(): Promise<void> {
    await this.#send({ query: leaveRoom, variables: { roomId } });
    this.#joined = false;
    this.#other = undefined;
    this.#channel.close();
    this.#update();
  }

  async #relay(event: string, data: unknown, isShown = true): Promise<void> {
    const peerId = this.#other;
    if (peerId !== undefined)
      await this.#send({ query: relay, variables: { roomId, peerId, event, data } }, isShown);
  }

  #take(message: Message): void {
    this.#cursor = message.cursor;
    this.#list.add(message);
    switch (message.__typename) {
      case 'Connected':
        this.#connected = true;
        if (!message.resumed) this.#joined = false;
        break;
      case 'PeerAdded':
        this.#other = message.peer?.id;
        this.#offers = message.offer ?? false;
        break;
      case 'PeerRemoved':
        this.#other = undefined;
        this.#channel.close();
        break;
      case 'Signal': {
        const { event = '', data } = message;
        if (event === 'hello') break;
        this.#work = this.#work
          .then(() => this.#channel.receive(event, data as Signal))
          .catch(() => undefined);
      }
    }
    this.#update();
  }

  /** Sends a request. A request that no click caused, such as a candidate, is not shown. */
  async #send(request: Request, isShown = true): Promise<Answer> {
    const took = isShown ? this.#sent.add(this.#token, request, false) : undefined;
    const result = await send(this.#token, request).catch(() => undefined);
    took?.(result);
    return result ?? {};
  }

  #addButton(action: Action, press: () => unknown): void {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = action;
    button.addEventListener('click', () => {
      this.#done.add(action);
      this.#sent.begin(action);
      press();
      this.#update();
    });
    this.#buttons.set(action, button);
    this.#part('.buttons').append(button);
  }

  #update(): void {
    const possible: Record<Action, boolean> = {
      Connect: this.#token === undefined,
      Join: this.#connected && !this.#joined,
      'Say hello': this.#joined && this.#other !== undefined,
      'Open a data channel':
        this.#joined && this.#other !== undefined && this.#offers && !this.#channel.isOpen,
      'Cut the line': this.#connected,
      Leave: this.#joined,
    };
    const next = actions.find((action) => possible[action] && !this.#done.has(action));
    for (const [action, button] of this.#buttons) {
      button.disabled = !possible[action];
      button.classList.toggle('next', action === next);
    }
    const state = this.#part('.state');
    state.classList.toggle('good', this.#connected);
    if (!this.#connected) state.textContent = this.#token ? 'between connections' : 'not connected';
    else if (!this.#joined) state.textContent = 'connected';
    else state.textContent = this.#other ? 'in the room, with the other' : 'in the room, alone';
  }

  #part<Type extends HTMLElement = HTMLElement>(selector: string): Type {
    const element = this.#root.querySelector<Type>(selector);
    if (!element) throw new Error(`There is no ${selector} in the peer's panel.`);
    return element;
  }
}
