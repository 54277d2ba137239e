import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { logBounds } from '../../src/hub/bounds.ts';
import { AddressedGuest, aliases } from '../support/addressed-guest.ts';
import { attacks } from '../support/attacks.ts';
import type { Body, Message } from '../support/client.ts';
import { MessageStream } from '../support/message-stream.ts';
import { startNode } from '../support/node.ts';
import { forEachOf, hubs, startPair } from './nodes.ts';

/** The real limits. Attackers and others connect from different addresses. */
const rates = { RATE_PEER: '1', RATE_ADDRESS: '1' };
const attackSeconds = 1;
const timeout = 120_000;

/** A guest of an honest address, with a stream that it reads, in a room. */
async function arrive(url: string, username: string, address: string, rooms: readonly string[] = ['r']) {
  const guest = await AddressedGuest.arrive(url, username, address);
  const token = guest.headers.authorization?.slice('Bearer '.length) ?? '';
  const stream = await MessageStream.open(url, token, { localAddress: address });
  onTestFinished(() => guest.leave());
  const first = await stream.messages.next();
  for (const room of rooms) expectDone(await guest.ask(`mutation { joinRoom(roomId: "${room}") { id } }`));
  return { guest, stream, id: guest.peer.id, first };
}

function expectDone({ errors }: Body): void {
  expect(errors).toBeUndefined();
}

function signal(event: string) {
  return (message: Message) => message.__typename === 'Signal' && message.event === event;
}

describe.each(hubs)('%s: a bystander, under attack', (hub) => {
  it.each(attacks)(
    'G13: $name: the attacker is limited, and others get all their answers and messages',
    { timeout },
    async ({ run, limitedSoon }) => {
      await using nodes = await startPair(hub, rates);
      const { url } = nodes.a;
      const ann = await arrive(url, 'ann', '127.1.1.1', ['r', 'quiet']);
      const ben = await arrive(url, 'ben', '127.1.1.2', ['r', 'quiet']);
      const relay = (event: string) =>
        ann.guest.ask(
          'mutation ($to: ID!, $event: String!) { relay(roomId: "quiet", peerId: $to, event: $event) { status } }',
          { to: ben.id, event },
        );
      let over = false;
      const attack = run(url, attackSeconds).finally(() => {
        over = true;
      });
      let relays = 0;
      for (; !over; relays++) {
        expectDone(await relay(`m${relays}`));
        await sleep(20);
      }
      const { limited } = await attack;
      if (limitedSoon) expect(limited).toBeGreaterThan(0);
      expectDone(await relay('last'));
      // The same stream has brought everything, so it was not cut.
      await ben.stream.messages.next(signal('last'));
      const heard = ben.stream.messages.all.filter((message) => message.__typename === 'Signal');
      expect(heard.filter(({ event }) => /^m\d+$/.test(event))).toHaveLength(relays);
    },
  );
});

describe.each(hubs)('%s: the sender pays', (hub) => {
  it('G13: a member that is away for a while resumes, although another sends as much as it may', {
    timeout,
  }, async () => {
    await using nodes = await startPair(hub, rates);
    const { url } = nodes.a;
    const ann = await arrive(url, 'ann', '127.1.1.1');
    const ben = await arrive(url, 'ben', '127.1.1.2');
    const cursor = ben.stream.messages.all.at(-1)?.cursor ?? ben.first.cursor;
    await ben.stream.drop();
    const query = aliases(
      'mutation ($d: JSON)',
      20,
      'broadcast(roomId: "r", event: "m", data: $d) { cursor }',
    );
    let sent = 0;
    const start = performance.now();
    // One byte for each entry, so that the number of entries is the limit.
    while (performance.now() - start < 4000) {
      const { errors } = await ann.guest.ask(query, { d: 1 });
      if (!errors) sent += 20;
      else await sleep(50);
    }
    expect(sent).toBeGreaterThan(1500);
    expect(sent).toBeLessThan(logBounds.maxEntries);
    const token = ben.guest.headers.authorization?.slice('Bearer '.length) ?? '';
    const again = await MessageStream.open(url, token, { localAddress: ben.guest.address, after: cursor });
    expect(await again.messages.next()).toMatchObject({ resumed: true });
  });
});

it('G13: with the real limits, a mesh of 50 peers of one address forms at once: 27,000 relays pass', {
  timeout,
}, async () => {
  await using node = await startNode({ env: rates });
  const { url } = node;
  const members = 50;
  const sdp = 'v'.repeat(4000);
  const candidate = 'c'.repeat(200);
  const peers = await Promise.all(
    Array.from({ length: members }, (_, i) => arrive(url, `p${i}`, '127.1.1.1', [])),
  );
  const fields = Array.from(
    { length: 11 },
    (_, i) =>
      `r${i}: relay(roomId: "mesh", peerId: $to, event: "${i === 0 ? 'sdp' : 'candidate'}", data: ${i === 0 ? '$sdp' : '$c'}) { cursor }`,
  );
  const query = `mutation ($to: ID!, $sdp: JSON, $c: JSON) { ${fields.join(' ')} }`;
  const send = async (from: AddressedGuest, to: string) => {
    expectDone(await from.ask(query, { to, sdp, c: candidate }));
  };
  await Promise.all(
    peers.map(async ({ guest }) =>
      expectDone(await guest.ask('mutation { joinRoom(roomId: "mesh") { id } }')),
    ),
  );
  await forEachOf(peers, members, async ({ guest, stream }) => {
    // Of every other peer: who is told to offer does, and then the other answers.
    for (let n = 1; n < members; n++) {
      const added = await stream.messages.next((message) => message.__typename === 'PeerAdded');
      if (added.__typename === 'PeerAdded') await send(guest, added.peer.id);
    }
  });
  for (const { stream } of peers) {
    const count = () => stream.messages.all.filter(signal('sdp')).length;
    while (count() < members - 1) await stream.messages.next();
    expect(count()).toBe(members - 1);
  }
});
