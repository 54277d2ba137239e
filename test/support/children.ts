import { type ChildProcess, spawn } from 'node:child_process';
import { Socket } from 'node:net';

/**
 * Ends what tests started and did not end, however the process of the tests itself ends: a worker
 * that is killed runs no handler of its own. So a shell of its own session reads the ids of the
 * processes that run, `+ <pid>` and `- <pid>`, and kills those left when its input ends.
 */
const script = `
pids=' '
while read -r sign pid; do
  case $sign in
    +) pids="$pids$pid " ;;
    -) pids="\${pids%% $pid *} \${pids#* $pid }" ;;
  esac
done
[ "$pids" = ' ' ] || kill -9 $pids
`;

let keeper: ChildProcess | undefined;

/** To be called with each process that is started. Its output is to be piped, never inherited. */
export function keep(child: ChildProcess): void {
  tell(`+ ${child.pid}`);
  child.once('exit', () => tell(`- ${child.pid}`));
}

function tell(line: string): void {
  keeper ??= startKeeper();
  keeper.stdin?.write(`${line}\n`);
}

function startKeeper(): ChildProcess {
  const shell = spawn('/bin/sh', ['-c', script], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  // It is there for the end of this process, and must not put it off.
  shell.unref();
  if (shell.stdin instanceof Socket) shell.stdin.unref();
  return shell;
}
