import type { JsonRpc } from './ports.ts';

/** What is known of one L1 endpoint. */
export interface L1ProviderState {
  /** `good`, or why it is not. */
  readonly state: string;
  /** It serves what is read now. */
  readonly current: boolean;
}

/** Asked for nothing: it serves another chain, or gave an answer that cannot be right. */
const OUT: ReadonlySet<string> = new Set(['wrong_chain', 'benched']);
/** JSON-RPC's numbers for a request that another endpoint may well answer: limits (EIP-1474) and lost blocks. */
const ELSEWHERE: ReadonlySet<unknown> = new Set([-32_005, 429]);
const LACKS =
  /rate|limit|too many|header not found|unknown block|missing trie node|not available|not canonical/i;

interface Failure {
  readonly code?: unknown;
  readonly message?: unknown;
}

/**
 * Several L1 endpoints as one, for the account that commits. Reads go to the one that serves the node, and on to the
 * next when it does not answer, limits our rate, or lacks what was asked for. A signed transaction goes to all that may
 * be asked, since one that takes it may still keep it to itself: the same bytes can be mined once, and who owns the
 * nonce stays with whoever signed. Rejects as a single endpoint does, with the most telling refusal.
 */
export function l1Rpc(endpoints: readonly JsonRpc[], states: () => readonly L1ProviderState[]): JsonRpc {
  const ranked = (): readonly JsonRpc[] => {
    const seen = states();
    const rank = (index: number): number => {
      const { state, current } = seen[index] ?? { state: 'good', current: false };
      return OUT.has(state) ? 3 : state !== 'good' ? 2 : current ? 0 : 1;
    };
    const order = [...endpoints.keys()].sort((a, b) => rank(a) - rank(b) || a - b);
    const usable = order.filter((index) => rank(index) < 3);
    // When nobody is trusted the answer of one of them is no better than none: who asks is told which it is.
    return (usable.length > 0 ? usable : order).map((index) => endpoints[index]!);
  };
  return {
    request: (method, params, signal) =>
      method === 'eth_sendRawTransaction'
        ? handToAll(ranked(), params, signal)
        : askInTurn(ranked(), method, params, signal),
  };
}

async function askInTurn(
  endpoints: readonly JsonRpc[],
  method: string,
  params: readonly unknown[],
  signal: AbortSignal | undefined,
): Promise<unknown> {
  let first: unknown;
  for (const endpoint of endpoints) {
    try {
      return await endpoint.request(method, params, signal);
    } catch (error) {
      if (signal?.aborted || !mayBeElsewhere(error as Failure)) throw error;
      first ??= error;
    }
  }
  throw first;
}

async function handToAll(
  endpoints: readonly JsonRpc[],
  params: readonly unknown[],
  signal: AbortSignal | undefined,
): Promise<unknown> {
  const sent = endpoints.map((endpoint) => endpoint.request('eth_sendRawTransaction', params, signal));
  try {
    return await Promise.any(sent);
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    const failures = (error as AggregateError).errors as readonly Failure[];
    // A pool's word on the transaction says more than that another endpoint is away.
    throw failures.find(isRefusal) ?? failures[0];
  }
}

const isLimit = ({ code, message }: Failure): boolean =>
  ELSEWHERE.has(code) || /rate limit|too many requests/i.test(String(message));

/** What a pool says of the transaction itself. */
const isRefusal = (failure: Failure): boolean => typeof failure.code === 'number' && !isLimit(failure);

const mayBeElsewhere = (failure: Failure): boolean =>
  !isRefusal(failure) || LACKS.test(String(failure.message));
