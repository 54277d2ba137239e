import { expect, inject, test } from 'vitest';
import { Crowd } from '../e2e/clients/crowd.ts';
import { type NodeProcess, startNode } from '../support/node.ts';
import { freePort, freshPrefix } from '../support/redis.ts';
import { type Configure, LoadBalancer } from './load-balancer.ts';

/**
 * The code of docs/clients behind a load balancer that, over HTTP/2, ends a stream that was cut as if it were complete.
 * The grace period is the default: a client that notices the end only when nothing more comes would lose its session.
 */
export function tellOfClients(name: string, configure: Configure): void {
  test(`behind ${name}, over HTTP/2: each client of docs/clients resumes when its node is killed, and when it drains`, {
    timeout: 150_000,
  }, async () => {
    const env = {
      REDIS_URL: inject('redisUrl'),
      REDIS_PREFIX: freshPrefix(),
      TRUST_PROXY: '1',
      DRAIN_SECONDS: '2',
    };
    const ports = [await freePort(), await freePort()] as const;
    const start = (port: number): Promise<NodeProcess> => startNode({ env: { ...env, PORT: `${port}` } });
    // Ben's node is not behind the load balancer. The second one there starts later, so all clients are at the first.
    await using bens = await startNode({ env });
    await using first = await start(ports[0]);
    await using loadBalancer = await LoadBalancer.start(configure, ports);
    const { cert } = loadBalancer.site.certificate;
    await using crowd = await Crowd.gather({
      url: loadBalancer.url,
      benUrl: bens.url,
      env: { CURL_CA_BUNDLE: cert, SSL_CERT_FILE: cert, REQUESTS_CA_BUNDLE: cert },
    });
    crowd.speak(3);
    await crowd.expectAllHeard();

    await using second = await start(ports[1]);
    const beforeKill = await crowd.connections();
    await first.kill('SIGKILL');
    crowd.speak(3);
    await crowd.expectAllResumed(beforeKill);
    await crowd.expectAllHeard();

    await using _third = await start(ports[0]);
    const beforeDrain = await crowd.connections();
    const drained = second.kill('SIGTERM');
    crowd.speak(3);
    await crowd.expectAllResumed(beforeDrain);
    await crowd.expectAllHeard();
    expect(await drained).toEqual({ code: 0, signal: null });
  });
}
