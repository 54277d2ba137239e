import type { Channel } from './channel.ts';
import type { IceServers } from './ice-servers.ts';
import { randomId } from './random-id.ts';

/** What the two sides of a connection send one another through the server. */
export interface Signal {
  /** Which connection it belongs to. The side that offers chooses this. */
  readonly id: string;
  readonly description?: RTCSessionDescriptionInit;
  readonly candidates?: readonly RTCIceCandidateInit[];
}

export interface ConnectionOptions {
  /** Whether the server told this side to offer. It is also the impolite side of later negotiations. */
  readonly offer: boolean;
  readonly ice: IceServers;
  relay(signal: Signal): void;
  track(track: MediaStreamTrack, stream: MediaStream | undefined): void;
  /** The channel of this name, which is made if there is none yet. Undefined if the other side has too many. */
  channel(name: string): Channel | undefined;
}

/** If there is no path after this time, ICE starts again, in milliseconds. It doubles, up to 16 times this. */
const restartMs = 15_000;
/** Candidates that come within this time go in one message, in milliseconds. */
const collectMs = 20;
/** The most candidates that wait for a description. */
const maxEarly = 200;

/**
 * One RTCPeerConnection. The server tells one side to offer first. After that, both sides may offer. If two offers
 * collide, the side that was not told to offer gives way ("perfect negotiation").
 */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #ready: Promise<RTCPeerConnection>;
  #id: string | undefined;
  #rtc: RTCPeerConnection | undefined;
  #makingOffer = false;
  #ignoredOffer = false;
  #candidates: RTCIceCandidateInit[] = [];
  /** Candidates of the other side that came before its description. */
  #early: RTCIceCandidateInit[] = [];
  #collect: ReturnType<typeof setTimeout> | undefined;
  #restart: ReturnType<typeof setTimeout> | undefined;
  #restarts = 0;
  #unfollow: (() => void) | undefined;
  #closed = false;
  /** Signals are handled one after the other. */
  #work: Promise<unknown> = Promise.resolve();

  constructor(options: ConnectionOptions) {
    this.#options = options;
    if (options.offer) this.#id = randomId();
    this.#ready = this.#open();
  }

  /** Whether the signal offers another connection than this one. */
  isAnother({ id, description }: Signal): boolean {
    return this.#id !== undefined && id !== this.#id && description?.type === 'offer';
  }

  addChannel(channel: Channel): void {
    // The side that offers opens the channels. The other side gets them by the event `datachannel`.
    if (!this.#options.offer) return;
    void this.#ready.then((rtc) => {
      if (!this.#closed) channel.attach(rtc.createDataChannel(channel.name));
    });
  }

  addStream(stream: MediaStream): () => void {
    const senders = this.#ready.then((rtc) =>
      this.#closed ? [] : stream.getTracks().map((track) => rtc.addTrack(track, stream)),
    );
    return () =>
      void Promise.all([this.#ready, senders]).then(([rtc, all]) => {
        if (!this.#closed) for (const sender of all) rtc.removeTrack(sender);
      });
  }

  receive(signal: Signal): void {
    this.#work = this.#work.then(() => this.#receive(signal)).catch(() => undefined);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#restart);
    clearTimeout(this.#collect);
    this.#unfollow?.();
    this.#rtc?.close();
  }

  async #open(): Promise<RTCPeerConnection> {
    const { ice } = this.#options;
    const rtc = new RTCPeerConnection(await ice.current());
    this.#rtc = rtc;
    if (this.#closed) rtc.close();
    // The new servers are used when ICE starts again. Older versions of Firefox have no `setConfiguration`.
    else this.#unfollow = ice.follow((configuration) => rtc.setConfiguration?.(configuration));
    rtc.onnegotiationneeded = () => void this.#offer(rtc);
    rtc.onicecandidate = ({ candidate }) => candidate && this.#gather(candidate.toJSON());
    rtc.ontrack = ({ track, streams: [stream] }) => this.#options.track(track, stream);
    rtc.ondatachannel = ({ channel: data }) => {
      const channel = this.#options.channel(data.label);
      if (channel) channel.attach(data);
      else data.close();
    };
    rtc.oniceconnectionstatechange = () => this.#watch(rtc);
    return rtc;
  }

  async #offer(rtc: RTCPeerConnection): Promise<void> {
    // The other side makes the first offer, which names the connection.
    if (this.#id === undefined) return;
    try {
      this.#makingOffer = true;
      await rtc.setLocalDescription();
      this.#relayDescription(rtc);
    } catch {
      // The connection was closed meanwhile.
    } finally {
      this.#makingOffer = false;
    }
  }

  async #receive({ id, description, candidates = [] }: Signal): Promise<void> {
    const rtc = await this.#ready;
    if (this.#closed) return;
    if (this.#id === undefined && description?.type === 'offer') this.#id = id;
    // The signal belongs to a connection that is over.
    if (id !== this.#id) return;
    if (description) await this.#describe(rtc, description);
    for (const candidate of candidates) await this.#add(rtc, candidate);
  }

  async #describe(rtc: RTCPeerConnection, description: RTCSessionDescriptionInit): Promise<void> {
    // While this device slept, credentials of TURN servers may have expired.
    if (description.type === 'offer') await this.#options.ice.current();
    const collides = description.type === 'offer' && (this.#makingOffer || rtc.signalingState !== 'stable');
    this.#ignoredOffer = collides && this.#options.offer;
    if (this.#ignoredOffer) return;
    await rtc.setRemoteDescription(description);
    for (const candidate of this.#early.splice(0)) await this.#add(rtc, candidate);
    if (description.type !== 'offer') return;
    await rtc.setLocalDescription();
    this.#relayDescription(rtc);
  }

  async #add(rtc: RTCPeerConnection, candidate: RTCIceCandidateInit): Promise<void> {
    if (rtc.remoteDescription) {
      // One candidate that is of no use, or that belongs to an ignored offer, must not keep the others away.
      await rtc.addIceCandidate(candidate).catch(() => undefined);
    } else {
      if (this.#early.length < maxEarly) this.#early.push(candidate);
    }
  }

  #relayDescription(rtc: RTCPeerConnection): void {
    const description = rtc.localDescription?.toJSON() as RTCSessionDescriptionInit | undefined;
    if (!this.#closed && this.#id !== undefined && description) {
      this.#options.relay({ id: this.#id, description });
    }
  }

  #gather(candidate: RTCIceCandidateInit): void {
    this.#candidates.push(candidate);
    this.#collect ??= setTimeout(() => {
      this.#collect = undefined;
      if (this.#id !== undefined) {
        this.#options.relay({ id: this.#id, candidates: this.#candidates.splice(0) });
      }
    }, collectMs);
  }

  /** If the path is lost, or does not come about, the side that offers starts ICE again. */
  #watch(rtc: RTCPeerConnection): void {
    const { iceConnectionState: state } = rtc;
    clearTimeout(this.#restart);
    if (this.#closed || !this.#options.offer) return;
    if (state === 'connected' || state === 'completed') {
      this.#restarts = 0;
    } else if (state === 'failed' || state === 'disconnected' || state === 'checking') {
      const first = state === 'failed' && this.#restarts === 0;
      const waitMs = first ? 0 : restartMs * 2 ** Math.min(this.#restarts, 4);
      this.#restart = setTimeout(() => {
        this.#restarts += 1;
        void this.#options.ice.current().then(() => rtc.restartIce());
      }, waitMs);
    }
  }
}
