import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { haproxy } from '../../scripts/programs.ts';
import { tellOfClients } from './clients.ts';
import { tellOfGoneNode } from './gone-node.ts';
import { tellOfLimits } from './limits.ts';
import { type Command, filled, type Site, type Values } from './load-balancer.ts';
import { shortTimeout } from './quiet-stream.ts';
import { tellStories } from './stories.ts';

function configureWith(site: Site, values: Values): Command {
  const { folder, httpPort, httpsPort, certificate } = site;
  const [a, b] = site.nodes;
  const pem = join(folder, 'signal.pem');
  const text = filled('haproxy.cfg', [
    ...values,
    ['10.0.0.1:4000', `127.0.0.1:${a}`],
    ['10.0.0.2:4000', `127.0.0.1:${b}`],
    ['bind :80 ', `bind 127.0.0.1:${httpPort} `],
    ['bind :443 ', `bind 127.0.0.1:${httpsPort} `],
    ['/etc/haproxy/signal.pem', pem],
    // A test machine may allow few open files.
    ['maxconn 50000', 'maxconn 400'],
    // Only root may become another user.
    ...(process.getuid?.() === 0 ? [] : ([['    user haproxy\n    group haproxy\n', '']] as const)),
  ]);
  writeFileSync(join(folder, 'haproxy.cfg'), text);
  writeFileSync(pem, readFileSync(certificate.cert, 'utf8') + readFileSync(certificate.key, 'utf8'), {
    mode: 0o600,
  });
  return { program: haproxy, args: ['-db', '-f', join(folder, 'haproxy.cfg')] };
}

tellStories('HAProxy', (site) =>
  configureWith(site, [
    ['timeout client 60s', `timeout client ${shortTimeout}`],
    ['timeout server 60s', `timeout server ${shortTimeout}`],
  ]),
);

const tight: Values = [['sc_http_req_rate(0) gt 20000', 'sc_http_req_rate(0) gt 2']];
tellOfLimits('HAProxy', (site) => configureWith(site, tight));

tellOfGoneNode('HAProxy', (site) => configureWith(site, [['check inter 1s', 'check inter 60s']]));

tellOfClients('HAProxy', (site) => configureWith(site, []));
