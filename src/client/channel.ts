import { Emitter } from './emitter.ts';
import { type Json, SignalboxError } from './types.ts';

export interface ChannelLink {
  /** This side's mark: a peer that begins a new session has another. */
  readonly mark: string;
  /** Sends a frame through the server. Rejects if the server refuses it. */
  relay(data: { readonly channel: string; readonly frame: Json }): Promise<unknown>;
  /** The most characters of a frame that the server takes, as far as that is known. All channels to a peer share it. */
  readonly limit: { characters: number };
  /** `direct` may have changed. */
  changed(): void;
  /** The data channel has ended while the peer is still there. */
  lost(): void;
}

export interface ChannelEvents {
  /** The peer has sent a message: any JSON value. The first listener also gets the messages that came before it. */
  message: [data: unknown];
  /** The peer is gone. Nothing can be sent any more. */
  close: [];
  /** A message is lost: the server refuses even the smallest parts of messages on this channel (MAX_DATA_BYTES). */
  error: [error: SignalboxError];
}

/**
 * A part of a message: the mark of its sender, its number, its text, and 1 if the message has more parts. If the server
 * refuses a frame as too large, it goes in pieces that all have its number. A piece has a fifth element: 0 if it is the
 * last, otherwise 1.
 */
type Frame = readonly [mark: string, n: number, text: string, more: 0 | 1, rest?: 0 | 1];
/** A text on a data channel: a frame, the number of frames received from this mark, or a request for that number. */
type Packet = Frame | readonly [mark: string, count: number] | readonly [];

/** The most characters in a frame: a data channel takes 256 KiB, the server 64 KiB. */
const maxCharacters = 12_000;
/** The most frames that wait for a confirmation, or for a missing frame before them. */
const maxWaiting = 1000;
/** A longer message is not taken. */
const maxMessageCharacters = 16 * 1024 * 1024;
const confirmAfterFrames = 32;
const confirmAfterMs = 200;
/** A data channel that confirms nothing for this long is not used until it confirms something. */
const stallMs = 4000;

/**
 * A channel to one peer. Messages go over a data channel while it works, and through the server otherwise. Frames have
 * numbers, so the receiver can put the frames of both paths in order, and takes each once. When the data channel breaks
 * or stalls, the frames that it has not confirmed go through the server.
 */
export class Channel extends Emitter<ChannelEvents> {
  readonly name: string;
  readonly #link: ChannelLink;
  #data: RTCDataChannel | undefined;
  #stalled = false;
  #closed = false;
  #sent = 0;
  /** Frames that the peer has not confirmed. While the data channel is stalled, also those sent through the server. */
  #unconfirmed: Frame[] = [];
  #stall: ReturnType<typeof setTimeout> | undefined;
  #confirm: ReturnType<typeof setTimeout> | undefined;
  /** The mark of the other side. */
  #from = '';
  #received = 0;
  #confirmed = 0;
  readonly #early = new Map<number, Frame>();
  /** The texts so far of frames that come in pieces, by their numbers. */
  readonly #pieces = new Map<number, string>();
  #text = '';
  /** Messages that came before there was a listener, and the characters of their texts. */
  #unheard: unknown[] | undefined = [];
  #unheardCharacters = 0;

  constructor(name: string, link: ChannelLink) {
    super();
    this.name = name;
    this.#link = link;
  }

  /** Whether messages go over WebRTC now. */
  get direct(): boolean {
    return this.#data?.readyState === 'open' && !this.#stalled;
  }

  /** Sends any JSON value. */
  send(data: unknown): void {
    const text = JSON.stringify(data);
    for (let at = 0; at < text.length && !this.#closed; at += maxCharacters) {
      this.#sent += 1;
      const more = at + maxCharacters < text.length ? 1 : 0;
      this.#sendFrame([this.#link.mark, this.#sent, text.slice(at, at + maxCharacters), more]);
    }
  }

  override on<Name extends keyof ChannelEvents>(
    name: Name,
    listener: (...args: ChannelEvents[Name]) => void,
  ): () => void {
    const off = super.on(name, listener);
    if (name === 'message') {
      const unheard = this.#unheard ?? [];
      this.#unheard = undefined;
      for (const data of unheard) this.emit('message', data);
    }
    return off;
  }

  /** For the connection: the data channel of this name. */
  attach(data: RTCDataChannel): void {
    this.#data?.close();
    // Nothing confirms the frames on the old data channel any more.
    this.#relayUnconfirmed();
    this.#data = data;
    data.addEventListener('message', ({ data: text }) => {
      const packet = parsed(String(text));
      if (Array.isArray(packet)) this.#take(packet as unknown as Packet);
    });
    data.addEventListener('open', () => this.#link.changed());
    data.addEventListener('close', () => {
      if (this.#data !== data) return;
      this.#data = undefined;
      this.#relayUnconfirmed();
      this.#link.changed();
      if (!this.#closed) this.#link.lost();
    });
    this.#link.changed();
  }

  /** For the peer: a frame has come, over either path. */
  receive(frame: Frame): void {
    const [mark, n, text, more, rest] = frame;
    // A peer can send anything.
    if (typeof mark !== 'string' || !Number.isSafeInteger(n) || typeof text !== 'string') return;
    if (mark !== this.#from) {
      this.#from = mark;
      this.#received = this.#confirmed = 0;
      this.#early.clear();
      this.#pieces.clear();
      this.#text = '';
    }
    // No client sends more in one frame.
    if (text.length > maxCharacters) return;
    if (n <= this.#received || (this.#early.size >= maxWaiting && n !== this.#received + 1)) return;
    // The whole frame may also come over the data channel.
    const whole = rest === undefined ? text : (this.#pieces.get(n) ?? '') + text;
    if (rest) {
      if (whole.length <= maxCharacters && this.#pieces.size < maxWaiting) this.#pieces.set(n, whole);
      return;
    }
    this.#pieces.delete(n);
    this.#early.set(n, [mark, n, whole, more]);
    for (;;) {
      const next = this.#early.get(this.#received + 1);
      if (!next) return;
      this.#received += 1;
      this.#early.delete(this.#received);
      this.#text += next[2];
      if (this.#text.length > maxMessageCharacters) this.#text = '';
      if (next[3]) continue;
      const { length } = this.#text;
      const data = parsed(this.#text);
      this.#text = '';
      if (data === undefined) continue;
      if (!this.#unheard) this.emit('message', data);
      else this.#keepUnheard(data, length);
    }
  }

  /** A peer can open channels that nobody listens to. */
  #keepUnheard(data: unknown, characters: number): void {
    if (!this.#unheard || this.#unheard.length >= maxWaiting) return;
    if (this.#unheardCharacters + characters > maxMessageCharacters) return;
    this.#unheardCharacters += characters;
    this.#unheard.push(data);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#stall);
    clearTimeout(this.#confirm);
    this.#data?.close();
    this.emit('close');
  }

  #sendFrame(frame: Frame): void {
    const isPut = this.direct && this.#put(frame);
    if (isPut || this.#stalled) this.#unconfirmed.push(frame);
    if (!isPut) {
      void this.#relay(frame);
      if (this.#unconfirmed.length > maxWaiting) this.#unconfirmed.shift();
    } else if (this.#unconfirmed.length > maxWaiting) this.#stop();
    else this.#stall ??= setTimeout(() => this.#stop(), stallMs);
  }

  /** Sends a frame through the server: in one piece, unless the server refuses that as too large. */
  async #relay([mark, n, text, more]: Frame): Promise<void> {
    const { limit } = this.#link;
    for (let at = 0; at < text.length && !this.#closed; ) {
      const piece = text.slice(at, at + limit.characters);
      const rest = at + piece.length < text.length ? 1 : 0;
      try {
        const isWhole = piece.length === text.length;
        const frame = isWhole ? [mark, n, piece, more] : [mark, n, piece, more, rest];
        await this.#link.relay({ channel: this.name, frame });
        at += piece.length;
      } catch (error) {
        // Any other refusal means that one of the two has left the room. Then the room closes the peer.
        if (!(error instanceof SignalboxError) || error.code !== 'PAYLOAD_TOO_LARGE') return;
        if (piece.length === 1) {
          this.emit('error', error);
          return;
        }
        limit.characters = Math.min(limit.characters, Math.ceil(piece.length / 2));
      }
    }
  }

  #put(packet: Packet): boolean {
    try {
      this.#data?.send(JSON.stringify(packet));
      return this.#data !== undefined;
    } catch {
      return false;
    }
  }

  /** A packet has come over the data channel. */
  #take(packet: Packet): void {
    if (packet.length === 4) {
      this.receive(packet);
      if (this.#received - this.#confirmed >= confirmAfterFrames) this.#sendConfirmation();
      else this.#confirm ??= setTimeout(() => this.#sendConfirmation(), confirmAfterMs);
    } else if (packet.length === 0) {
      this.#sendConfirmation();
    } else if (packet[0] === this.#link.mark) {
      this.#confirmTo(packet[1]);
    }
  }

  /** The other side has all frames up to this number. */
  #confirmTo(count: number): void {
    const { length } = this.#unconfirmed;
    this.#unconfirmed = this.#unconfirmed.filter(([, n]) => n > count);
    // A peer that repeats the same number lacks a frame.
    if (this.#unconfirmed.length === length && length > 0 && !this.#stalled) return;
    clearTimeout(this.#stall);
    this.#stall = this.#unconfirmed.length > 0 ? setTimeout(() => this.#stop(), stallMs) : undefined;
    if (!this.#stalled) return;
    this.#stalled = false;
    // The server may be away, and later frames would wait for these. So they also go through the data channel.
    for (const frame of this.#unconfirmed) this.#put(frame);
    this.#link.changed();
  }

  #sendConfirmation(): void {
    clearTimeout(this.#confirm);
    this.#confirm = undefined;
    this.#confirmed = this.#received;
    this.#put([this.#from, this.#received]);
  }

  /** The data channel confirms nothing. Frames go through the server, until the data channel answers a request. */
  #stop(): void {
    clearTimeout(this.#stall);
    this.#stall = undefined;
    if (this.#closed || !this.#data) return;
    if (!this.#stalled) {
      // The peer drops the frames that it has.
      for (const frame of this.#unconfirmed) void this.#relay(frame);
      this.#stalled = true;
      this.#link.changed();
    }
    this.#put([]);
    this.#stall = setTimeout(() => this.#stop(), stallMs);
  }

  /** The data channel has ended, so its unconfirmed frames go through the server. */
  #relayUnconfirmed(): void {
    const frames = this.#unconfirmed.splice(0);
    if (!this.#stalled) for (const frame of frames) void this.#relay(frame);
    this.#stalled = false;
  }
}

/** The value of a JSON text; undefined if it is none. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
