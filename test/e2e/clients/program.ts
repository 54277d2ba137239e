import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keep } from '../../support/children.ts';
import type { Message } from '../../support/client.ts';
import { filesOf } from './documented.ts';
import type { Client } from './visitor.ts';

/** A page of docs/clients whose code runs in a terminal. */
export interface Program {
  readonly name: string;
  /** The page, if its name is not that of the program. */
  readonly page?: string;
  /** A change that the page describes: this text in its code, and that text in its place. */
  readonly edit?: readonly [from: string, to: string];
  /** More variables of its environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** The command that prints the messages, one line of JSON each. */
  readonly follow: readonly [string, ...string[]];
  /** The command that sends a message. Without it, the first command takes messages from its standard input. */
  readonly send?: readonly [string, ...string[]];
}

/** Starts a documented program in a folder of its own. `env`: more variables of its environment. */
export async function run(
  program: Program,
  url: string,
  env: Readonly<Record<string, string>>,
): Promise<Client> {
  const { name, page = name, edit, follow, send } = program;
  const variables = { ...process.env, ...program.env, ...env };
  const files = [...filesOf(page)];
  if (edit && !files.some(([, code]) => code.includes(edit[0]))) {
    throw new Error(`${page}.md does not contain "${edit[0]}".`);
  }
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-client-'));
  for (const [file, code] of files) {
    const edited = edit ? code.replace(...edit) : code;
    await writeFile(join(folder, file), edited.replaceAll('http://localhost:4000', url));
  }
  const complaints: string[] = [];
  const start = ([command, ...args]: readonly [string, ...string[]]): ChildProcess => {
    // A group of its own: a shell's children end with it.
    const child = spawn(command, args, {
      cwd: folder,
      env: variables,
      stdio: ['pipe', 'pipe', 'pipe'],
      detached: true,
    });
    keep(child);
    child.stderr.setEncoding('utf8').on('data', (text: string) => complaints.push(text));
    return child;
  };
  const follower = start(follow);
  let output = '';
  follower.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  return {
    name,
    messages: async () => output.split('\n').slice(0, -1).map(messageOf),
    send: async (event, data) => {
      if (!send) return void follower.stdin?.write(`${event} ${JSON.stringify(data)}\n`);
      const sender = start([...send, event, JSON.stringify(data)]);
      sender.stdin?.end();
      await once(sender, 'exit');
    },
    lists: async () => [],
    complaints: () => complaints,
    [Symbol.asyncDispose]: async () => {
      if (follower.exitCode === null && follower.pid !== undefined) process.kill(-follower.pid, 'SIGKILL');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A line is a message, or a whole result of GraphQL. */
function messageOf(line: string): Message {
  const value = JSON.parse(line);
  return value.data?.messages ?? value;
}
