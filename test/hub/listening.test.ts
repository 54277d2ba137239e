import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { until } from '../support/until.ts';
import { startWire, type Wire } from '../support/wire.ts';
import { bothReady, expectUnavailable, nodesAt, pairOn, type TwoNodes } from './forms/support.ts';
import { payload, type TestPeer } from './peer.ts';

/** Two nodes, of which the second hears Redis through the wire; and a peer at each. */
async function scene(): Promise<{ hubs: TwoNodes; wire: Wire; ann: TestPeer; ben: TestPeer }> {
  const url = inject('redisUrl');
  const wire = await startWire(Number(new URL(url).port));
  onTestFinished(() => wire.stop());
  const hubs = await nodesAt([url, `redis://127.0.0.1:${wire.port}`]);
  const [ann, ben] = await pairOn(hubs);
  return { hubs, wire, ann, ben };
}

describe('a node whose connection listens', () => {
  it('G10: and hears nothing, notices, and makes it anew', async () => {
    const { hubs, wire, ann, ben } = await scene();
    wire.hold('listening');
    const { id } = await hubs[0].relay(ann.id, 'r', ben.id, 'unheard', payload(null));
    expect(await ben.next(), 'its stream was not cut').toMatchObject({ id });
  });

  it('G10: and goes on hearing nothing, is not ready for as long, and takes no stream', async () => {
    const { hubs, wire, ann, ben } = await scene();
    wire.muffled = true;
    wire.hold('listening');
    const { id } = await hubs[0].relay(ann.id, 'r', ben.id, 'unheard', payload(null));
    await until(() => !hubs[1].ready(), 'it says that it is not ready');
    // It does not take it back when it has done something about it.
    await until(async () => {
      expect(hubs[1].ready()).toBe(false);
      const refused = await hubs[1].open({ id: 'cat', username: 'cat' }).then(
        (stream) => stream.return().then(() => false),
        () => true,
      );
      return refused;
    }, 'it refuses a stream');
    await expectUnavailable(() => hubs[1].open({ id: 'cat', username: 'cat' }));
    expect(hubs[1].ready()).toBe(false);
    wire.muffled = false;
    wire.cut('listening');
    await bothReady(hubs);
    expect(await ben.next(), 'its stream was not cut').toMatchObject({ id });
  });

  it('G10: and is lost, makes it anew, however slow the line is', async () => {
    const { hubs, wire, ann, ben } = await scene();
    wire.delayMs = 1350;
    wire.cut('listening');
    const { id } = await hubs[0].relay(ann.id, 'r', ben.id, 'unheard', payload(null));
    expect(await ben.next()).toMatchObject({ id });
  });

  it('G5: and hears nothing of a session that begins elsewhere, ends the older stream as replaced', async () => {
    const { hubs, wire, ben } = await scene();
    wire.hold('listening');
    const newer = await hubs[0].open(ben.profile);
    expect(await ben.outcome()).toMatchObject({ code: 'REPLACED' });
    await newer.return();
  });
});
