/** What goes through the server before the data channel is open. */
export interface Signal {
  readonly description?: RTCSessionDescriptionInit;
  readonly candidate?: RTCIceCandidateInit;
}

export interface DataChannelEvents {
  relay(event: string, data: Signal): void;
  opened(): void;
  message(text: string): void;
}

/** One data channel, in the fewest steps: an offer, an answer, and candidates both ways. */
export class DataChannel {
  readonly #events: DataChannelEvents;
  #rtc: RTCPeerConnection | undefined;
  #channel: RTCDataChannel | undefined;
  #early: RTCIceCandidateInit[] = [];

  constructor(events: DataChannelEvents) {
    this.#events = events;
  }

  get isOpen(): boolean {
    return this.#channel?.readyState === 'open';
  }

  async offer(): Promise<void> {
    const rtc = this.#renew();
    this.#take(rtc.createDataChannel('hello'));
    await rtc.setLocalDescription();
    this.#describe('offer', rtc);
  }

  async receive(event: string, { description, candidate }: Signal): Promise<void> {
    if (description?.type === 'offer') {
      const rtc = this.#renew();
      await this.#accept(rtc, description);
      await rtc.setLocalDescription();
      this.#describe('answer', rtc);
    } else if (description && this.#rtc) {
      await this.#accept(this.#rtc, description);
    } else if (event === 'candidate' && candidate) {
      if (this.#rtc?.remoteDescription) await this.#rtc.addIceCandidate(candidate);
      else this.#early.push(candidate);
    }
  }

  send(text: string): void {
    this.#channel?.send(text);
  }

  close(): void {
    this.#rtc?.close();
    this.#rtc = this.#channel = undefined;
    this.#early = [];
  }

  #renew(): RTCPeerConnection {
    this.close();
    const rtc = new RTCPeerConnection();
    this.#rtc = rtc;
    rtc.onicecandidate = ({ candidate }) =>
      candidate && this.#events.relay('candidate', { candidate: candidate.toJSON() });
    rtc.ondatachannel = ({ channel }) => this.#take(channel);
    return rtc;
  }

  async #accept(rtc: RTCPeerConnection, description: RTCSessionDescriptionInit): Promise<void> {
    await rtc.setRemoteDescription(description);
    for (const candidate of this.#early.splice(0)) await rtc.addIceCandidate(candidate);
  }

  #describe(event: string, { localDescription }: RTCPeerConnection): void {
    if (localDescription) this.#events.relay(event, { description: localDescription.toJSON() });
  }

  #take(channel: RTCDataChannel): void {
    this.#channel = channel;
    channel.onopen = () => this.#events.opened();
    channel.onmessage = ({ data }) => this.#events.message(String(data));
  }
}
