import { setTimeout as sleep } from 'node:timers/promises';
import type { ExecutionResult } from 'graphql';
import { describe, expect, it } from 'vitest';
import type { Engine } from '../../src/graphql/engine.ts';
import { httpBounds } from '../../src/http/bounds.ts';
import { closing, engineOf, recordingLog, serve, TestResults, Wire } from './support.ts';

const usual = httpBounds({ maxStreams: 1000, maxDataBytes: 1024, trustProxy: 0 });
const other = '127.0.0.2';
const health = 'GET /health HTTP/1.1\r\nHost: x\r\n\r\n';
const query = 'GET /graphql?query=%7Bme%7D HTTP/1.1\r\nHost: x\r\nAccept: application/json\r\n\r\n';

function connections(changes: Partial<typeof usual.connections>) {
  return { bounds: { connections: { ...usual.connections, ...changes } } };
}

/** An engine that never answers. `asked(n)` resolves when it has had n requests. */
function silentEngine() {
  let count = 0;
  let more = Promise.withResolvers<void>();
  const engine: Engine = {
    run() {
      count += 1;
      more.resolve();
      more = Promise.withResolvers();
      return new Promise<never>(() => undefined);
    },
  };
  const asked = async (n: number) => {
    while (count < n) await more.promise;
  };
  return { engine, asked };
}

const answer: Engine = engineOf({ data: { me: 'x' } });

/** The lines of this message. */
function linesOf(lines: readonly string[], msg: string) {
  return lines.map((line) => JSON.parse(line)).filter((line) => line.msg === msg);
}

describe('the connections of a node', () => {
  it('leave room for calls beside the streams, and for other open files', () => {
    expect(usual.connections.maxConnections).toBe(11_000);
    expect(usual.connections.maxConnectionsPerAddress).toBe(5500);
    const few = httpBounds({ maxStreams: 1000, maxDataBytes: 1024, trustProxy: 0, maxOpenFiles: 4096 });
    expect(few.connections).toMatchObject({ maxConnections: 4096 - 128 - 256, limitedBy: 'open files' });
    const behindProxy = httpBounds({ maxStreams: 1000, maxDataBytes: 1024, trustProxy: 1 });
    expect(behindProxy.connections.maxConnectionsPerAddress, 'all are of the proxy').toBe(11_000);
  });

  it('G13: an address at its share closes its longest idle connection for a new one', async () => {
    const { port } = await serve(answer, connections({ maxConnectionsPerAddress: 3 }));
    const [one, two, three] = [await Wire.open(port), await Wire.open(port), await Wire.open(port)];
    await one.send(health).until('ok');
    const four = await Wire.open(port);
    await two.closed;
    await four.send(query).until('"me"');
    await one.send(query).until('"me"');
    await three.send(query).until('"me"');
  });

  it('G13: a node at its limit closes the longest idle connection of the address that has most', async () => {
    const { port } = await serve(answer, connections({ maxConnections: 4, maxConnectionsPerAddress: 4 }));
    const honest = await Wire.open(port, other);
    const greedy = [await Wire.open(port), await Wire.open(port), await Wire.open(port)];
    await (await Wire.open(port, other)).send(query).until('"me"');
    await greedy[0]?.closed;
    await honest.send(query).until('"me"');
    await greedy[1]?.send(query).until('"me"');
  });

  it('G8: /health is answered also while all connections are busy; anything else gets 503', async () => {
    const { engine, asked } = silentEngine();
    const { port } = await serve(engine, connections({ maxConnections: 3 }));
    for (let n = 1; n <= 3; n++) {
      (await Wire.open(port)).send(query);
      await asked(n);
    }
    for (let n = 0; n < 3; n++) {
      const text = await (await Wire.open(port)).send(health).toEnd();
      expect(text).toMatch(/^HTTP\/1\.1 200 .*Connection: close.*"ok"/is);
    }
    const text = await (await Wire.open(port)).send(query).toEnd();
    expect(text).toMatch(/^HTTP\/1\.1 503 .*Connection: close.*UNAVAILABLE/is);
  });

  it('G8: /health is answered while an address floods the node with connections beyond the limit', async () => {
    const { engine, asked } = silentEngine();
    const { port } = await serve(engine, connections({ maxConnections: 1, maxReserve: 2 }));
    (await Wire.open(port)).send(query);
    await asked(1);
    const flood: Wire[] = [];
    for (let n = 0; n < 10; n++) flood.push(await Wire.open(port));
    expect(await (await Wire.open(port)).send(health).toEnd()).toContain('"ok"');
    expect(flood.filter(({ socket }) => !socket.closed).length).toBeLessThanOrEqual(2);
  });

  it('a refusal has a line in the log at once, and the refusals of a second share one', async () => {
    const lines: string[] = [];
    const { engine, asked } = silentEngine();
    const { port } = await serve(engine, { ...connections({ maxConnections: 1 }), log: recordingLog(lines) });
    (await Wire.open(port)).send(query);
    await asked(1);
    for (let n = 0; n < 5; n++) await (await Wire.open(port)).send(query).toEnd();
    const refused = () => linesOf(lines, 'requests refused').map(({ count, reason }) => [count, reason]);
    expect(refused()).toEqual([[1, 'connections']]);
    while (refused().length < 2) await sleep(20);
    expect(refused()).toEqual([
      [1, 'connections'],
      [4, 'connections'],
    ]);
  });
});

describe('a client that does not read', () => {
  const large: ExecutionResult = { data: { me: 'x'.repeat(8 * 1024 * 1024) } };

  it('G8: is cut when it has read nothing of its answer for the write timeout, whatever it sends', async () => {
    const { port } = await serve(engineOf(large), connections({ writeTimeoutMs: 200 }));
    const wire = await Wire.open(port);
    wire.socket.pause();
    wire.send(query);
    const sender = setInterval(() => wire.send(query), 20);
    await closing(wire.socket);
    clearInterval(sender);
  });

  it('G8: is not cut while it reads, however slowly', async () => {
    const { port } = await serve(engineOf(large), connections({ writeTimeoutMs: 500 }));
    const { socket } = await Wire.open(port);
    socket.removeAllListeners('data');
    let received = 0;
    socket.on('data', (text) => {
      received += text.length;
      // Some 8 MB a second.
      socket.pause();
      setTimeout(() => socket.resume(), 6);
    });
    socket.write(query);
    while (received < 8 * 1024 * 1024) {
      expect(socket.closed).toBe(false);
      await sleep(50);
    }
  });

  it('G8: is cut also if it has an open stream', async () => {
    const results = new TestResults();
    const { port } = await serve(engineOf(results), connections({ writeTimeoutMs: 200 }));
    const wire = await Wire.open(port);
    wire.socket.pause();
    wire.subscribe();
    results.give(large);
    await results.released;
  });

  it.each(['application/json', 'text/event-stream', 'multipart/mixed;subscriptionSpec=1.0'])(
    'G13: loses its oldest unread answer, as %s, when its address has too many bytes of them',
    async (type) => {
      const bytes = 16 * 1024 * 1024;
      const answers = { maxBytes: 2.5 * bytes, maxBytesPerKey: 2.5 * bytes };
      const { port } = await serve(engineOf({ data: { me: 'x'.repeat(bytes) } }), { bounds: { answers } });
      const readers: (() => Promise<number>)[] = [];
      for (let n = 0; n < 3; n++) {
        const { socket } = await Wire.open(port);
        socket.removeAllListeners('data').pause();
        socket.write(query.replace('application/json', type));
        while (socket.bytesRead === 0) await sleep(5);
        readers.push(async () => {
          const { promise, resolve } = Promise.withResolvers<void>();
          socket.on('data', () => socket.bytesRead > bytes && resolve()).resume();
          await Promise.race([promise, closing(socket)]);
          return socket.bytesRead;
        });
      }
      const [first = 0, second = 0, third = 0] = await Promise.all(readers.map((read) => read()));
      expect(first).toBeLessThan(bytes);
      expect(Math.min(second, third)).toBeGreaterThan(bytes);
    },
  );

  it('G8: is cut if too many of its connections have requests waiting behind the unread answer', async () => {
    const { engine, asked } = silentEngine();
    const { port } = await serve(engine, connections({ maxWaitingPerAddress: 2 }));
    const wires: Wire[] = [];
    for (let n = 1; n <= 3; n++) {
      wires.push((await Wire.open(port)).send(query + query));
      await asked(n);
    }
    await wires[0]?.toEnd();
    expect(wires.slice(1).map(({ socket }) => socket.closed)).toEqual([false, false]);
  });
});
