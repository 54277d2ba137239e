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
  oniceconnectionstatechange: (() => void) | undefined;
  iceConnectionState = 'new';
  /** The user names that it was given later, and the restarts of ICE, in order. */
  readonly done: (string | undefined)[] = [];

  constructor(config: RTCConfiguration) {
    this.config = config;
    FakeConnection.all.push(this);
  }

  createDataChannel(label: string): FakeChannel {
    return new FakeChannel(label);
  }

  setConfiguration({ iceServers }: RTCConfiguration): void {
    this.done.push(iceServers?.[0]?.username);
  }

  restartIce(): void {
    this.done.push('restart');
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

test('a device that has slept past the end of its TURN credential gets another before it looks for a new path', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  onTestFinished(() => void vi.useRealTimers());
  let asked = 0;
  const { url } = await serveSignalbox({
    ttlSeconds: 7200,
    iceServersFor: () => {
      asked += 1;
      const expiresAt = new Date(Date.now() + 600_000);
      return [{ urls: ['turn:turn.example.org'], username: `n${asked}`, credential: 's3cret', expiresAt }];
    },
  });
  const ben = await open(url, { username: 'ben' });
  await ben.join('lobby');
  const ada = await open(url, { username: 'ada' });
  // Ada has come later, so she offers, and starts ICE again.
  const peer = await meets(await ada.join('lobby'), 'ben');
  fakeWebRtc();
  peer.channel('c');
  await expect.poll(() => FakeConnection.all[0]?.oniceconnectionstatechange).toBeDefined();
  const [connection] = FakeConnection.all;
  if (!connection) throw new Error('There is a connection.');
  expect(connection.config.iceServers?.[0]?.username).toBe('n1');
  // The timers of the client stood still meanwhile.
  vi.setSystemTime(Date.now() + 1_200_000);
  connection.iceConnectionState = 'failed';
  connection.oniceconnectionstatechange?.();
  await expect.poll(() => connection.done).toEqual(['n2', 'restart']);
});
