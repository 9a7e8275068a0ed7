/**
 * Called once for each call of a port that ended. `outcome` is `ok` or the error's code; `answer` is what a call that
 * went well resolved with.
 */
export type OnCall = (method: string, seconds: number, outcome: string, answer: unknown) => void;

/** @param error anything thrown */
export function outcomeOf(error: unknown): string {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : typeof code === 'number' ? `rpc_${code}` : 'unexpected';
}

/**
 * The same port, with every call of the named methods that answers by promise measured. Everything else passes
 * through. The methods are named, and not found by looking, so that a new one is a decision; what a caller gave up is
 * not counted, because it says nothing of the port.
 */
export function measured<T extends object>(
  port: T,
  methods: readonly (keyof T & string)[],
  onCall: OnCall,
  now: () => number = () => performance.now(),
): T {
  return new Proxy(port, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== 'function') return value;
      // Bound to the port itself: private members do not pass through a proxy.
      const call = value.bind(target) as (...args: unknown[]) => unknown;
      if (!(methods as readonly (string | symbol)[]).includes(property)) return call;
      return (...args: unknown[]) => measureOne(String(property), () => call(...args), onCall, now);
    },
  });
}

function measureOne(method: string, call: () => unknown, onCall: OnCall, now: () => number): unknown {
  const began = now();
  const ended = (outcome: string, answer: unknown): void => {
    if (outcome !== 'aborted') onCall(method, (now() - began) / 1000, outcome, answer);
  };
  const result = call();
  if (!(result instanceof Promise)) return result;
  return result.then(
    (answer: unknown) => {
      ended('ok', answer);
      return answer;
    },
    (error: unknown) => {
      ended(outcomeOf(error), null);
      throw error;
    },
  );
}
