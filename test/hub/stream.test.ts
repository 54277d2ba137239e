import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SignalboxError } from '../../src/errors.ts';
import type { SizedEntry } from '../../src/hub/hub.ts';
import { isCut, Stream } from '../../src/hub/stream.ts';
import { JsonText } from '../../src/json-text.ts';

const done = { done: true, value: undefined };
const replaced = new SignalboxError('REPLACED');

/** Entries with these cursors, of this size each. */
function batch(cursors: number[], bytes = 1): SizedEntry[] {
  const peer = { id: 'ann', username: 'ann', guest: false };
  return cursors.map((cursor) => ({
    entry: { type: 'PeerChanged', cursor: String(cursor), roomId: 'r', peer, state: JsonText.null },
    bytes,
  }));
}

async function cursorOf(next: ReturnType<Stream['next']>): Promise<string | undefined> {
  return (await next).value?.cursor;
}

async function cursorsUntilEnd(stream: Stream): Promise<string[]> {
  const cursors: string[] = [];
  for await (const message of stream) cursors.push(message.cursor);
  return cursors;
}

describe('Stream', () => {
  it('a stream delivers messages in the order pushed, to a waiting consumer and to a later one', async () => {
    const stream = new Stream(() => undefined);
    const waiting = stream.next();
    stream.push(batch([1, 2]));
    stream.push(batch([3]));
    expect(await cursorOf(waiting)).toBe('1');
    expect(await cursorOf(stream.next())).toBe('2');
    expect(await cursorOf(stream.next())).toBe('3');
  });

  it('lastCursor is the cursor of the last message that the consumer took', async () => {
    const stream = new Stream(() => undefined);
    expect(stream.lastCursor).toBe('0');
    stream.push(batch([7, 8]));
    expect(stream.lastCursor).toBe('0');
    await stream.next();
    expect(stream.lastCursor).toBe('7');
    await stream.next();
    const waiting = stream.next();
    stream.push(batch([9]));
    await waiting;
    expect(stream.lastCursor).toBe('9');
  });

  it('G8: a stream takes a batch of any size whole, and the next push cuts it', async () => {
    const onClose = vi.fn();
    const stream = new Stream(onClose, { maxEntries: 2, maxBytes: 1000 });
    stream.push(batch([0]));
    stream.push(batch([1, 2, 3, 4, 5]));
    expect(stream.closed).toBe(false);
    stream.push(batch([6]));
    expect(stream.closed).toBe(true);
    expect(onClose).toHaveBeenCalledTimes(1);
    await expect(stream.next()).rejects.toSatisfy(isCut);
    expect(await stream.next()).toEqual(done);
  });

  it('G8: a stream is cut if more bytes wait than its bound', () => {
    const stream = new Stream(() => undefined, { maxEntries: 1000, maxBytes: 10 });
    stream.push(batch([0], 50));
    stream.push(batch([1, 2], 5));
    stream.push(batch([3], 1));
    expect(stream.closed, 'ten bytes are within the bound').toBe(false);
    stream.push(batch([4]));
    expect(stream.closed).toBe(true);
  });

  it('G3: a stream holds all entries that a resume missed, and live entries up to the bound besides', async () => {
    const stream = new Stream(() => undefined, { maxEntries: 2, maxBytes: 100 });
    stream.push(batch([1, 2, 3, 4, 5, 6], 90));
    for (const cursor of [7, 8, 9]) stream.push(batch([cursor]));
    expect(stream.closed).toBe(false);
    for (const cursor of [1, 2, 3]) expect(await cursorOf(stream.next())).toBe(String(cursor));
    stream.push(batch([10]));
    expect(stream.closed, 'taken missed entries make no place for live ones').toBe(true);
  });

  it('G8: a stream that drains is never cut, however much passes through it', async () => {
    const stream = new Stream(() => undefined, { maxEntries: 2, maxBytes: 10 });
    stream.push(batch([0], 50));
    await stream.next();
    for (let cursor = 1; cursor < 100; cursor += 3) {
      const cursors = [cursor, cursor + 1, cursor + 2];
      stream.push(batch(cursors, 10));
      for (const expected of cursors) expect(await cursorOf(stream.next())).toBe(String(expected));
    }
    expect(stream.closed).toBe(false);
  });

  it('an ended stream delivers its queued messages, then its error, then is done', async () => {
    const onClose = vi.fn();
    const stream = new Stream(onClose);
    stream.push(batch([1, 2]));
    stream.end(replaced);
    expect(onClose).toHaveBeenCalledTimes(1);
    stream.push(batch([3]));
    expect(await cursorOf(stream.next())).toBe('1');
    expect(await cursorOf(stream.next())).toBe('2');
    await expect(stream.next()).rejects.toBe(replaced);
    expect(await stream.next()).toEqual(done);
  });

  it('an ended stream rejects a waiting consumer at once', async () => {
    const stream = new Stream(() => undefined);
    const waiting = stream.next();
    stream.end(replaced);
    await expect(waiting).rejects.toBe(replaced);
    expect(await stream.next()).toEqual(done);
  });

  it('a cut stream drops its queued messages, because the client resumes', async () => {
    const stream = new Stream(() => undefined);
    stream.push(batch([1, 2]));
    stream.cut('hub');
    await expect(stream.next()).rejects.toSatisfy(isCut);
    expect(await stream.next()).toEqual(done);
  });

  it('a cut stream rejects a waiting consumer at once', async () => {
    const stream = new Stream(() => undefined);
    const waiting = stream.next();
    stream.cut('shutdown');
    await expect(waiting).rejects.toSatisfy(isCut);
  });

  it('a stream is done when its consumer returns, also for a waiting call', async () => {
    const onClose = vi.fn();
    const stream = new Stream(onClose);
    const waiting = stream.next();
    expect(await stream.return()).toEqual(done);
    expect(await waiting).toEqual(done);
    expect(await stream.next()).toEqual(done);
    expect(onClose).toHaveBeenCalledTimes(1);
  });

  it('a stream whose consumer returns is done without its pending error', async () => {
    const stream = new Stream(() => undefined);
    stream.push(batch([1]));
    stream.end(replaced);
    await stream.return();
    expect(await stream.next()).toEqual(done);
  });

  it('a stream calls onClose once, for the first of end, cut and return', async () => {
    const onClose = vi.fn();
    const stream = new Stream(onClose);
    stream.end(replaced);
    stream.end(new SignalboxError('TOKEN_EXPIRED'));
    stream.cut('hub');
    await stream.return();
    await stream.return();
    expect(onClose).toHaveBeenCalledTimes(1);
  });

  it('a stream gives onClose the reason if it was cut, and no reason if it ended or its consumer returned', async () => {
    const onClose = vi.fn();
    const [cut, ended, returned] = [new Stream(onClose), new Stream(onClose), new Stream(onClose)];
    cut.cut('hub');
    ended.end(replaced);
    await returned.return();
    expect(onClose.mock.calls).toEqual([['hub'], [undefined], [undefined]]);
  });

  it('a stream is closed by a loop that breaks', async () => {
    const onClose = vi.fn();
    const stream = new Stream(onClose);
    stream.push(batch([1, 2]));
    for await (const message of stream) {
      expect(message.cursor).toBe('1');
      break;
    }
    expect(stream.closed).toBe(true);
    expect(onClose).toHaveBeenCalledTimes(1);
  });

  it('a stream is closed at the end of its `await using` scope', async () => {
    const onClose = vi.fn();
    {
      await using stream = new Stream(onClose);
      expect(stream.closed).toBe(false);
    }
    expect(onClose).toHaveBeenCalledTimes(1);
  });
});

describe('Stream, over time', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('a stream sends heartbeats with the last cursor to a waiting consumer, and none to a consumer that is behind', async () => {
    const stream = new Stream(() => undefined);
    stream.beatEvery(5000);
    stream.push(batch([1]));
    vi.advanceTimersByTime(20_000);
    expect(await cursorOf(stream.next())).toBe('1');
    const waiting = stream.next();
    vi.advanceTimersByTime(5000);
    const sentAt = new Date();
    expect(await waiting).toEqual({ done: false, value: { type: 'Heartbeat', cursor: '1', sentAt } });
    expect(stream.lastCursor).toBe('1');
    await stream.return();
  });

  it('G9: a stream ends with the given error at the given time', async () => {
    const stream = new Stream(() => undefined);
    const expired = new SignalboxError('TOKEN_EXPIRED');
    stream.endAt(new Date(Date.now() + 1000), expired);
    stream.push(batch([1]));
    vi.advanceTimersByTime(999);
    expect(stream.closed).toBe(false);
    vi.advanceTimersByTime(1);
    expect(stream.closed).toBe(true);
    expect(await cursorOf(stream.next())).toBe('1');
    await expect(stream.next()).rejects.toBe(expired);
  });

  it('a stream can end later than the longest delay of a Node.js timer', () => {
    const days = 24 * 60 * 60 * 1000;
    const stream = new Stream(() => undefined);
    stream.endAt(new Date(Date.now() + 60 * days), replaced);
    vi.advanceTimersByTime(60 * days - 1);
    expect(stream.closed).toBe(false);
    vi.advanceTimersByTime(1);
    expect(stream.closed).toBe(true);
  });

  it.each(['end', 'cut', 'return'] as const)('a stream leaves no timer behind after %s', async (way) => {
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
    if (way !== 'return') await expect(cursorsUntilEnd(stream)).rejects.toThrow();
  });
});
