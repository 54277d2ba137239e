import { expect, it } from 'vitest';
import { HeldReceipts, Receipts } from '../../src/hub/memory/receipts.ts';

/** Sends a message with each key. Returns how many were sent. */
function send(receipts: Receipts, keys: readonly string[]): number {
  let sent = 0;
  for (const key of keys) {
    receipts.once(key, () => {
      sent += 1;
      return { cursor: String(sent), status: 'DELIVERED', receivers: 1 };
    });
  }
  return sent;
}

const keys = (count: number) => Array.from({ length: count }, (_, n) => `key ${n}`);

it('G8: the receipts of all sessions have a bound: the sessions with most forget their older half', () => {
  const maxBytes = 100_000;
  const held = new HeldReceipts(maxBytes);
  const few = new Receipts(held);
  send(few, keys(20));
  const greedy = Array.from({ length: 50 }, () => new Receipts(held));
  for (const receipts of greedy) {
    send(receipts, keys(200));
    expect(held.bytes).toBeLessThanOrEqual(maxBytes);
  }
  expect(send(greedy[49] as Receipts, keys(200).slice(-5)), 'the newest are remembered').toBe(0);
  const [first] = greedy as [Receipts];
  expect(send(first, keys(1)), 'one that was forgotten is sent again').toBe(1);
  for (const receipts of [few, ...greedy]) receipts.close();
  expect(held.bytes).toBe(0);
});

it('G14: a session with few receipts keeps them while others have more', () => {
  const held = new HeldReceipts(100_000);
  const few = new Receipts(held);
  send(few, keys(20));
  send(new Receipts(held), keys(256));
  send(new Receipts(held), keys(256));
  expect(send(few, keys(20))).toBe(0);
});
