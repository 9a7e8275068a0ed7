import { onceGone } from '../../lib/childGuard.ts';

/** Seconds that a child gets to end in order once its parent is gone. */
const GRACE_S = 5;

/**
 * Ends a child when this process is gone, however it went. The child itself ends in order when its IPC channel
 * closes; but a child that hangs, or that was paused, does not hear of that. So a shell that sees this process go
 * wakes the child and kills it when it is still there afterwards. Call the answer when the child has ended.
 */
export const leash = (pid: number): (() => void) =>
  onceGone(
    `kill -CONT "$1" 2>/dev/null
    left=${GRACE_S}; while [ "$left" -gt 0 ] && kill -0 "$1" 2>/dev/null; do sleep 1; left=$((left - 1)); done
    kill -KILL "$1" 2>/dev/null`,
    String(pid),
  );
