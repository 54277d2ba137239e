import { type ChildProcess, spawn } from 'node:child_process';
import { Socket } from 'node:net';

/**
 * Kills the processes that a test worker started and left behind, even if the worker itself is killed and runs no
 * handler. The worker writes `+ <pid>` and `- <pid>` to this shell, which is detached. When its input ends, the
 * shell kills the processes that remain.
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

/** Call this with each process that a test starts. The output of the process must be piped, never inherited. */
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
  // The shell must not keep this process alive.
  shell.unref();
  if (shell.stdin instanceof Socket) shell.stdin.unref();
  return shell;
}
