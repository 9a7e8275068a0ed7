import type { L2BlockId } from '../../protocol/refs.ts';
import type { DroppedTransaction } from './reorgRecord.ts';

/** Where a transaction is now, as the engine tells. */
export type TransactionPlace =
  | { readonly kind: 'included'; readonly block: L2BlockId }
  | { readonly kind: 'pending' }
  /** In no block and no pool. `nonceUsed`: its sender's next nonce is above its own; null when not known. */
  | { readonly kind: 'nowhere'; readonly nonceUsed: boolean | null }
  | { readonly kind: 'not_known' };

/** The transaction with what became of it. */
export function withFate(transaction: DroppedTransaction, place: TransactionPlace): DroppedTransaction {
  switch (place.kind) {
    case 'included': {
      const { number, hash } = place.block;
      const fate = number === transaction.oldBlock.number ? 'same' : 're_included';
      return { ...transaction, newBlock: { number, hash }, fate };
    }
    case 'pending':
      return { ...transaction, newBlock: null, fate: 'pending' };
    case 'nowhere':
      return { ...transaction, newBlock: null, fate: place.nonceUsed === true ? 'conflicting' : 'dropped' };
    case 'not_known':
      return { ...transaction, newBlock: null, fate: 'not_known' };
  }
}

/**
 * Whether its fate may still change by itself: worth another look. A message of L1 has no nonce and lies in no pool: it
 * is nowhere until a leader takes it from L1 again.
 */
export const isOpen = ({ fate, nonce }: DroppedTransaction): boolean =>
  fate === 'pending' || fate === 'not_known' || (fate === 'dropped' && nonce === null);
