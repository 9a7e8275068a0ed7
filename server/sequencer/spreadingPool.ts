import type { TransactionPool } from './ports.ts';

/** Transactions that wait for one peer; what comes on top of them is left to the own pool. */
const MAX_WAITING = 4_096;

/**
 * Offers to the own pool, and beside it to those of other nodes: whoever leads next can only include what it has,
 * and a user may have sent it to this node alone. Only the own pool's answer counts, and nobody waits for a peer:
 * one that does not answer is left out until the next offer.
 */
export function spreadingPool(own: TransactionPool, peers: readonly TransactionPool[]): TransactionPool {
  const lanes = peers.map(lane);
  return {
    async offer(transaction, signal) {
      for (const send of lanes) send(transaction);
      await own.offer(transaction, signal);
    },
  };
}

/** One peer's queue, in order: a later nonce is of no use before an earlier one. */
function lane(peer: TransactionPool): (transaction: Uint8Array) => void {
  let waiting: Uint8Array[] = [];
  let sending = false;
  const drain = async (): Promise<void> => {
    sending = true;
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      try {
        await peer.offer(next);
      } catch (error) {
        // An answer that says no is about this transaction; silence is about the peer.
        if (typeof (error as { readonly code?: unknown }).code !== 'number') waiting = [];
      }
    }
    sending = false;
  };
  return (transaction) => {
    if (waiting.length < MAX_WAITING) waiting.push(transaction);
    if (!sending) void drain();
  };
}
