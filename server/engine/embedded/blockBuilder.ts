import type { SealedBlock } from '../../protocol/block.ts';
import { sealBlock } from '../../protocol/blockCodec.ts';
import { fromHex } from '../../protocol/bytes.ts';
import type { PayloadAttributes } from '../../protocol/forkchoice.ts';
import type { BlockContext, BlockExecution } from './blockExecution.ts';
import type { BlockExecutor } from './blockExecutor.ts';
import { atLeast, forkAt, type Genesis } from './genesis.ts';
import { nextBaseFee, nextExcessBlobGas, nextGasLimit } from './headerRules.ts';
import type { Machine } from './machine.ts';
import type { PooledTransaction, TransactionPool } from './pool.ts';
import { blockBloom, type Receipt, receiptsRoot } from './receipts.ts';
import { requestsHashOf } from './systemCalls.ts';
import { type ExecutableTransaction, InvalidTransactionError, toExecutable } from './transactions.ts';

/** An ethrex block must fit one blob (126,976 bytes) together with its header and the blob's framing. */
const MAX_L2_TRANSACTION_BYTES = 124_000;
const NO_BYTE_LIMIT = Number.POSITIVE_INFINITY;

/** A transaction that the attributes force into the block cannot be in it. */
export class ForcedTransactionError extends Error {
  override readonly name = 'ForcedTransactionError';
  readonly code = 'forced_transaction_invalid';
}

export interface BuilderDeps {
  readonly genesis: Genesis;
  readonly executor: BlockExecutor;
  readonly pool: TransactionPool;
  readonly l2Rules: boolean;
  /** Milliseconds on a clock that never goes back. */
  readonly now: () => number;
  /** Milliseconds after which no further pool transaction is started. */
  readonly budget: number;
}

export interface BuiltBlock {
  readonly block: SealedBlock;
  readonly receipts: readonly Receipt[];
  readonly requests: readonly Uint8Array[];
  /** wei that the fee recipient earned. */
  readonly blockValue: bigint;
}

interface Open {
  readonly machine: Machine;
  readonly execution: BlockExecution;
  readonly context: BlockContext;
  readonly included: ExecutableTransaction[];
  bytes: number;
  readonly maxBytes: number;
  readonly deadline: number;
}

/**
 * Builds the block that `attributes` describe on top of `parent`: its forced transactions in their order, then, unless
 * `noTxPool`, the pool's by what they pay while they fit. The state is pending in the StateDb when it returns.
 * Throws ForcedTransactionError.
 */
export async function buildBlock(
  deps: BuilderDeps,
  parent: SealedBlock,
  attributes: PayloadAttributes,
): Promise<BuiltBlock> {
  const { genesis, executor } = deps;
  const context = contextOf(genesis, parent, attributes);
  const { machine, execution } = await executor.begin(context, parent);
  const maxBytes = deps.l2Rules ? MAX_L2_TRANSACTION_BYTES : NO_BYTE_LIMIT;
  const deadline = deps.now() + deps.budget;
  const open: Open = { machine, execution, context, included: [], bytes: 0, maxBytes, deadline };
  try {
    await runForced(open, attributes.transactions ?? []);
    if (attributes.noTxPool !== true) await runPool(open, deps);
    return await seal(open, genesis, attributes);
  } catch (error) {
    await execution.abort();
    throw error;
  }
}

function contextOf(genesis: Genesis, parent: SealedBlock, attributes: PayloadAttributes): BlockContext {
  const fork = forkAt(genesis, attributes.timestamp);
  const cancun = atLeast(fork, 'cancun');
  return {
    parentHash: parent.hash,
    beneficiary: attributes.suggestedFeeRecipient,
    number: parent.number + 1,
    gasLimit: nextGasLimit(parent.header.gasLimit, attributes.gasLimit ?? parent.header.gasLimit),
    timestamp: attributes.timestamp,
    prevRandao: attributes.prevRandao,
    baseFeePerGas: nextBaseFee(parent.header),
    excessBlobGas: cancun ? nextExcessBlobGas(parent.header, genesis, fork) : null,
    parentBeaconBlockRoot: cancun ? attributes.parentBeaconBlockRoot : null,
  };
}

async function include(open: Open, transaction: ExecutableTransaction): Promise<void> {
  await open.execution.run(transaction);
  open.included.push(transaction);
  open.bytes += transaction.encoded.length;
}

async function runForced(open: Open, forced: readonly `0x${string}`[]): Promise<void> {
  for (const [index, hex] of forced.entries()) {
    try {
      await include(open, toExecutable(fromHex(hex), open.machine.common));
    } catch (error) {
      if (!(error instanceof InvalidTransactionError)) throw error;
      throw new ForcedTransactionError(`forced transaction ${index}: ${error.message}`);
    }
  }
}

/** One sender's transactions that can follow each other, the next one first. */
interface Queue {
  readonly waiting: PooledTransaction[];
}

async function runPool(open: Open, deps: BuilderDeps): Promise<void> {
  const baseFee = open.context.baseFeePerGas ?? 0n;
  const queues = await readyQueues(open, deps.pool, baseFee);
  while (queues.length > 0 && deps.now() < open.deadline) {
    const best = indexOfBest(queues, baseFee);
    const queue = queues[best]!;
    const next = queue.waiting.shift()!;
    const goesOn = await tryPooled(open, deps.pool, next);
    if (!goesOn || queue.waiting.length === 0) queues.splice(best, 1);
  }
}

/** Drops what a block has overtaken; leaves out what has a gap before it or pays less than the base fee. */
async function readyQueues(open: Open, pool: TransactionPool, baseFee: bigint): Promise<Queue[]> {
  const queues: Queue[] = [];
  for (const sender of pool.senders()) {
    const [first] = pool.of(sender);
    const account = await open.machine.state.getAccount(first!.transaction.tx.getSenderAddress());
    let nonce = account?.nonce ?? 0n;
    const waiting: PooledTransaction[] = [];
    for (const pooled of pool.of(sender)) {
      if (pooled.nonce < nonce) pool.drop(pooled.hash, `nonce ${pooled.nonce} is used already`);
      else if (pooled.nonce === nonce && pooled.maxFeePerGas >= baseFee) {
        waiting.push(pooled);
        nonce++;
      }
    }
    if (waiting.length > 0) queues.push({ waiting });
  }
  return queues;
}

function indexOfBest(queues: readonly Queue[], baseFee: bigint): number {
  let best = 0;
  queues.forEach((queue, index) => {
    if (tipOf(queue.waiting[0]!, baseFee) > tipOf(queues[best]!.waiting[0]!, baseFee)) best = index;
  });
  return best;
}

const tipOf = (pooled: PooledTransaction, baseFee: bigint): bigint => {
  const room = pooled.maxFeePerGas - baseFee;
  return room < pooled.maxPriorityFeePerGas ? room : pooled.maxPriorityFeePerGas;
};

/** False when this sender's later transactions cannot follow in this block. */
async function tryPooled(open: Open, pool: TransactionPool, pooled: PooledTransaction): Promise<boolean> {
  const { transaction } = pooled;
  const gasLeft = open.context.gasLimit - open.execution.gasUsed;
  if (transaction.tx.gasLimit > gasLeft) return false;
  if (open.bytes + transaction.encoded.length > open.maxBytes) return false;
  try {
    await include(open, transaction);
    return true;
  } catch (error) {
    if (!(error instanceof InvalidTransactionError)) throw error;
    pool.drop(pooled.hash, error.message);
    return false;
  }
}

async function seal(open: Open, genesis: Genesis, attributes: PayloadAttributes): Promise<BuiltBlock> {
  const { machine, context, execution, included } = open;
  const withdrawals = atLeast(machine.fork, 'shanghai') ? attributes.withdrawals : null;
  const executed = await execution.finish(withdrawals, genesis.depositContract);
  const { receipts, requests } = executed;
  const block = sealBlock(
    {
      ...context,
      stateRoot: executed.stateRoot,
      receiptsRoot: receiptsRoot(receipts),
      logsBloom: blockBloom(receipts),
      difficulty: 0n,
      gasUsed: executed.gasUsed,
      extraData: '0x',
      nonce: '0x0000000000000000',
      blobGasUsed: context.excessBlobGas === null ? null : executed.blobGasUsed,
      requestsHash: requests === null ? null : requestsHashOf(requests),
    },
    included.map(({ encoded }) => encoded),
    withdrawals,
  );
  return { block, receipts, requests: requests ?? [], blockValue: tipsOf(included, receipts, context) };
}

function tipsOf(
  included: readonly ExecutableTransaction[],
  receipts: readonly Receipt[],
  { baseFeePerGas }: BlockContext,
): bigint {
  let value = 0n;
  included.forEach((transaction, index) => {
    if (transaction.kind === 'privileged') return;
    value += transaction.tx.getEffectivePriorityFee(baseFeePerGas ?? 0n) * receipts[index]!.gasUsed;
  });
  return value;
}
