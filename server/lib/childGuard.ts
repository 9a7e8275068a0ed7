import { type ChildProcess, spawn } from 'node:child_process';

/**
 * Makes a child process end with us. On a normal exit our own listener kills it; for SIGKILL and crashes a
 * shell kills the child and deletes `folder`. The function that comes back calls the guard off.
 */
export function guardChild(child: ChildProcess, folder: string): () => void {
  const { pid } = child;
  if (pid === undefined) return () => {};
  const kill = (): void => void child.kill('SIGKILL');
  process.on('exit', kill);
  const callOff = onceGone('kill -KILL "$1" 2>/dev/null; rm -rf "$2"', String(pid), folder);
  return () => {
    process.off('exit', kill);
    callOff();
  };
}

/**
 * Runs a shell script, `$1` and on being `args`, once this process is gone, however it went: a shell holds the other end
 * of a pipe and sees it close. The answer calls that off.
 */
export function onceGone(script: string, ...args: readonly string[]): () => void {
  if (process.platform === 'win32') return () => {};
  const watcher = spawn('/bin/sh', ['-c', `read -r _; ${script}`, 'sh', ...args], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  watcher.on('error', () => {});
  watcher.stdin?.on('error', () => {});
  // Neither the watcher nor its pipe may keep our event loop alive.
  watcher.unref();
  (watcher.stdin as unknown as { unref(): void } | null)?.unref();
  return () => void watcher.kill('SIGKILL');
}
