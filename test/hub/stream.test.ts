import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SignalboxError } from '../../src/errors.ts';
import type { Entry } from '../../src/hub/hub.ts';
import { isCut, Stream } from '../../src/hub/stream.ts';

const done = { done: true, value: undefined };
const replaced = new SignalboxError('REPLACED');

/** Entries with these ids, one of `bytes` each. */
function batch(ids: number[], bytes = 1): { entry: Entry; bytes: number }[] {
  const peer = { id: 'ann', username: 'ann', state: null };
  return ids.map((id) => ({
    entry: { type: 'PeerChanged', id: String(id), roomId: 'r', peer },
    bytes,
  }));
}

async function idOf(next: ReturnType<Stream['next']>): Promise<string | undefined> {
  return (await next).value?.id;
}

async function idsUntilEnd(stream: Stream): Promise<string[]> {
  const ids: string[] = [];
  for await (const message of stream) ids.push(message.id);
  return ids;
}

describe('a stream', () => {
  it('gives what was pushed in its order, to one who waits and to one who comes later', async () => {
    const stream = new Stream(() => undefined);
    const waiting = stream.next();
    stream.push(batch([1, 2]));
    stream.push(batch([3]));
    expect(await idOf(waiting)).toBe('1');
    expect(await idOf(stream.next())).toBe('2');
    expect(await idOf(stream.next())).toBe('3');
  });

  it('knows the id that its consumer took last', async () => {
    const stream = new Stream(() => undefined);
    expect(stream.lastId).toBe('0');
    stream.push(batch([7, 8]));
    expect(stream.lastId).toBe('0');
    await stream.next();
    expect(stream.lastId).toBe('7');
    await stream.next();
    const waiting = stream.next();
    stream.push(batch([9]));
    await waiting;
    expect(stream.lastId).toBe('9');
  });

  it('G8: takes a batch whole, whatever its size, and is cut by the next', async () => {
    const onClose = vi.fn();
    const stream = new Stream(onClose, { entries: 2, bytes: 1000 });
    stream.push(batch([0]));
    stream.push(batch([1, 2, 3, 4, 5]));
    expect(stream.closed).toBe(false);
    stream.push(batch([6]));
    expect(stream.closed).toBe(true);
    expect(onClose).toHaveBeenCalledTimes(1);
    await expect(stream.next()).rejects.toSatisfy(isCut);
    expect(await stream.next()).toEqual(done);
  });

  it('G8: is cut where more bytes wait than its bound', () => {
    const stream = new Stream(() => undefined, { entries: 1000, bytes: 10 });
    stream.push(batch([0], 50));
    stream.push(batch([1, 2], 5));
    stream.push(batch([3], 1));
    expect(stream.closed, 'ten are within the bound').toBe(false);
    stream.push(batch([4]));
    expect(stream.closed).toBe(true);
  });

  it('G3: holds all that a resume has missed, and live entries up to its bound beyond that', async () => {
    const stream = new Stream(() => undefined, { entries: 2, bytes: 100 });
    stream.push(batch([1, 2, 3, 4, 5, 6], 90));
    for (const id of [7, 8, 9]) stream.push(batch([id]));
    expect(stream.closed).toBe(false);
    for (const id of [1, 2, 3]) expect(await idOf(stream.next())).toBe(String(id));
    stream.push(batch([10]));
    expect(stream.closed, 'what was taken of the opening makes no place for more').toBe(true);
  });

  it('G8: one that drains is never cut, however much goes through it', async () => {
    const stream = new Stream(() => undefined, { entries: 2, bytes: 10 });
    stream.push(batch([0], 50));
    await stream.next();
    for (let id = 1; id < 100; id += 3) {
      stream.push(batch([id, id + 1, id + 2], 10));
      for (const expected of [id, id + 1, id + 2]) expect(await idOf(stream.next())).toBe(String(expected));
    }
    expect(stream.closed).toBe(false);
  });

  it('ends with its error after what was queued, and then is done', async () => {
    const onClose = vi.fn();
    const stream = new Stream(onClose);
    stream.push(batch([1, 2]));
    stream.end(replaced);
    expect(onClose).toHaveBeenCalledTimes(1);
    stream.push(batch([3]));
    expect(await idOf(stream.next())).toBe('1');
    expect(await idOf(stream.next())).toBe('2');
    await expect(stream.next()).rejects.toBe(replaced);
    expect(await stream.next()).toEqual(done);
  });

  it('ends at once for a consumer that waits', async () => {
    const stream = new Stream(() => undefined);
    const waiting = stream.next();
    stream.end(replaced);
    await expect(waiting).rejects.toBe(replaced);
    expect(await stream.next()).toEqual(done);
  });

  it('drops what was queued when it is cut, since the client will ask for it again', async () => {
    const stream = new Stream(() => undefined);
    stream.push(batch([1, 2]));
    stream.cut('hub');
    await expect(stream.next()).rejects.toSatisfy(isCut);
    expect(await stream.next()).toEqual(done);
  });

  it('cuts a consumer that waits', async () => {
    const stream = new Stream(() => undefined);
    const waiting = stream.next();
    stream.cut('shutdown');
    await expect(waiting).rejects.toSatisfy(isCut);
  });

  it('is done when its consumer returns, and lets go of one that waits', async () => {
    const onClose = vi.fn();
    const stream = new Stream(onClose);
    const waiting = stream.next();
    expect(await stream.return()).toEqual(done);
    expect(await waiting).toEqual(done);
    expect(await stream.next()).toEqual(done);
    expect(onClose).toHaveBeenCalledTimes(1);
  });

  it('is done when its consumer returns though an error was to come', async () => {
    const stream = new Stream(() => undefined);
    stream.push(batch([1]));
    stream.end(replaced);
    await stream.return();
    expect(await stream.next()).toEqual(done);
  });

  it('closes once, by whatever comes first', async () => {
    const onClose = vi.fn();
    const stream = new Stream(onClose);
    stream.end(replaced);
    stream.end(new SignalboxError('TOKEN_EXPIRED'));
    stream.cut('hub');
    await stream.return();
    await stream.return();
    expect(onClose).toHaveBeenCalledTimes(1);
  });

  it('is an iterator that a loop closes when it breaks', async () => {
    const onClose = vi.fn();
    const stream = new Stream(onClose);
    stream.push(batch([1, 2]));
    for await (const message of stream) {
      expect(message.id).toBe('1');
      break;
    }
    expect(stream.closed).toBe(true);
    expect(onClose).toHaveBeenCalledTimes(1);
  });

  it('is closed by its scope', async () => {
    const onClose = vi.fn();
    {
      await using stream = new Stream(onClose);
      expect(stream.closed).toBe(false);
    }
    expect(onClose).toHaveBeenCalledTimes(1);
  });
});

describe('a stream as time goes by', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('beats for a consumer that waits, with the last id, and not for one that is behind', async () => {
    const stream = new Stream(() => undefined);
    stream.beatEvery(5000);
    stream.push(batch([1]));
    vi.advanceTimersByTime(20_000);
    expect(await idOf(stream.next())).toBe('1');
    const waiting = stream.next();
    vi.advanceTimersByTime(5000);
    const sentAt = new Date();
    expect(await waiting).toEqual({ done: false, value: { type: 'Heartbeat', id: '1', sentAt } });
    expect(stream.lastId).toBe('1');
    await stream.return();
  });

  it('G9: ends with the error it was given when its time has come', async () => {
    const stream = new Stream(() => undefined);
    const expired = new SignalboxError('TOKEN_EXPIRED');
    stream.endAt(new Date(Date.now() + 1000), expired);
    stream.push(batch([1]));
    vi.advanceTimersByTime(999);
    expect(stream.closed).toBe(false);
    vi.advanceTimersByTime(1);
    expect(stream.closed).toBe(true);
    expect(await idOf(stream.next())).toBe('1');
    await expect(stream.next()).rejects.toBe(expired);
  });

  it('waits longer than one timer can', () => {
    const days = 24 * 60 * 60 * 1000;
    const stream = new Stream(() => undefined);
    stream.endAt(new Date(Date.now() + 60 * days), replaced);
    vi.advanceTimersByTime(60 * days - 1);
    expect(stream.closed).toBe(false);
    vi.advanceTimersByTime(1);
    expect(stream.closed).toBe(true);
  });

  it.each(['end', 'cut', 'return'] as const)('leaves no timer behind: %s', async (way) => {
    const stream = new Stream(() => undefined);
    stream.beatEvery(5000);
    stream.endAt(new Date(Date.now() + 1000), replaced);
    expect(vi.getTimerCount()).toBe(2);
    if (way === 'end') stream.end(replaced);
    else if (way === 'cut') stream.cut('hub');
    else await stream.return();
    expect(vi.getTimerCount()).toBe(0);
    stream.beatEvery(5000);
    stream.endAt(new Date(Date.now() + 1000), replaced);
    expect(vi.getTimerCount()).toBe(0);
    if (way !== 'return') await expect(idsUntilEnd(stream)).rejects.toThrow();
  });
});
