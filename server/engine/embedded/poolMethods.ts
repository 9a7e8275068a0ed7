import type { Hex } from '../../protocol/refs.ts';
import { quantity } from '../executionPayload.ts';
import type { EngineCore } from './engineCore.ts';
import type { RpcMethod } from './engineMethods.ts';
import { describeTransaction } from './ethFormat.ts';
import { hashParam } from './params.ts';
import type { PooledTransaction } from './pool.ts';

/** geth's `txpool_` namespace, and why a transaction is not there any more. */
export function poolMethods(core: EngineCore): Record<string, RpcMethod> {
  return {
    txpool_status: async () => {
      const { pending, queued } = await split(core);
      return { pending: quantity(pending.length), queued: quantity(queued.length) };
    },
    txpool_content: async () => {
      const { pending, queued } = await split(core);
      const { common } = await core.executor.machineAt((await core.chain.head()).timestamp);
      const toJson = (pooled: PooledTransaction) =>
        describeTransaction(pooled.transaction.encoded, { block: null, index: 0 }, common);
      return { pending: bySender(pending, toJson), queued: bySender(queued, toJson) };
    },
    plumbline_dropReason: async (params) => core.pool.dropReason(hashParam(params, 0)),
  };
}

/** Pending ones can be in the next block; queued ones wait for a nonce before them. */
async function split(
  core: EngineCore,
): Promise<{ pending: PooledTransaction[]; queued: PooledTransaction[] }> {
  const state = await core.stateOf(await core.chain.head());
  const pending: PooledTransaction[] = [];
  const queued: PooledTransaction[] = [];
  for (const sender of core.pool.senders()) {
    let { nonce } = await state.account(sender);
    for (const pooled of core.pool.of(sender)) {
      if (pooled.nonce < nonce) continue;
      const follows = pooled.nonce === nonce;
      (follows ? pending : queued).push(pooled);
      if (follows) nonce++;
    }
  }
  return { pending, queued };
}

function bySender(
  transactions: readonly PooledTransaction[],
  toJson: (pooled: PooledTransaction) => unknown,
): Record<Hex, Record<string, unknown>> {
  const grouped: Record<Hex, Record<string, unknown>> = {};
  for (const pooled of transactions) {
    const group = grouped[pooled.sender] ?? {};
    group[pooled.nonce.toString()] = toJson(pooled);
    grouped[pooled.sender] = group;
  }
  return grouped;
}
