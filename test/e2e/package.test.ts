import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { buildSchema, getIntrospectionQuery, introspectionFromSchema } from 'graphql';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { launchChromium } from '../support/chromium.ts';
import { ApiClient, access } from '../support/client.ts';
import { MessageStream } from '../support/message-stream.ts';
import { NodeProcess } from '../support/node.ts';
import { openAs, saved, say } from './clients/two-windows.ts';

/** The package as npm would publish it, in a folder that has nothing else. It is installed once, with old and new Node.js. */

const root = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);
const timeout = 60_000;
const installTimeout = 180_000;
/** Options of `npm install`. */
const quick = ['--prefer-offline', '--no-audit', '--no-fund', '--silent'];

let folder: string;
let tarball: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'signalbox-package-'));
  // This also builds `dist`.
  await run('npm', ['pack', '--silent', '--pack-destination', folder], { cwd: root });
  [tarball = ''] = readdirSync(folder);
  const manifest = { private: true, type: 'module', allowScripts: { node: true } };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
  const packages = [`./${tarball}`, 'node-22@npm:node@22', 'node-26@npm:node@26', '@types/node@22'];
  await run('npm', ['install', ...quick, ...packages], { cwd: folder });
}, installTimeout);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The folder of each Node.js, to be first in PATH. */
const versions: Readonly<Record<string, () => string>> = {
  22: () => join(folder, 'node_modules/node-22/bin'),
  24: () => dirname(process.execPath),
  26: () => join(folder, 'node_modules/node-26/bin'),
};

/** The first block of code of this language under the heading. */
function exampleOf(page: string, heading: string, language: string): string {
  const text = readFileSync(join(root, page), 'utf8');
  const section = text.slice(text.indexOf(`\n${heading}\n`));
  const [, code = ''] = new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(section) ?? [];
  return code;
}

/** Lets the server, and not npm, log its process id. */
const tellPid = `--import=data:text/javascript,${encodeURIComponent(
  'if (process.argv[1].endsWith("/signalbox")) console.log(JSON.stringify({ msg: "pid", pid: process.pid }));',
)}`;

/**
 * The server that npx started. Disposing of this ends the server. That must happen before npx ends, because the server
 * keeps npx's output open: npx starts a shell that starts the server, and such a shell passes no signals on.
 */
async function serverOf(npx: NodeProcess): Promise<Disposable & { readonly pid: number }> {
  const pid = Number((await npx.logged('pid')).pid);
  return {
    pid,
    [Symbol.dispose]: () => {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended.
      }
    },
  };
}

async function meet(url: string): Promise<void> {
  const { token } = await access(url, 'ada');
  const stream = await MessageStream.open(url, token, { join: [{ roomId: 'lobby' }] });
  const connected = await stream.messages.next();
  expect(connected).toMatchObject({ __typename: 'Connected', rooms: [{ id: 'lobby' }] });
  await stream.drop();
}

describe.each(Object.entries(versions))('the package in an empty folder, on Node.js %s', (version, bin) => {
  const start = (...command: [string, ...string[]]) => {
    const PATH = [bin(), process.env.PATH].join(delimiter);
    return new NodeProcess({ command, cwd: folder, env: { PATH, NODE_OPTIONS: tellPid } });
  };

  test('`npx signalbox` serves the API and the pages, and ends at SIGTERM', { timeout }, async () => {
    await using node = start('npx', '--no-install', 'signalbox');
    using server = await serverOf(node);
    await node.listening();
    await meet(node.url);
    for (const path of ['/', '/draw/room', '/client.js', '/graphql']) {
      const page = await fetch(node.url + path, { headers: { accept: 'text/html' } });
      expect(page.status, path).toBe(200);
      expect((await page.text()).length, path).toBeGreaterThan(500);
    }
    process.kill(server.pid, 'SIGTERM');
    expect(await node.exited).toEqual({ code: 0, signal: null });
  });

  test('the server in docs/library.md runs', { timeout }, async () => {
    const code = exampleOf('docs/library.md', '## Start', 'js');
    const tell = `function () { console.log(JSON.stringify({
      msg: 'listening', node: process.version, url: \`http://localhost:\${this.address().port}\` })); }`;
    const app = join(folder, 'app.js');
    writeFileSync(app, code.replace(".listen(3000, 'localhost')", `.listen(0, 'localhost', ${tell})`));
    await using node = start('node', app);
    await node.listening();
    expect((await node.logged('listening')).node).toMatch(`v${version}.`);
    await meet(`${node.url}/signal`);
    expect(await (await fetch(node.url)).text()).toBe('My application');
  });

  test('the package can be loaded with `require` too', { timeout }, async () => {
    const code = "console.log(typeof require('signalbox').createSignalbox)";
    const { stdout } = await run(join(bin(), 'node'), ['--input-type=commonjs', '--eval', code], {
      cwd: folder,
    });
    expect(stdout.trim()).toBe('function');
  });
});

test('from an empty folder, `npm install` and the page in README.md open a data channel between two windows', {
  timeout: installTimeout,
}, async () => {
  const empty = mkdtempSync(join(tmpdir(), 'signalbox-empty-'));
  onTestFinished(() => rmSync(empty, { recursive: true, force: true }));
  await run('npm', ['install', ...quick, join(folder, tarball)], { cwd: empty });
  // On a port that is free; otherwise as in README.md.
  const env = { NODE_OPTIONS: tellPid };
  await using node = new NodeProcess({ command: ['npx', '--no-install', 'signalbox'], cwd: empty, env });
  using _server = await serverOf(node);
  await node.listening();

  const html = exampleOf('README.md', '## Two peers meet', 'html');
  expect(html.trim().split('\n')).toHaveLength(12);
  const address = await saved(empty, html.replaceAll('http://localhost:4000', node.url));
  const browser = await launchChromium();
  onTestFinished(() => browser.close());
  const [ada, ben] = [await openAs(browser, 'ada', address), await openAs(browser, 'ben', address)];
  await ada.getByText('ben is direct').waitFor();
  await ben.getByText('ada is direct').waitFor();
  await say(ada, 'Hello, Ben');
  await ben.getByText('ada: Hello, Ben').waitFor();
  await say(ben, 'Hello, Ada');
  await ada.getByText('ben: Hello, Ada').waitFor();
});

test('the types of the package are those of docs/library.md, and refuse wrong options', {
  timeout,
}, async () => {
  const documents = exampleOf('docs/library.md', '## Documents and types', 'ts');
  writeFileSync(
    join(folder, 'consumer.ts'),
    `import { createServer } from 'node:http';
import { createSignalbox, type Signalbox, SettingsError } from 'signalbox';
declare const token: string, peerId: string;
${documents}
const status: 'DELIVERED' | 'QUEUED' = relay.status;
const query: string = MESSAGES;
const box: Signalbox = createSignalbox({ graceSeconds: 5, corsOrigins: ['https://a.example'], logger: console });
createServer(box.handler);
// @ts-expect-error: it is a number.
createSignalbox({ graceSeconds: 'long' });
// @ts-expect-error: there is no such option.
createSignalbox({ port: 4000 });
console.log(status, query, SettingsError);
`,
  );
  const options = {
    module: 'nodenext',
    target: 'es2024',
    lib: ['es2024', 'dom'],
    strict: true,
    noEmit: true,
  };
  const config = { compilerOptions: { ...options, types: ['node'] }, files: ['consumer.ts'] };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
  const tsc = join(root, 'node_modules/.bin/tsc');
  const { stdout } = await run(tsc, ['--project', folder]).catch((error: { stdout: string }) => error);
  expect(stdout).toBe('');
});

test('signalbox/schema.graphql is the schema of the server', { timeout }, async () => {
  const path = join(folder, 'node_modules/signalbox/dist/schema.graphql');
  const code = "console.log(require.resolve('signalbox/schema.graphql'))";
  const resolved = await run(process.execPath, ['--input-type=commonjs', '--eval', code], { cwd: folder });
  expect(resolved.stdout.trim()).toBe(path);
  await using node = new NodeProcess();
  await node.listening();
  const served = await new ApiClient(node.url).run(getIntrospectionQuery({ descriptions: true }));
  expect(introspectionFromSchema(buildSchema(readFileSync(path, 'utf8')))).toMatchObject(served as object);
});
