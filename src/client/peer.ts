import { Channel, type ChannelLink } from './channel.ts';
import { Connection, type Signal } from './connection.ts';
import { Emitter } from './emitter.ts';
import type { IceServers } from './ice-servers.ts';
import { randomId } from './random-id.ts';
import type { RemotePeer } from './remote-peer.ts';
import type { Json, PeerInfo } from './types.ts';

export interface PeerLink {
  relay(event: string, data: Json): Promise<unknown>;
  readonly ice: IceServers;
}

export interface PeerEvents {
  /** How data reaches the peer has changed: see `peer.path`. */
  path: [path: Path];
  /** The peer has added media of its own. */
  track: [track: MediaStreamTrack, stream: MediaStream | undefined];
}

/** `direct`: over WebRTC. `relayed`: through the server, while no WebRTC connection works. */
export type Path = 'direct' | 'relayed';

/** How long to wait before a connection that broke is made anew, in milliseconds. It doubles, up to 16 times this. */
const reconnectMs = 2000;
/** The most channels that the other side can open. */
const maxChannels = 32;

/** Another peer in a room, and the connections to it. */
export class Peer extends Emitter<PeerEvents> implements RemotePeer {
  readonly id: string;
  readonly username: string;
  readonly guest: boolean;
  /** Whether the peer was in the room before this client. */
  readonly wasHere: boolean;
  state: Json;
  readonly #link: PeerLink;
  readonly #mark = randomId();
  readonly #limit = { characters: Number.POSITIVE_INFINITY };
  readonly #channels = new Map<string, Channel>();
  readonly #streams = new Map<MediaStream, (() => void) | undefined>();
  #connection: Connection | undefined;
  #reconnect: ReturnType<typeof setTimeout> | undefined;
  #losses = 0;
  #path: Path = 'relayed';
  #closed = false;

  constructor({ id, username, guest }: PeerInfo, state: Json, offer: boolean, link: PeerLink) {
    super();
    this.id = id;
    this.username = username;
    this.guest = guest;
    this.state = state;
    this.wasHere = offer;
    this.#link = link;
  }

  get path(): Path {
    return this.#path;
  }

  /** A channel to the peer by its name, opened by both sides. Its messages arrive in order, direct or relayed. */
  channel(name: string): Channel {
    let channel = this.#channels.get(name);
    if (!channel) {
      const link: ChannelLink = {
        mark: this.#mark,
        relay: (data) => this.#link.relay('data', data as Json),
        limit: this.#limit,
        changed: () => this.#updatePath(),
        lost: () => this.#lost(),
      };
      channel = new Channel(name, link);
      this.#channels.set(name, channel);
      if (this.#connection) this.#connection.addChannel(channel);
      else this.#connect();
    }
    return channel;
  }

  /** Sends audio or video to the peer. Returns a function that stops it. */
  call(stream: MediaStream): () => void {
    const connection = this.#connect();
    if (!this.#streams.has(stream)) this.#streams.set(stream, connection?.addStream(stream));
    return () => {
      this.#streams.get(stream)?.();
      this.#streams.delete(stream);
    };
  }

  /** For the room: the peer's mesh has sent something. */
  receive(event: string, data: Json): void {
    // A peer can send anything.
    if (this.#closed || typeof data !== 'object' || data === null) return;
    if (event === 'data') {
      const { channel, frame } = data as { channel: string; frame: Json };
      if (typeof channel !== 'string' || !Array.isArray(frame)) return;
      this.#channelOfOther(channel)?.receive(frame as unknown as Parameters<Channel['receive']>[0]);
      return;
    }
    const signal = data as unknown as Signal;
    // The peer that offers has made its connection anew.
    if (!this.wasHere && this.#connection?.isAnother(signal)) this.#disconnect();
    this.#connect()?.receive(signal);
  }

  /** The channel that the other side has named, unless it has opened too many. */
  #channelOfOther(name: string): Channel | undefined {
    return this.#channels.has(name) || this.#channels.size < maxChannels ? this.channel(name) : undefined;
  }

  /** For the room: the peer is gone. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#reconnect);
    this.#disconnect();
    for (const channel of this.#channels.values()) channel.close();
  }

  #relay(event: string, data: unknown): void {
    // The server refuses this only if one of the two has left the room: then the room closes this peer.
    if (!this.#closed) this.#link.relay(event, data as Json).catch(() => undefined);
  }

  /** Undefined where there is no WebRTC, as in Node.js: channels are relayed then. */
  #connect(): Connection | undefined {
    if (typeof RTCPeerConnection === 'undefined' || this.#closed) return undefined;
    if (this.#connection) return this.#connection;
    const connection = new Connection({
      offer: this.wasHere,
      ice: this.#link.ice,
      relay: (signal) => this.#relay('signal', signal),
      track: (track, stream) => this.emit('track', track, stream),
      channel: (name) => this.#channelOfOther(name),
    });
    this.#connection = connection;
    for (const channel of this.#channels.values()) connection.addChannel(channel);
    for (const stream of this.#streams.keys()) this.#streams.set(stream, connection.addStream(stream));
    return connection;
  }

  #disconnect(): void {
    this.#connection?.close();
    this.#connection = undefined;
  }

  /** A data channel has ended. The side that offers makes a new connection, and the other side answers it. */
  #lost(): void {
    if (this.#closed || !this.wasHere || this.#reconnect) return;
    this.#reconnect = setTimeout(
      () => {
        this.#reconnect = undefined;
        this.#disconnect();
        this.#connect();
      },
      reconnectMs * 2 ** Math.min(this.#losses++, 4),
    );
  }

  #updatePath(): void {
    const direct = [...this.#channels.values()].some((channel) => channel.direct);
    const path = direct && !this.#closed ? 'direct' : 'relayed';
    if (this.#path === path) return;
    this.#path = path;
    this.emit('path', path);
  }
}
