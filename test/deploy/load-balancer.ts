import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findProgram, type Program } from '../../scripts/programs.ts';
import { keep } from '../support/children.ts';
import { freePort } from '../support/redis.ts';
import { type Certificate, makeCertificate } from '../support/tls.ts';
import { until } from '../support/until.ts';

/** What a load balancer needs to know: in the files of `deploy/`, these are the lines to change. */
export interface Site {
  /** A folder of its own, with its logs. */
  readonly folder: string;
  readonly httpPort: number;
  readonly httpsPort: number;
  readonly certificate: Certificate;
  /** The nodes' ports on loopback. */
  readonly nodes: readonly number[];
}

/** How to start one load balancer. */
export interface Command {
  readonly program: Program;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Writes the configuration into the site's folder, unless the load balancer takes its values from variables. */
export type Configure = (site: Site) => Command | Promise<Command>;

/** Values in a file of `deploy/`, and the values to write in their place. */
export type Values = readonly (readonly [from: string, to: string])[];

/** Reads a file of `deploy/` and replaces values in it. Fails if one of them is not there. */
export function filled(file: string, values: Values): string {
  let text = readFileSync(new URL(`../../deploy/${file}`, import.meta.url), 'utf8');
  for (const [from, to] of values) {
    if (!text.includes(from)) throw new Error(`deploy/${file} does not contain "${from}".`);
    text = text.replaceAll(from, to);
  }
  return text;
}

/** A load balancer as a real process, on free ports of 127.0.0.1. `await using` ends it with the test. */
export class LoadBalancer {
  /** `https://localhost:<port>`. */
  readonly url: string;
  readonly site: Site;
  readonly #child: ChildProcess;
  readonly #output: string[] = [];

  private constructor(site: Site, child: ChildProcess) {
    this.site = site;
    this.url = `https://localhost:${site.httpsPort}`;
    this.#child = child;
    child.stdout?.setEncoding('utf8').on('data', (text: string) => this.#output.push(text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => this.#output.push(text));
  }

  /** Resolves when it accepts connections. */
  static async start(configure: Configure, nodes: readonly number[]): Promise<LoadBalancer> {
    const site = {
      folder: await mkdtemp(join(tmpdir(), 'signalbox-proxy-')),
      httpPort: await freePort(),
      httpsPort: await freePort(),
      certificate: await makeCertificate(),
      nodes,
    };
    const { program, args, env = {} } = await configure(site);
    const path = findProgram(program);
    if (!path) throw new Error(`There is no ${program.name}: run \`npm test\`, or set ${program.variable}.`);
    const child = spawn(path, args, {
      cwd: site.folder,
      env: { PATH: process.env.PATH, HOME: site.folder, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    keep(child);
    const proxy = new LoadBalancer(site, child);
    await until(
      () => child.exitCode !== null || accepts(site.httpsPort),
      `${program.name} accepts connections`,
    );
    if (child.exitCode !== null) throw new Error(`${program.name} ended: ${proxy.#output.join('')}`);
    return proxy;
  }

  /** All that it has written, to its output and to its logs. */
  async written(): Promise<string> {
    const { folder } = this.site;
    const logs = (await readdir(folder)).filter((name) => name.endsWith('.log'));
    const texts = await Promise.all(logs.map((name) => readFile(join(folder, name), 'utf8')));
    return [...this.#output, ...texts].join('');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const exit = once(this.#child, 'exit');
      // nginx and HAProxy end their worker processes at this signal, which they could not do at SIGKILL.
      this.#child.kill('SIGTERM');
      await exit;
    }
    await this.site.certificate.remove();
    await rm(this.site.folder, { recursive: true, force: true });
  }
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } finally {
    socket.destroy();
  }
}
