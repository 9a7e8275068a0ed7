/**
 * Runs tasks one after the other, in the order they were given. A task that fails rejects its own promise and does not
 * stop the next.
 */
export function createSerial(): <T>(task: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (task) => {
    const run = last.then(task, task);
    last = run.catch(() => undefined);
    return run;
  };
}
