/** One L2 endpoint over several nodes, for the devnet's users. */
import type { Address } from '../../protocol/refs.ts';
import { httpRpc } from '../../sequencer/httpRpc.ts';
import type { JsonRpc } from '../../sequencer/ports.ts';
import type { FleetNode } from './fleet.ts';

export interface FleetRpcDeps {
  readonly nodes: () => readonly FleetNode[];
  /** Whose turn it is; it is asked first, since its head is the newest. */
  readonly leader: () => Promise<Address | null>;
}

/** A paused node takes connections and answers nothing: the next one is asked soon. Milliseconds. */
const TIMEOUT_MS = 3_000;

/**
 * Transactions go to every node that runs, so that whoever leads next has them; one that takes it is enough. All
 * else is asked of the leader, and of the next node when that one does not answer. Rejects as the last one asked.
 */
export function fleetRpc({ nodes, leader }: FleetRpcDeps): JsonRpc {
  const endpoints = async (): Promise<readonly JsonRpc[]> => {
    const leads = await leader().catch(() => null);
    const up = nodes().filter((node) => node.engineRpc !== null && node.state.kind === 'running');
    const ordered = [...up].sort((a, b) => Number(b.sequencer === leads) - Number(a.sequencer === leads));
    if (ordered.length === 0) throw new Error('no node of the devnet runs');
    return ordered.map((node) => httpRpc(node.engineRpc!, { timeoutMs: TIMEOUT_MS }));
  };
  return {
    async request(method, params, signal) {
      const all = await endpoints();
      if (method === 'eth_sendRawTransaction') return sendToAll(all, params, signal);
      for (const one of all.slice(0, -1)) {
        try {
          return await one.request(method, params, signal);
        } catch (error) {
          // An answer that says no is an answer; only silence sends us on.
          if (typeof (error as { readonly code?: unknown }).code === 'number') throw error;
          signal?.throwIfAborted();
        }
      }
      return all.at(-1)!.request(method, params, signal);
    },
  };
}

async function sendToAll(
  all: readonly JsonRpc[],
  params: readonly unknown[],
  signal: AbortSignal | undefined,
): Promise<unknown> {
  try {
    return await Promise.any(all.map((one) => one.request('eth_sendRawTransaction', params, signal)));
  } catch (error) {
    throw (error as AggregateError).errors[0];
  }
}
