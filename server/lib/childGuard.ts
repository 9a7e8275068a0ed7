import { type ChildProcess, spawn } from 'node:child_process';

/**
 * Makes a child process end with us. On a normal exit our own listener kills it; for SIGKILL and crashes a shell
 * holds the other end of a pipe, sees it close when this process is gone, kills the child and deletes `folder`.
 * The function that comes back calls the guard off.
 */
export function guardChild(child: ChildProcess, folder: string): () => void {
  const { pid } = child;
  if (pid === undefined) return () => {};
  const kill = (): void => void child.kill('SIGKILL');
  process.on('exit', kill);
  const watcher = process.platform === 'win32' ? null : spawnWatcher(pid, folder);
  return () => {
    process.off('exit', kill);
    watcher?.kill('SIGKILL');
  };
}

function spawnWatcher(pid: number, folder: string): ChildProcess {
  const script = 'read -r _; kill -KILL "$1" 2>/dev/null; rm -rf "$2"';
  const watcher = spawn('/bin/sh', ['-c', script, 'sh', String(pid), folder], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  watcher.on('error', () => {});
  watcher.stdin?.on('error', () => {});
  // Neither the watcher nor its pipe may keep our event loop alive.
  watcher.unref();
  (watcher.stdin as unknown as { unref(): void } | null)?.unref();
  return watcher;
}
