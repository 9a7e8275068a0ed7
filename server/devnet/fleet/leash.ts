import { type ChildProcess, spawn } from 'node:child_process';

/** Seconds that a child gets to end in order once its parent is gone. */
const GRACE_S = 5;

/**
 * Ends a child when this process is gone, however it went. The child itself ends in order when its IPC channel
 * closes; but a child that hangs, or that was paused, does not hear of that. So a shell holds the other end of a
 * pipe, sees it close with this process, wakes the child and kills it when it is still there afterwards. Call the
 * answer when the child has ended.
 */
export function leash(pid: number): () => void {
  if (process.platform === 'win32') return () => {};
  const script = `read -r _; kill -CONT "$1" 2>/dev/null
    left=${GRACE_S}; while [ "$left" -gt 0 ] && kill -0 "$1" 2>/dev/null; do sleep 1; left=$((left - 1)); done
    kill -KILL "$1" 2>/dev/null`;
  const watcher: ChildProcess = spawn('/bin/sh', ['-c', script, 'sh', String(pid)], {
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
