import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nginx } from '../../scripts/programs.ts';
import { type Command, filled, type Site, type Values } from './load-balancer.ts';

/** The part of Debian's /etc/nginx/nginx.conf that matters here, with the paths of a test. */
function main(folder: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  // Only root may become another user. By default root does, and that user may not write into the folder of a test.
  const user = process.getuid?.() === 0 ? 'user root;' : '';
  return `daemon off;
${user}
worker_processes auto;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log;
events { worker_connections 768; }
http {
  sendfile on;
  tcp_nopush on;
  types_hash_max_size 2048;
  gzip on;
  access_log off;
  ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join('\n  ')}
  include ${folder}/signalbox.conf;
}
`;
}

/** nginx with `deploy/nginx.conf`. */
export function configureNginx(site: Site, values: Values = []): Command {
  const {
    folder,
    httpPort,
    httpsPort,
    certificate,
    nodes: [a, b],
  } = site;
  const text = filled('nginx.conf', [
    ...values,
    ['10.0.0.1:4000', `127.0.0.1:${a}`],
    ['10.0.0.2:4000', `127.0.0.1:${b}`],
    ['listen 80;', `listen 127.0.0.1:${httpPort};`],
    ['listen 443 ssl http2;', `listen 127.0.0.1:${httpsPort} ssl http2;`],
    // A test machine may have no IPv6.
    ['listen [::]:80;', ''],
    ['listen [::]:443 ssl http2;', ''],
    ['signal.example.com', 'localhost'],
    ['/etc/nginx/signal.pem', certificate.cert],
    ['/etc/nginx/signal.key', certificate.key],
    ['/var/log/nginx/', `${folder}/`],
  ]);
  writeFileSync(join(folder, 'signalbox.conf'), text);
  writeFileSync(join(folder, 'nginx.conf'), main(folder));
  return { program: nginx, args: ['-c', join(folder, 'nginx.conf'), '-e', join(folder, 'error.log')] };
}
