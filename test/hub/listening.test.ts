import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { until } from '../support/until.ts';
import { startWire, type Wire } from '../support/wire.ts';
import { bothReady, expectUnavailable, nodesAt, pairOn, type TwoNodes } from './forms/support.ts';
import { payload, type TestPeer } from './peer.ts';

/** Two nodes with one peer each. The second node reaches Redis through the wire. */
async function scene(): Promise<{ hubs: TwoNodes; wire: Wire; ann: TestPeer; ben: TestPeer }> {
  const url = inject('redisUrl');
  const wire = await startWire(Number(new URL(url).port));
  onTestFinished(() => wire.stop());
  const hubs = await nodesAt([url, `redis://127.0.0.1:${wire.port}`]);
  const [ann, ben] = await pairOn(hubs);
  return { hubs, wire, ann, ben };
}

describe('a node whose listening connection fails', () => {
  it('G10: a listening connection that goes silent is replaced, and its node misses nothing', async () => {
    const { hubs, wire, ann, ben } = await scene();
    wire.hold('subscribed');
    const { cursor } = await hubs[0].relay(ann.id, 'r', ben.id, 'unheard', payload(null));
    expect(await ben.next(), 'its stream was not cut').toMatchObject({ cursor });
  });

  it('G10: a node whose listening connections stay silent is not ready and takes no stream, until one works', async () => {
    const { hubs, wire, ann, ben } = await scene();
    wire.muffled = true;
    wire.hold('subscribed');
    const { cursor } = await hubs[0].relay(ann.id, 'r', ben.id, 'unheard', payload(null));
    await until(() => !hubs[1].ready(), 'the node says that it is not ready');
    // A new connection alone does not make the node ready.
    await until(async () => {
      expect(hubs[1].ready()).toBe(false);
      const refused = await hubs[1].open({ id: 'cat', username: 'cat', guest: false }).then(
        (stream) => stream.return().then(() => false),
        () => true,
      );
      return refused;
    }, 'the node refuses a stream');
    await expectUnavailable(() => hubs[1].open({ id: 'cat', username: 'cat', guest: false }));
    expect(hubs[1].ready()).toBe(false);
    wire.muffled = false;
    wire.cut('subscribed');
    await bothReady(hubs);
    expect(await ben.next(), 'its stream was not cut').toMatchObject({ cursor });
  });

  it('G10: a listening connection that breaks is replaced, even over a slow line', async () => {
    const { hubs, wire, ann, ben } = await scene();
    wire.delayMs = 1350;
    wire.cut('subscribed');
    const { cursor } = await hubs[0].relay(ann.id, 'r', ben.id, 'unheard', payload(null));
    expect(await ben.next()).toMatchObject({ cursor });
  });

  it('G5: a node that misses the start of a newer session elsewhere ends the older stream as replaced', async () => {
    const { hubs, wire, ben } = await scene();
    wire.hold('subscribed');
    const newer = await hubs[0].open(ben.peer);
    expect(await ben.outcome()).toMatchObject({ code: 'REPLACED' });
    await newer.return();
  });
});
