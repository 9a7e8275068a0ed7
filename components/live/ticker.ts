/**
 * The one clock of a page: the browser's time, once a second, while somebody is looking. Zero until the
 * first listener, so that the first render is the server's.
 */
export const createTicker = (isVisible: () => boolean) => {
  const listeners = new Set<() => void>();
  let now = 0;
  let timer: ReturnType<typeof setInterval> | null = null;
  const tick = (): void => {
    now = Date.now();
    for (const listener of listeners) listener();
  };
  const adjust = (): void => {
    const wanted = listeners.size > 0 && isVisible();
    if (wanted && timer === null) {
      timer = setInterval(tick, 1_000);
      tick();
    } else if (!wanted && timer !== null) {
      clearInterval(timer);
      timer = null;
    }
  };
  return {
    get: (): number => now,
    subscribe: (listener: () => void): (() => void) => {
      listeners.add(listener);
      adjust();
      return () => {
        listeners.delete(listener);
        adjust();
      };
    },
    visibilityChanged: adjust,
  };
};
