import { expect, onTestFinished, test, vi } from 'vitest';
import { serveSignalbox } from '../http/support.ts';
import { meets, open } from './support.ts';

/** A data channel that is always open. */
class FakeChannel extends EventTarget {
  readonly label: string;
  readyState = 'open';

  constructor(label: string) {
    super();
    this.label = label;
  }

  send(): void {}

  close(): void {
    this.readyState = 'closed';
    this.dispatchEvent(new Event('close'));
  }
}

/** Stands in for the browser's RTCPeerConnection. It connects to nothing. */
class FakeConnection {
  static readonly all: FakeConnection[] = [];
  readonly config: RTCConfiguration;
  ondatachannel: ((event: { readonly channel: FakeChannel }) => void) | undefined;

  constructor(config: RTCConfiguration) {
    this.config = config;
    FakeConnection.all.push(this);
  }

  createDataChannel(label: string): FakeChannel {
    return new FakeChannel(label);
  }

  close(): void {}
}

function fakeWebRtc(): void {
  FakeConnection.all.length = 0;
  vi.stubGlobal('RTCPeerConnection', FakeConnection);
  onTestFinished(() => void vi.unstubAllGlobals());
}

test('a peer that opens data channels without end gets 32, and the others are closed', async () => {
  const { url } = await serveSignalbox();
  const ada = await open(url, { username: 'ada' });
  const ben = await open(url, { username: 'ben' });
  const room = await ada.join('lobby');
  await ben.join('lobby');
  const peer = await meets(room, 'ben');
  fakeWebRtc();
  peer.channel('mine');
  await expect.poll(() => FakeConnection.all[0]?.ondatachannel).toBeDefined();
  const opened = Array.from({ length: 200 }, (_, n) => new FakeChannel(`c${n}`));
  for (const channel of opened) FakeConnection.all[0]?.ondatachannel?.({ channel });
  expect(opened.filter(({ readyState }) => readyState === 'open')).toHaveLength(31);
  // One that is open already may be opened anew.
  const again = new FakeChannel('mine');
  FakeConnection.all[0]?.ondatachannel?.({ channel: again });
  expect(again.readyState).toBe('open');
});

test('the mesh takes the STUN and TURN servers of the server, or those that the page gives', async () => {
  const turn = { urls: ['turn:turn.example.org'], username: 'ada', credential: 's3cret' };
  const { url } = await serveSignalbox({ iceServersFor: () => [{ urls: ['stun:stun.example.org'] }, turn] });
  const own = [{ urls: 'stun:own.example.org' }];
  const ada = await open(url, { username: 'ada' });
  const ben = await open(url, { username: 'ben', iceServers: own });
  const adasRoom = await ada.join('lobby');
  const bensRoom = await ben.join('lobby');
  const [adasBen, bensAda] = await Promise.all([meets(adasRoom, 'ben'), meets(bensRoom, 'ada')]);
  fakeWebRtc();
  adasBen.channel('c');
  bensAda.channel('c');
  await expect.poll(() => FakeConnection.all.length).toBe(2);
  const configs = FakeConnection.all.map(({ config }) => config.iceServers);
  expect(configs).toContainEqual(own);
  expect(configs).toContainEqual([{ urls: ['stun:stun.example.org'] }, turn]);
});
