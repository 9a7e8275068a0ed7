import { keccak256, toFunctionSelector } from 'viem';
import { onChainProposerAbi } from '../../protocol/contractsAbi.ts';
import type { Address } from '../../protocol/refs.ts';
import type { Leadership, TransactionSigner } from '../ports.ts';
import type { ProductionFence } from './productionFence.ts';

/** Leads only while `inner` says so and this process holds the lease. */
export const fencedLeadership = (
  inner: Leadership,
  fence: Pick<ProductionFence, 'mayProduce'>,
): Leadership => ({ isLeader: (snapshot) => fence.mayProduce() && inner.isLeader(snapshot) });

/**
 * Signs only while this process holds the lease, which it proves against the database before every signature, and a
 * commit only when no other content has that batch's number. Last in the chain, so that no caller gets around it.
 * After a signer that took long, the signature is given out only if the lease still stands.
 */
export function fencedSigner(
  signer: TransactionSigner,
  opts: { readonly proposer: Address },
  fence: Pick<ProductionFence, 'confirm' | 'claimBatch' | 'assertMayAct'>,
): TransactionSigner {
  return {
    address: signer.address,
    async sign(transaction) {
      const batch =
        transaction.to.toLowerCase() === opts.proposer.toLowerCase()
          ? committedBatch(transaction.data)
          : null;
      if (batch === null) await fence.confirm();
      else await fence.claimBatch(batch, keccak256(transaction.data));
      const signed = await signer.sign(transaction);
      fence.assertMayAct();
      return signed;
    },
  };
}

const COMMIT_BATCH = toFunctionSelector(
  onChainProposerAbi.find((item) => item.type === 'function' && item.name === 'commitBatch') as never,
);

/** The number that a `commitBatch` call commits, its first argument; null for another call. */
function committedBatch(data: `0x${string}`): number | null {
  if (!data.startsWith(COMMIT_BATCH) || data.length < 2 + 8 + 64) return null;
  return Number(BigInt(`0x${data.slice(10, 74)}`));
}
