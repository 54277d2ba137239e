import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { addressOf, networkOf } from '../../src/limits/address.ts';
import { Meter } from '../../src/limits/meter.ts';
import { addressCosts, type Cost, peerCosts } from '../../src/limits/rates.ts';

function clocked(factor = 1) {
  const clock = { ms: 0 };
  return { clock, meter: new Meter(peerCosts, factor, () => clock.ms) };
}

describe('a meter', () => {
  it('G13: a meter lets a burst pass, then refuses, and says after how long to try again', () => {
    const { clock, meter } = clocked();
    const { burst, perSecond } = peerCosts.joins;
    for (let n = 0; n < burst; n++) {
      expect(meter.of('ann')?.waitMs('joins')).toBe(0);
      meter.of('ann')?.charge('joins', 1);
    }
    const waitMs = meter.of('ann')?.waitMs('joins') ?? 0;
    expect(waitMs).toBe(1000 / perSecond);
    clock.ms += waitMs;
    expect(meter.of('ann')?.waitMs('joins')).toBe(0);
    meter.of('ann')?.charge('joins', 1);
    expect(meter.of('ann')?.waitMs('joins')).toBeGreaterThan(0);
  });

  it('G13: a cost that exceeds the bucket delays the next operation until the debt is paid', () => {
    const { clock, meter } = clocked();
    const { burst, perSecond } = peerCosts.messages;
    meter.of('ann')?.charge('messages', burst + 3 * perSecond);
    expect(meter.of('ann')?.waitMs('messages')).toBeGreaterThan(3000);
    clock.ms += 2999;
    expect(meter.of('ann')?.waitMs('messages')).toBeGreaterThan(0);
    clock.ms += 2;
    expect(meter.of('ann')?.waitMs('messages')).toBe(0);
  });

  it('G13: keys and kinds of cost are independent of one another', () => {
    const { meter } = clocked();
    meter.of('ann')?.charge('joins', 1000);
    expect(meter.of('ben')?.waitMs('joins')).toBe(0);
    expect(meter.of('ann')?.waitMs('operations')).toBe(0);
  });

  it('a factor multiplies the rates, and 0 switches them off', () => {
    const double = clocked(2);
    double.meter.of('ann')?.charge('joins', 1.5 * peerCosts.joins.burst);
    expect(double.meter.of('ann')?.waitMs('joins')).toBe(0);
    const off = clocked(0);
    expect(off.meter.of('ann')).toBeUndefined();
  });

  it('an address has several times the share of a peer, of every kind', () => {
    for (const cost of Object.keys(peerCosts) as Cost[]) {
      expect(addressCosts[cost].perSecond, cost).toBeGreaterThanOrEqual(5 * peerCosts[cost].perSecond);
      expect(addressCosts[cost].burst, cost).toBeGreaterThanOrEqual(8 * peerCosts[cost].burst);
    }
  });
});

describe('the address of a request', () => {
  const request = (remoteAddress: string, forwarded?: string) =>
    ({ socket: { remoteAddress }, headers: { 'x-forwarded-for': forwarded } }) as unknown as IncomingMessage;

  it.each([
    ['10.1.2.3', '10.1.2.3'],
    ['::ffff:10.1.2.3', '10.1.2.3'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ])('the address %s is metered as %s, because an IPv6 client has a whole /64', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });

  it('the address of a request ignores X-Forwarded-For unless proxies are trusted', () => {
    expect(addressOf(request('10.0.0.1', '1.2.3.4'), 0)).toBe('10.0.0.1');
  });

  it('the address of a request is the one that the outermost trusted proxy wrote, not one that the client made up', () => {
    expect(addressOf(request('10.0.0.1', '6.6.6.6, 1.2.3.4'), 1)).toBe('1.2.3.4');
    expect(addressOf(request('10.0.0.1', '6.6.6.6, 1.2.3.4, 10.0.0.2'), 2)).toBe('1.2.3.4');
  });

  it('the address of a request is that of its connection if the entry is missing or not an address', () => {
    expect(addressOf(request('10.0.0.1'), 1)).toBe('10.0.0.1');
    expect(addressOf(request('10.0.0.1', 'unknown'), 1)).toBe('10.0.0.1');
  });
});
