import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { FileOutput, StreamOutput } from '../src/log-output.ts';

/** A disk that takes only so many bytes. */
class Disk {
  text = '';
  free: number;

  constructor(free: number) {
    this.free = free;
  }

  write(bytes: Uint8Array): number {
    if (this.free === 0) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    const taken = Math.min(bytes.length, this.free);
    this.text += Buffer.from(bytes.subarray(0, taken)).toString();
    this.free -= taken;
    return taken;
  }
}

test('a log on a full disk loses lines, and tells how many once there is space again', () => {
  const disk = new Disk(10);
  const output: FileOutput = new FileOutput(
    (bytes) => disk.write(bytes),
    (lost) => output.write(`lost ${lost}\n`),
  );
  for (const line of ['one\n', 'two\n', 'three\n', 'four\n', 'five\n']) output.write(line);
  expect(disk.text).toBe('one\ntwo\nth');
  disk.free = 1000;
  output.write('six\n');
  output.write('seven\n');
  expect(disk.text, 'a torn line ends before the next one begins').toBe('one\ntwo\nth\nsix\nlost 3\nseven\n');
});

test('a report that is lost itself is made again, with the whole count', () => {
  const disk = new Disk(0);
  const output: FileOutput = new FileOutput(
    (bytes) => disk.write(bytes),
    (lost) => output.write(`lost ${lost}\n`),
  );
  output.write('one\n');
  disk.free = 4;
  output.write('two\n');
  disk.free = 1000;
  output.write('three\n');
  expect(disk.text).toBe('two\nthree\nlost 2\n');
});

test('a disk that takes nothing, without an error, does not hold up the log', () => {
  const output = new FileOutput(
    () => 0,
    () => undefined,
  );
  output.write('one\n');
});

/** A reader that takes a line only when `read` is called. */
class SlowReader extends Writable {
  lines: string[] = [];
  #next: (() => void) | undefined;

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.lines.push(chunk.toString());
    this.#next = done;
  }

  read(): void {
    this.#next?.();
  }
}

test('G8: a log whose reader stands still holds at most a mebibyte, and tells what it lost when the reader goes on', async () => {
  const reader = new SlowReader();
  const output: StreamOutput = new StreamOutput(reader as unknown as NodeJS.WriteStream, (lost) =>
    output.write(`lost ${lost}\n`),
  );
  const line = `${'x'.repeat(65_535)}\n`;
  for (let i = 0; i < 100; i++) output.write(line);
  expect(reader.writableLength).toBeLessThan(1.2 * 2 ** 20);
  for (let i = 0; i < 100 && !reader.lines.includes('lost 83\n'); i++) {
    reader.read();
    await new Promise(setImmediate);
  }
  expect(reader.lines).toEqual([...Array(17).fill(line), 'lost 83\n']);
});

test('a log whose reader has gone takes lines and throws nothing', async () => {
  const reader = new SlowReader();
  const output = new StreamOutput(reader as unknown as NodeJS.WriteStream, () => undefined);
  reader.destroy(Object.assign(new Error('broken pipe'), { code: 'EPIPE' }));
  output.write('one\n');
  await new Promise(setImmediate);
  for (let i = 0; i < 100; i++) output.write('two\n');
  expect(reader.lines).toEqual([]);
});
