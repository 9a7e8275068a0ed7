import { encodeFunctionData, keccak256, stringToBytes } from 'viem';
import { encodeBlobPayload, packBlob } from '../protocol/blob.ts';
import { toHex } from '../protocol/bytes.ts';
import { onChainProposerAbi } from '../protocol/contractsAbi.ts';
import { EMPTY_FEE_CONFIG } from '../protocol/feeConfig.ts';
import { privilegedRollingHash } from '../protocol/privileged.ts';
import type { Address, Hash, L2BlockId } from '../protocol/refs.ts';
import type { MeasuredBlock } from './blocks.ts';
import type { L1Call, OutgoingMessage } from './ports.ts';
import { withdrawalsRoot } from './state/withdrawals.ts';

/** Everything that `commitBatch` is told of a batch. */
export interface Batch {
  readonly number: number;
  readonly firstBlock: number;
  readonly lastBlock: L2BlockId;
  readonly newStateRoot: Hash;
  readonly withdrawalsRoot: Hash;
  readonly privilegedRollingHash: Hash;
  readonly messages: number;
  readonly nonPrivilegedTransactions: number;
  readonly blocks: readonly MeasuredBlock[];
}

/**
 * Names the program that executed the batch (`commitHash`); the contract asks only that it is not zero while no
 * proof is required. A constant of this software's version.
 */
export const COMMIT_HASH: Hash = keccak256(stringToBytes('plumbline/0.1.0'));

/** Makes a batch of consecutive blocks, at least one. `outgoing` are the messages of those blocks, in order. */
export function buildBatch(
  number: number,
  blocks: readonly MeasuredBlock[],
  outgoing: readonly OutgoingMessage[],
): Batch {
  const first = blocks[0];
  const last = blocks.at(-1);
  if (first === undefined || last === undefined) throw new RangeError('a batch needs at least one block');
  const messageHashes = blocks.flatMap((block) => block.messageHashes);
  const transactions = blocks.reduce((sum, { block }) => sum + block.transactions.length, 0);
  return {
    number,
    firstBlock: first.block.number,
    lastBlock: { number: last.block.number, hash: last.block.hash },
    newStateRoot: last.block.header.stateRoot,
    withdrawalsRoot: withdrawalsRoot(outgoing),
    privilegedRollingHash: privilegedRollingHash(messageHashes),
    messages: messageHashes.length,
    nonPrivilegedTransactions: transactions - messageHashes.length,
    blocks,
  };
}

/**
 * The call that commits a batch. `validium` carries the blocks in calldata alone (type 2), `rollup` in the blob
 * as well (type 3); the contract is deployed for one of them and refuses the other.
 */
export function commitCall(batch: Batch, proposer: Address, mode: 'validium' | 'rollup'): L1Call {
  const data = encodeFunctionData({
    abi: onChainProposerAbi,
    functionName: 'commitBatch',
    args: [
      BigInt(batch.number),
      batch.newStateRoot,
      batch.withdrawalsRoot,
      batch.privilegedRollingHash,
      batch.lastBlock.hash,
      BigInt(batch.nonPrivilegedTransactions),
      COMMIT_HASH,
      batch.blocks.map(({ rlp }) => toHex(rlp)),
    ],
  });
  return { to: proposer, data, value: 0n, blobs: mode === 'rollup' ? [blobOf(batch)] : [] };
}

const blobOf = (batch: Batch): Uint8Array =>
  packBlob(
    encodeBlobPayload(
      batch.blocks.map(({ rlp }) => rlp),
      batch.blocks.map(() => EMPTY_FEE_CONFIG),
    ),
  );

/** The call that verifies `count` batches from `first` on, with the empty proofs of a chain that requires none. */
export function verifyCall(first: number, count: number, proposer: Address): L1Call {
  const proofs = Array.from({ length: count }, () => '0x' as const);
  const data = encodeFunctionData({
    abi: onChainProposerAbi,
    functionName: 'verifyBatches',
    args: [BigInt(first), proofs, proofs, proofs],
  });
  return { to: proposer, data, value: 0n, blobs: [] };
}
