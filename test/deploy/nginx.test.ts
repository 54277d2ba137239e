import { tellOfGoneNode } from './gone-node.ts';
import { tellOfLimits } from './limits.ts';
import type { Values } from './load-balancer.ts';
import { configureNginx } from './nginx.ts';
import { shortTimeout } from './quiet-stream.ts';
import { tellStories } from './stories.ts';

tellStories('nginx', (site) => configureNginx(site, [['timeout 60s', `timeout ${shortTimeout}`]]), {
  passesCutsOn: true,
});

const tight: Values = [
  ['rate=1000r/s', 'rate=1r/m'],
  ['burst=20000', 'burst=1'],
];
tellOfLimits('nginx', (site) => configureNginx(site, tight));

tellOfGoneNode('nginx', (site) => configureNginx(site));
