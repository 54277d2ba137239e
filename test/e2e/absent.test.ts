import { expect, it } from 'vitest';
import { AddressedGuest } from '../support/addressed-guest.ts';
import { startNode } from '../support/node.ts';

it('G8: a node with a heap of 64 MiB survives 1,000 relays of 64 KB to peers that are away', {
  timeout: 120_000,
}, async () => {
  await using node = await startNode({
    env: { GRACE_SECONDS: '600' },
    nodeArgs: ['--max-old-space-size=64'],
  });
  const sender = await AddressedGuest.arrive(node.url, 'sender');
  await sender.open();
  await sender.ask('mutation { joinRoom(roomId: "r") { id } }');
  const away: string[] = [];
  for (let i = 0; i < 60; i++) {
    const guest = await AddressedGuest.arrive(node.url, `away ${i}`);
    await guest.open();
    await guest.ask('mutation { joinRoom(roomId: "r") { id } }');
    guest.leave();
    away.push(guest.peer.id);
  }
  const query =
    'mutation ($to: ID!, $d: JSON) { relay(roomId: "r", peerId: $to, event: "m", data: $d) { status } }';
  for (let n = 0; n < 1000; n++) {
    const to = away[n % away.length];
    const { errors } = await sender.ask(query, { to, d: `${n} ${'x'.repeat(64_000)}` });
    expect(errors).toBeUndefined();
  }
  const full = node.log().find(({ msg }) => String(msg).startsWith('the inboxes of all sessions are full'));
  expect(full).toMatchObject({ level: 40 });
  sender.leave();
});
