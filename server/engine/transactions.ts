import { z } from 'zod';
import type { Address, Hash, Hex } from '../protocol/refs.ts';
import { TRANSACTION_TYPE } from '../protocol/transaction.ts';
import { address, hash, readAnswer, safeQuantity } from './answers.ts';
import type { TransactionPlace, TransactionRef } from './engine.ts';

/** One JSON-RPC call; rejects with `EngineError`. */
export type Call = (method: string, params: readonly unknown[]) => Promise<unknown>;

const PRIVILEGED: Hex = `0x${TRANSACTION_TYPE.privileged.toString(16)}`;

const transaction = z
  .object({ hash, from: address.nullish(), nonce: safeQuantity.nullish(), type: z.string().nullish() })
  .transform(
    (seen): TransactionRef => ({
      hash: seen.hash,
      from: seen.from ?? null,
      // An L1 message takes its number from the bridge; no account's nonce says whether another took its place.
      nonce: seen.type === PRIVILEGED ? null : (seen.nonce ?? null),
    }),
  );
const blockWithTransactions = z.object({ transactions: z.array(transaction) }).nullable();
const placed = z
  .object({ blockHash: hash.nullish(), blockNumber: safeQuantity.nullish() })
  .transform(({ blockHash, blockNumber }) =>
    blockHash == null || blockNumber == null ? null : { number: blockNumber, hash: blockHash },
  )
  .nullable();

/** The transactions of a block, asked for by its hash; null when the engine does not have the block. */
export async function transactionsOfBlock(
  call: Call,
  block: Hash,
): Promise<readonly TransactionRef[] | null> {
  const method = 'eth_getBlockByHash';
  const answer = readAnswer(blockWithTransactions, method, await call(method, [block, true]));
  return answer?.transactions ?? null;
}

/** Where a transaction is, by at most two questions. */
export async function placeOfTransaction(
  call: Call,
  { hash: wanted, from, nonce }: TransactionRef,
): Promise<TransactionPlace> {
  const method = 'eth_getTransactionByHash';
  const raw = await call(method, [wanted]);
  if (raw !== null) {
    const block = readAnswer(placed, method, raw);
    return block === null ? { kind: 'pending' } : { kind: 'included', block };
  }
  const next = from === null || nonce === null ? null : await nextNonce(call, from);
  return { kind: 'nowhere', nonceUsed: next === null || nonce === null ? null : next > nonce };
}

async function nextNonce(call: Call, of: Address): Promise<number> {
  const method = 'eth_getTransactionCount';
  return readAnswer(safeQuantity, method, await call(method, [of, 'latest']));
}
