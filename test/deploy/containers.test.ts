/**
 * Checks what can be checked of the files for containers without an engine: that they fit the repository, the
 * settings, and one another. docs/operating.md says what nobody has run.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { readSettings, type Settings } from '../../src/settings.ts';
import { settings } from '../../src/settings-table.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const read = (file: string) => readFileSync(join(root, file), 'utf8');

const dockerfile = read('deploy/Dockerfile');
const image = Object.fromEntries(
  [...dockerfile.matchAll(/^ENV (.*)$/gm)].flatMap(([, pairs = '']) =>
    pairs.split(' ').map((pair) => pair.split('=') as [string, string]),
  ),
);

/** The settings that a node reads from these variables. Each must be one of its settings. */
function settingsOf(env: Readonly<Record<string, string>>): Settings {
  const all = { ...image, ...env };
  const known = settings.map(([, { variable }]) => variable);
  expect(Object.keys(all).filter((name) => !known.includes(name))).toEqual([]);
  return readSettings(all, []);
}

/** How long a node may take to stop, in seconds: docs/operating.md says why. */
function secondsToStop({ drainSeconds }: Settings): number {
  return drainSeconds + 5;
}

describe('deploy/Dockerfile', () => {
  test('copies files that the repository has and the engine gets, and starts the server that npm would install', () => {
    const [ignored = '', ...kept] = read('deploy/Dockerfile.dockerignore')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    expect(ignored).toBe('*');
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.*) \S+$/gm)].flatMap(([, from = '']) =>
      from.split(' '),
    );
    expect(copied.toSorted()).toEqual(kept.map((line) => line.slice(1)).toSorted());
    expect(copied.filter((path) => !existsSync(join(root, path)))).toEqual([]);
    const manifest = JSON.parse(read('package.json'));
    expect(dockerfile).toContain(`CMD ["node", "${manifest.bin.signalbox}"]`);
    const [major] = manifest.devDependencies.node.match(/\d+/);
    const versions = [...dockerfile.matchAll(/^FROM node:(\d+)/gm)].map(([, version]) => version);
    expect(new Set(versions)).toEqual(new Set([major]));
  });
});

interface Service {
  readonly environment?: Readonly<Record<string, string>>;
  readonly build?: { readonly context: string; readonly dockerfile: string };
  readonly depends_on?: Readonly<Record<string, unknown>> | readonly string[];
  readonly stop_grace_period?: string;
  readonly secrets?: readonly string[];
  readonly volumes?: readonly string[];
}

describe('deploy/compose.yaml', () => {
  const { services, secrets } = parse(read('deploy/compose.yaml'), { merge: true }) as {
    services: Record<string, Service>;
    secrets: Record<string, { file: string }>;
  };
  const nodes = Object.entries(services).filter(([, { build }]) => build);

  test('has two nodes, whose settings are right, on its Redis', () => {
    const folder = mkdtempSync(join(tmpdir(), 'signalbox-compose-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const secret = join(folder, 'token-secret');
    writeFileSync(secret, 'pRvLpZ6sYw1Hk0vBq3n5tJm8xQd2cF4g7aUe9iTo');
    expect(nodes).toHaveLength(2);
    for (const [, { environment = {}, build, stop_grace_period, secrets: given = [] }] of nodes) {
      expect(existsSync(join(root, 'deploy', build?.context ?? '', build?.dockerfile ?? ''))).toBe(true);
      expect(given.map((name) => `/run/secrets/${name}`)).toEqual([environment.TOKEN_SECRET_FILE]);
      expect(given.filter((name) => !secrets[name])).toEqual([]);
      const read = settingsOf({ ...environment, TOKEN_SECRET_FILE: secret });
      expect(services).toHaveProperty(new URL(read.redisUrl ?? '').hostname);
      expect(Number.parseInt(stop_grace_period ?? '', 10)).toBeGreaterThan(secondsToStop(read));
      // Caddy is one proxy.
      expect(read.trustProxy).toBe(1);
    }
  });

  test('gives Caddy the nodes, and the Caddyfile that is tested', () => {
    const { caddy } = services;
    expect(caddy?.environment?.NODES?.split(' ')).toEqual(nodes.map(([name]) => `${name}:${image.PORT}`));
    expect(caddy?.volumes).toContain('./Caddyfile:/etc/caddy/Caddyfile:ro');
    const variables = [...read('deploy/Caddyfile').matchAll(/\{\$([A-Z_]+)/g)].map(([, name]) => name);
    expect(variables).toEqual(expect.arrayContaining(Object.keys(caddy?.environment ?? {})));
  });
});

describe('deploy/kubernetes.yaml', () => {
  const documents = parseAllDocuments(read('deploy/kubernetes.yaml'));
  const of = (kind: string) => documents.map((doc) => doc.toJS()).find((object) => object.kind === kind);
  const { spec } = of('Deployment');
  const pod = spec.template.spec;
  const [container] = pod.containers;
  const env: { name: string; value?: string }[] = container.env;
  const given = Object.fromEntries(env.map(({ name, value }) => [name, value]));

  test('is YAML without errors', () => {
    expect(documents.flatMap(({ errors, warnings }) => [...errors, ...warnings])).toEqual([]);
  });

  test('gives a node settings that are right, and enough time to drain after preStop', () => {
    const secrets = { REDIS_URL: 'redis://redis', TOKEN_SECRET: 'pRvLpZ6sYw1Hk0vBq3n5tJm8xQd2cF4g7aUe9iTo' };
    const read = settingsOf({ ...given, ...secrets });
    const [program, pause] = container.lifecycle.preStop.exec.command;
    expect(program).toBe('sleep');
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(Number(pause) + secondsToStop(read));
  });

  test('asks /ready for readiness and /health for life, at the port that the node listens on', () => {
    expect(container.readinessProbe.httpGet).toEqual({ path: '/ready', port: 'http' });
    expect(container.livenessProbe.httpGet).toEqual({ path: '/health', port: 'http' });
    expect(container.ports).toEqual([{ name: 'http', containerPort: Number(image.PORT) }]);
    expect(of('Service').spec.ports[0].targetPort).toBe('http');
    const [rule] = of('Ingress').spec.rules;
    const { service } = rule.http.paths[0].backend;
    expect(service).toEqual({ name: of('Service').metadata.name, port: { name: 'http' } });
  });

  test('keeps a node while machines are taken out of service: all selectors name the pods of the deployment', () => {
    const { labels } = spec.template.metadata;
    expect(spec.selector.matchLabels).toEqual(labels);
    expect(of('Service').spec.selector).toEqual(labels);
    expect(of('PodDisruptionBudget').spec).toEqual({ minAvailable: 1, selector: { matchLabels: labels } });
    expect(spec.replicas).toBeGreaterThan(1);
  });
});
