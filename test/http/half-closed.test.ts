import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { engineOf, heldEngine, openTo, serve, serveSignalbox, TestResults, Wire } from './support.ts';

describe('a client that closes its side after its request', () => {
  const half = async (port: number, head: string, body = '') => {
    const wire = await Wire.open(port);
    wire.socket.end(`${head}\r\nHost: x\r\n\r\n${body}`);
    return wire;
  };
  const body = '{"query":"{__typename}"}';
  const posted = `POST /graphql HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: ${body.length}`;

  it('the answer to a half-closed client is sent, as JSON or as one event, and its connection ends', async () => {
    const { port } = await serveSignalbox();
    const answer = '{"data":{"__typename":"Query"}}';
    for (const [head, text] of [
      ['GET /health HTTP/1.1', ''],
      ['GET /graphql?query=%7B__typename%7D HTTP/1.1', ''],
      ['GET /graphql?query=%7B__typename%7D HTTP/1.1\r\nAccept: text/event-stream', ''],
      [posted, body],
      [`${posted}\r\nAccept: text/event-stream`, body],
    ] as const) {
      const received = await (await half(port, head, text)).toEnd();
      expect(received, head).toContain(text || head.includes('graphql') ? answer : '{"status":"ok"}');
    }
  });

  it('a half-closed client gets the answer of a request that takes long', async () => {
    const { engine, asked, allow } = heldEngine({ data: { a: 1 } });
    const { http, port } = await serve(engine);
    const { wire, serverSide } = await openTo(http, port);
    const ended = once(serverSide, 'end');
    wire.socket.end('GET /graphql?query=a HTTP/1.1\r\nHost: x\r\n\r\n');
    await Promise.all([asked, ended]);
    allow();
    expect(await wire.toEnd()).toContain('{"data":{"a":1}}');
  });

  it('G5: a half-closed client opens no stream, so it replaces no session', async () => {
    const { port, hub, tokenFor } = await serveSignalbox();
    const token = await tokenFor('ada');
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    const stream = await hub.open({ id: claims.sub, username: 'ada', guest: true });
    const query = encodeURIComponent('subscription { messages { cursor } }');
    const head = `GET /graphql?query=${query}&access_token=${token} HTTP/1.1\r\nAccept: text/event-stream`;
    expect(await (await half(port, head)).toEnd()).toContain('keep the connection open');
    expect(stream.closed).toBe(false);
  });

  it('G4: a client that closes its side while it has a stream counts as gone', async () => {
    const results = new TestResults();
    const { port } = await serve(engineOf(results));
    const wire = (await Wire.open(port)).subscribe();
    results.give({ data: { a: 1 } });
    await wire.until('\n\n');
    wire.socket.end();
    await results.released;
    await wire.closed;
    expect(results.returned).toBe(1);
  });
});
