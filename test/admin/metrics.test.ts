import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { describe, expect, it } from 'vitest';
import { findProgram, promtool } from '../../scripts/programs.ts';
import { hubs, startPair } from '../e2e/nodes.ts';
import { GuestPeer } from '../e2e/peer.ts';
import { ApiClient } from '../support/client.ts';
import { readMetrics } from '../support/metrics.ts';
import { NodeProcess, startNode } from '../support/node.ts';
import { until } from '../support/until.ts';

const env = { ADMIN_PORT: '0' };
const page = 'docs/metrics.md';

describe.each(hubs)('%s: the metrics of a node', (hub) => {
  it('count what peers do, by field and by the code of the error, and what the node holds', async () => {
    await using nodes = await startPair(hub, env);
    const at = { stream: nodes.a.url, calls: nodes.b.url };
    const ann = await GuestPeer.arrive('ann', at);
    const ben = await GuestPeer.arrive('ben', at);
    await ann.join('r');
    await ben.join('r');
    for (let i = 0; i < 5; i++) await ann.relay('r', ben, 'hello', i);
    await expect(ann.relay('elsewhere', ben, 'hello')).rejects.toThrow();
    await ben.inbox.next((message) => message.__typename === 'Signal' && message.data === 4);

    const streams = await readMetrics(nodes.a);
    expect(streams.sum('signalbox_streams')).toBe(2);
    expect(streams.sum('signalbox_sessions')).toBe(2);
    expect(streams.sum('signalbox_rooms')).toBe(1);
    expect(streams.sum('signalbox_ready')).toBe(1);
    expect(streams.sum('signalbox_operation_duration_seconds_count', { field: 'messages', code: 'OK' })).toBe(
      2,
    );

    const calls = await readMetrics(nodes.b);
    const count = (field: string, code: string) =>
      calls.sum('signalbox_operation_duration_seconds_count', { field, code });
    expect(count('joinRoom', 'OK')).toBe(2);
    expect(count('relay', 'OK')).toBe(5);
    expect(count('relay', 'NOT_IN_ROOM')).toBe(1);
    expect(calls.text, 'metrics hold no names and no ids').not.toMatch(/ann|ben|elsewhere/);
    if (hub === 'memory') return;
    expect(calls.sum('signalbox_redis_script_duration_seconds_count', { script: 'relay' })).toBe(6);
    expect(streams.sum('signalbox_dispatch_write_seconds_count')).toBeGreaterThan(0);
    const beats = async () => (await readMetrics(nodes.a)).sum('signalbox_beats_total', { result: 'ok' });
    await until(async () => (await beats()) > 0, 'a beat is counted');
  });

  it('count streams that were cut, by reason, until the process ends', async () => {
    await using nodes = await startPair(hub, { ...env, DRAIN_SECONDS: '2' });
    const ann = await GuestPeer.arrive('ann', { stream: nodes.a.url, calls: nodes.a.url });
    const exited = nodes.a.kill('SIGTERM');
    await ann.outcome();
    const samples = await readMetrics(nodes.a);
    expect(samples.sum('signalbox_streams_cut_total', { reason: 'shutdown' })).toBe(1);
    expect(samples.sum('signalbox_ready')).toBe(0);
    expect((await exited).code).toBe(0);
  });

  it('G13: count operations beyond a limit', async () => {
    await using nodes = await startPair(hub, { ...env, RATE_PEER: '1', RATE_ADDRESS: '1' });
    const ann = await GuestPeer.arrive('ann', { stream: nodes.a.url, calls: nodes.a.url });
    const client = new ApiClient(nodes.a.url, ann.token);
    const many = Array.from({ length: 20 }, (_, i) => `a${i}: me { id }`).join(' ');
    await until(async () => {
      const { body } = await client.send({ query: `{ ${many} }` });
      return body.errors?.[0]?.extensions?.code === 'RATE_LIMITED';
    }, 'a limit is met');
    const samples = await readMetrics(nodes.a);
    expect(samples.sum('signalbox_rate_limited_total', { cost: 'operations' })).toBeGreaterThan(0);
  });
});

describe('ADMIN_PORT', () => {
  it(`its metrics are those that ${page} describes, and Prometheus finds no fault in them`, async () => {
    await using node = await startNode({ env });
    const samples = await readMetrics(node);
    const text = readFileSync(page, 'utf8');
    const documented = Array.from(text.matchAll(/^\| `(signalbox_\w+)` \|/gm), ([, name]) => name);
    expect(documented.sort()).toEqual([...samples.own.keys()].sort());
    const path = findProgram(promtool) ?? expect.fail('promtool is missing');
    // Those of Node.js have their own names.
    const own = samples.text.match(/^(?:# \w+ )?signalbox_.*$/gm)?.join('\n');
    const faults = execFileSync(path, ['check', 'metrics'], { input: `${own}\n`, encoding: 'utf8' });
    expect(faults).toBe('');
  });

  it('answers only reads, and only requests that name this machine', async () => {
    await using node = await startNode({ env });
    const { adminUrl } = await node.logged('listening');
    const status = async (path: string, options: { method?: string; headers?: Record<string, string> }) => {
      const { promise, resolve, reject } = Promise.withResolvers<number>();
      const req = request(`${adminUrl}${path}`, options, (res) => resolve(res.resume().statusCode ?? 0));
      req.on('error', reject).end();
      return promise;
    };
    expect(await status('/health', {})).toBe(200);
    expect(await status('/ready', {})).toBe(200);
    expect(await status('/', {})).toBe(404);
    expect(await status('/metrics', { method: 'POST' })).toBe(405);
    expect(await status('/metrics', { headers: { host: 'evil.example' } })).toBe(421);
    expect((await fetch(`${node.url}/metrics`)).status, 'clients cannot read them').toBe(404);
  });

  it('a port that is in use stops the start, with a line that names ADMIN_PORT', async () => {
    await using first = await startNode({ env });
    const { adminUrl } = await first.logged('listening');
    const { port } = new URL(String(adminUrl));
    await using second = new NodeProcess({ env: { ADMIN_PORT: port } });
    expect((await second.exited).code).toBe(1);
    expect(second.stderr).toBe(
      `ADMIN_PORT ${port} is in use on ADMIN_HOST localhost: stop the program that listens there, or set another ADMIN_PORT.\n`,
    );
  });
});

describe('deploy/prometheus', () => {
  it('its alert rules are valid, and promtool finds that each fires when it should and not before', () => {
    const path = findProgram(promtool) ?? expect.fail('promtool is missing');
    const run = (...args: string[]) =>
      execFileSync(path, args, { encoding: 'utf8', cwd: 'deploy/prometheus' });
    expect(run('check', 'rules', 'alerts.yaml')).toContain('SUCCESS');
    expect(run('test', 'rules', 'alerts.test.yaml')).toContain('SUCCESS');
    const names = (file: string) =>
      readFileSync(`deploy/prometheus/${file}`, 'utf8').matchAll(/(?:- alert|alertname): (\w+)/g);
    const rules = new Set(Array.from(names('alerts.yaml'), ([, name]) => name));
    const tested = new Set(Array.from(names('alerts.test.yaml'), ([, name]) => name));
    expect(tested, 'each rule has a test').toEqual(rules);
  });

  it.each(['deploy/prometheus/alerts.yaml', 'deploy/grafana/signalbox.json'])(
    '%s uses only metrics that a node has',
    async (file) => {
      await using node = await startNode({ env });
      const { text } = await readMetrics(node);
      const used = new Set(readFileSync(file, 'utf8').match(/\b(?:signalbox|nodejs|process)_[a-z_]+\b/g));
      const exists = (name: string) => text.includes(`# TYPE ${name.replace(/_(?:bucket|count|sum)$/, '')} `);
      expect([...used].filter((name) => !exists(name))).toEqual([]);
    },
  );
});
