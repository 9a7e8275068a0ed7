import { type Block, createBlock } from '@ethereumjs/block';
import { Account, createAddressFromString, hexToBytes } from '@ethereumjs/util';
import { runTx } from '@ethereumjs/vm';
import type { BlockHeader, Withdrawal } from '../../protocol/block.ts';
import { toHex } from '../../protocol/bytes.ts';
import type { Hash, Hex } from '../../protocol/refs.ts';
import { atLeast } from './genesis.ts';
import { GAS_PER_BLOB } from './headerRules.ts';
import type { AncestorHash, Machine } from './machine.ts';
import { runPrivileged } from './privilegedExecution.ts';
import type { Receipt } from './receipts.ts';
import { MissingStateError } from './stateDb.ts';
import { callBeforeTransactions, collectRequests } from './systemCalls.ts';
import { clauseOf, type ExecutableTransaction, InvalidTransactionError } from './transactions.ts';

const WEI_PER_GWEI = 1_000_000_000n;

/** What transactions can see of the block they are in. */
export type BlockContext = Pick<
  BlockHeader,
  | 'parentHash'
  | 'beneficiary'
  | 'number'
  | 'gasLimit'
  | 'timestamp'
  | 'prevRandao'
  | 'baseFeePerGas'
  | 'excessBlobGas'
  | 'parentBeaconBlockRoot'
>;

export interface ExecutedBlock {
  readonly stateRoot: Hash;
  readonly receipts: readonly Receipt[];
  readonly gasUsed: bigint;
  readonly blobGasUsed: bigint;
  /** EIP-7685; null before Prague. */
  readonly requests: readonly Uint8Array[] | null;
}

/**
 * One block being executed on a machine: begin, run each transaction, then finish or abort. Used alike for blocks that
 * arrive whole and for blocks being built. A machine carries one of these at a time.
 */
export class BlockExecution {
  readonly #machine: Machine;
  readonly #context: BlockContext;
  readonly #block: Block;
  readonly #receipts: Receipt[] = [];
  #gasUsed = 0n;
  #blobGasUsed = 0n;

  private constructor(machine: Machine, context: BlockContext) {
    this.#machine = machine;
    this.#context = context;
    this.#block = toLibraryBlock(machine, context);
  }

  /** Stands the machine on the parent's state and makes the calls that come before the transactions. */
  static async begin(
    machine: Machine,
    parentStateRoot: Hash,
    context: BlockContext,
    ancestorHash: AncestorHash,
  ): Promise<BlockExecution> {
    await machine.standOn(parentStateRoot);
    machine.ancestorHash = ancestorHash;
    const execution = new BlockExecution(machine, context);
    await machine.evm.journal.checkpoint();
    try {
      const { parentHash, parentBeaconBlockRoot } = context;
      await callBeforeTransactions(machine, execution.#block, parentHash, parentBeaconBlockRoot);
      return execution;
    } catch (error) {
      await execution.abort();
      throw error;
    }
  }

  get gasUsed(): bigint {
    return this.#gasUsed;
  }

  get receipts(): readonly Receipt[] {
    return this.#receipts;
  }

  /**
   * Executes the next transaction. Throws InvalidTransactionError, and leaves the state as it was before, when the
   * block may not hold it here.
   */
  async run(transaction: ExecutableTransaction): Promise<Receipt> {
    const { gasLimit } = this.#context;
    if (this.#gasUsed + transaction.tx.gasLimit > gasLimit) {
      throw new InvalidTransactionError(
        `its gas limit ${transaction.tx.gasLimit} is above the ${gasLimit - this.#gasUsed} left in the block`,
      );
    }
    const outcome =
      transaction.kind === 'privileged'
        ? await runPrivileged(this.#machine, transaction, this.#block)
        : await this.#runSigned(transaction.tx);
    this.#gasUsed += outcome.gasUsed;
    const receipt = { type: transaction.tx.type, cumulativeGasUsed: this.#gasUsed, ...outcome };
    this.#receipts.push(receipt);
    return receipt;
  }

  async #runSigned(tx: Extract<ExecutableTransaction, { kind: 'signed' }>['tx']) {
    try {
      const result = await runTx(this.#machine.vm, { tx, block: this.#block, skipHardForkValidation: true });
      if ('blobVersionedHashes' in tx)
        this.#blobGasUsed += GAS_PER_BLOB * BigInt(tx.blobVersionedHashes.length);
      return {
        succeeded: result.execResult.exceptionError === undefined,
        gasUsed: result.totalGasSpent,
        bloom: result.bloom.bitvector,
        logs: result.receipt.logs,
      };
    } catch (error) {
      if (error instanceof MissingStateError) throw error;
      throw new InvalidTransactionError(clauseOf(error));
    }
  }

  /** Pays the withdrawals, collects the requests and computes the state root. The state is pending in the StateDb. */
  async finish(withdrawals: readonly Withdrawal[] | null, depositContract: Hex): Promise<ExecutedBlock> {
    const machine = this.#machine;
    for (const withdrawal of withdrawals ?? []) await this.#pay(withdrawal);
    await machine.evm.journal.cleanup();
    const requests = atLeast(machine.fork, 'prague')
      ? await collectRequests(machine, this.#block, this.#receipts, depositContract)
      : null;
    const stateRoot = toHex(await machine.state.getStateRoot());
    await machine.evm.journal.commit();
    machine.stands(stateRoot);
    const { receipts } = this;
    return { stateRoot, receipts, gasUsed: this.#gasUsed, blobGasUsed: this.#blobGasUsed, requests };
  }

  /** Leaves the machine ready for another block. */
  async abort(): Promise<void> {
    await this.#machine.evm.journal.revert();
    this.#machine.stands(null);
  }

  /** EIP-4895: unconditional, in gwei, and an amount of zero still may not leave an empty account behind. */
  async #pay({ address, amount }: Withdrawal): Promise<void> {
    const { state, evm } = this.#machine;
    const target = createAddressFromString(address);
    const account = (await state.getAccount(target)) ?? new Account();
    account.balance += amount * WEI_PER_GWEI;
    await evm.journal.putAccount(target, account);
  }
}

function toLibraryBlock(machine: Machine, context: BlockContext): Block {
  const { beneficiary, number, gasLimit, timestamp, prevRandao, baseFeePerGas, excessBlobGas } = context;
  const header = {
    coinbase: hexToBytes(beneficiary),
    number,
    gasLimit,
    timestamp,
    mixHash: hexToBytes(prevRandao),
    ...(baseFeePerGas === null ? {} : { baseFeePerGas }),
    ...(excessBlobGas === null ? {} : { excessBlobGas }),
  };
  return createBlock(
    { header },
    { common: machine.common, freeze: false, skipConsensusFormatValidation: true },
  );
}
