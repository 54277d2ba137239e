import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';

import { HonestPeer } from '../support/honest-peer.ts';
import { Ledger } from '../support/ledger.ts';
import { runAttack } from '../support/run-attack.ts';
import { until } from '../support/until.ts';
import { hubs, startPair } from './nodes.ts';

const rates = { RATE_PEER: '1', RATE_ADDRESS: '1' };
const attackSeconds = 5;
const roomSize = 5;

/** Members of one room, whose streams and calls are at different nodes. */
async function roomOfPeers(urls: readonly string[], room: string, ledger: Ledger): Promise<HonestPeer[]> {
  const peers: HonestPeer[] = [];
  for (let i = 0; i < roomSize; i++) {
    const [url = '', home = ''] = i % 2 === 0 ? urls : urls.toReversed();
    peers.push(await HonestPeer.arrive({ url, home }, `127.1.1.${1 + i}`, room, ledger));
  }
  for (const peer of peers) peer.meet(peers);
  return peers;
}

describe.each(hubs)('%s: honest peers, under all attacks at the same time', (hub) => {
  it('G3, G13: they lose nothing, get nothing twice, resume, and meet no limit', {
    timeout: 120_000,
  }, async () => {
    await using nodes = await startPair(hub, rates);
    const ledger = new Ledger();
    const urls = [nodes.a.url, nodes.b.url];
    const peers = [...(await roomOfPeers(urls, 'one', ledger)), ...(await roomOfPeers(urls, 'two', ledger))];
    onTestFinished(async () => {
      for (const peer of peers) await peer.leave();
    });
    let over = false;
    const attack = runAttack('all', nodes.a.url, attackSeconds).finally(() => {
      over = true;
    });
    const busy = peers.map(async (peer, i) => {
      for (let n = i; !over; n++) {
        if (n % 10 === 0) await peer.blip(100);
        else if (n % 3 === 0) await peer.broadcast(`${n}`);
        else await peer.relay(`${n}`);
        await sleep(50);
      }
    });
    await Promise.all([attack, ...busy]);
    await until(() => ledger.settled, 'all messages arrive');
    expect(ledger.findings).toMatchObject({ lost: 0, doubled: 0, outOfOrder: 0, begunAnew: 0 });
    expect(ledger.findings.sent).toBeGreaterThan(peers.length);
    expect(ledger.findings.resumed).toBeGreaterThan(0);
    expect(ledger.refusals).not.toHaveProperty('RATE_LIMITED');
    expect(ledger.refusals).not.toHaveProperty('stream RATE_LIMITED');
    for (const { url } of [nodes.a, nodes.b]) expect((await fetch(`${url}/health`)).status).toBe(200);
  });
});
