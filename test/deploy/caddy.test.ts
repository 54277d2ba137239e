import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { caddy } from '../../scripts/programs.ts';
import { freePort } from '../support/redis.ts';
import { tellOfClients } from './clients.ts';
import { tellOfGoneNode } from './gone-node.ts';
import { type Command, filled, type Site, type Values } from './load-balancer.ts';
import { tellStories } from './stories.ts';

async function configureWith(site: Site, values: Values): Promise<Command> {
  const { folder, httpPort, httpsPort, certificate, nodes } = site;
  const file = join(folder, 'Caddyfile');
  writeFileSync(file, filled('Caddyfile', values));
  return {
    program: caddy,
    args: ['run', '--adapter', 'caddyfile', '--config', file],
    env: {
      SITE: 'localhost',
      HTTP_PORT: `${httpPort}`,
      HTTPS_PORT: `${httpsPort}`,
      NODES: nodes.map((port) => `127.0.0.1:${port}`).join(' '),
      TLS_LINE: `tls ${certificate.cert} ${certificate.key}`,
      ADMIN: `127.0.0.1:${await freePort()}`,
    },
  };
}

// Otherwise an event source waits for the whole of this while all nodes are away.
tellStories('Caddy', (site) => configureWith(site, [['lb_try_duration 5s', 'lb_try_duration 1s']]));

tellOfGoneNode('Caddy', (site) => configureWith(site, [['health_interval 1s', 'health_interval 60s']]));

tellOfClients('Caddy', (site) => configureWith(site, []));
