import { fetchEventSource } from '@microsoft/fetch-event-source';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { engineOf, serve, TestResults } from '../../http/support.ts';
import { counted, expectWarning, stage } from './warnings.ts';

/** What fetch-event-source.md says that the package cannot do. It asks its page only whether the tab is hidden. */

const body = JSON.stringify({ query: 'subscription { messages(join: [{ roomId: "lobby" }]) { cursor } }' });
const json = { 'content-type': 'application/json' };

let tab: EventTarget & { hidden: boolean };

function hide(): void {
  tab.hidden = true;
  tab.dispatchEvent(new Event('visibilitychange'));
}

/** Opens a stream in a tab until the test ends. Open our own client before, or it would take this tab for its own. */
function follow(url: string, options: Parameters<typeof fetchEventSource>[1]): Promise<void> {
  if (typeof document === 'undefined') {
    tab = Object.assign(new EventTarget(), { hidden: false });
    vi.stubGlobal('document', tab);
    vi.stubGlobal('window', globalThis);
    onTestFinished(() => void vi.unstubAllGlobals());
  }
  const control = new AbortController();
  onTestFinished(() => control.abort());
  return fetchEventSource(url, { method: 'POST', body, fetch, signal: control.signal, ...options });
}

describe('fetch-event-source', () => {
  test('G4: it closes the stream of a hidden tab, so that the peer leaves its rooms, unless openWhenHidden is set', async () => {
    expectWarning('fetch-event-source', 'It closes the stream in a hidden tab,');
    const { url, room, tokenFor } = await stage();
    const left: string[] = [];
    room.on('left', ({ username }, reason) => left.push(`${username} ${reason}`));
    for (const openWhenHidden of [true, false]) {
      const authorization = `Bearer ${await tokenFor(openWhenHidden ? 'stays' : 'hides')}`;
      void follow(url, { headers: { ...json, authorization }, openWhenHidden });
    }
    await expect.poll(() => room.peers.map(({ username }) => username).sort()).toEqual(['hides', 'stays']);
    hide();
    // The grace period of this server is 5 seconds.
    await expect.poll(() => left).toEqual(['hides DISCONNECTED']);
    expect(room.peers.map(({ username }) => username)).toEqual(['stays']);
  });

  test('it takes the end of a response for the end of the stream', async () => {
    expectWarning('fetch-event-source', 'It takes the end of a response for the end of the stream.');
    // As a proxy ends a stream that was cut: there is no `complete`.
    const { url } = await serve(engineOf(new TestResults()));
    const ended: typeof fetch = async (...args) => {
      await (await fetch(...args)).body?.cancel();
      return new Response('event: next\ndata: {}\n\n', { headers: { 'content-type': 'text/event-stream' } });
    };
    await expect(follow(url, { headers: json, fetch: ended })).resolves.toBeUndefined();
  });

  test('it retries after a 401, after one second each time', async () => {
    expectWarning('fetch-event-source', 'By default it retries after every error,');
    const { url } = await stage();
    const { fetch, calls } = counted();
    const since = performance.now();
    void follow(url, { headers: { ...json, authorization: 'Bearer wrong' }, fetch });
    await expect.poll(calls).toBe(3);
    expect(performance.now() - since).toBeGreaterThan(1900);
  });
});
