import type { CustomCrypto } from '@ethereumjs/common';
import type { SealedBlock } from '../../protocol/block.ts';
import type { Hash } from '../../protocol/refs.ts';
import { type BlockContext, BlockExecution, type ExecutedBlock } from './blockExecution.ts';
import type { Chain } from './chain.ts';
import { type Fork, forkAt, type Genesis } from './genesis.ts';
import { checkHeader } from './headerRules.ts';
import { createMachine, type Machine } from './machine.ts';
import { blockBloom, type Receipt, receiptsRoot } from './receipts.ts';
import type { StateDb } from './stateDb.ts';
import { requestsHashOf } from './systemCalls.ts';
import { InvalidTransactionError, requireSupported, toExecutable } from './transactions.ts';

export interface ExecutorDeps {
  readonly genesis: Genesis;
  readonly chain: Chain;
  readonly stateDb: StateDb;
  readonly crypto: CustomCrypto;
  readonly l2Rules: boolean;
}

export type Verdict =
  | { readonly kind: 'valid'; readonly receipts: readonly Receipt[] }
  | { readonly kind: 'invalid'; readonly reason: string };

/** Executes blocks, one at a time, on one machine a hardfork. */
export class BlockExecutor {
  readonly #deps: ExecutorDeps;
  readonly #machines = new Map<Fork, Machine>();

  constructor(deps: ExecutorDeps) {
    this.#deps = deps;
  }

  /** Machine with the rules of that time, which holds the caches that make following the chain fast. */
  async machineAt(timestamp: number): Promise<Machine> {
    const fork = forkAt(this.#deps.genesis, timestamp);
    const known = this.#machines.get(fork);
    if (known !== undefined) return known;
    const machine = await createMachine({ ...this.#deps, fork, caches: true });
    this.#machines.set(fork, machine);
    return machine;
  }

  /** Begins a block on top of `parent`. Its state is pending in the StateDb until it is stored or dropped. */
  async begin(
    context: BlockContext,
    parent: SealedBlock,
  ): Promise<{ machine: Machine; execution: BlockExecution }> {
    this.#deps.stateDb.dropPending();
    const machine = await this.machineAt(context.timestamp);
    const ancestorHash = (number: number): Promise<Hash> => this.#deps.chain.ancestorHash(parent, number);
    const execution = await BlockExecution.begin(machine, parent.header.stateRoot, context, ancestorHash);
    return { machine, execution };
  }

  /**
   * Checks a block against every rule, its parent being known and valid. Throws UnsupportedTransactionError before it
   * executes anything, and MissingStateError when the data below is damaged.
   */
  async check(block: SealedBlock, parent: SealedBlock): Promise<Verdict> {
    const { genesis, l2Rules, stateDb } = this.#deps;
    requireSupported(block.transactions, l2Rules);
    const fault = checkHeader(block.header, parent.header, genesis, forkAt(genesis, block.timestamp));
    if (fault !== null) return { kind: 'invalid', reason: fault };
    const { machine, execution } = await this.begin(block.header, parent);
    try {
      await runAll(execution, machine, block);
      const executed = await execution.finish(block.withdrawals, genesis.depositContract);
      const mismatch = compare(block, executed);
      if (mismatch === null) return { kind: 'valid', receipts: executed.receipts };
      machine.stands(null);
      stateDb.dropPending();
      return { kind: 'invalid', reason: mismatch };
    } catch (error) {
      await execution.abort();
      stateDb.dropPending();
      if (error instanceof InvalidTransactionError) return { kind: 'invalid', reason: error.message };
      throw error;
    }
  }
}

async function runAll(execution: BlockExecution, machine: Machine, block: SealedBlock): Promise<void> {
  for (const [index, encoded] of block.transactions.entries()) {
    try {
      await execution.run(toExecutable(encoded, machine.common));
    } catch (error) {
      if (!(error instanceof InvalidTransactionError)) throw error;
      throw new InvalidTransactionError(`transaction ${index}: ${error.message}`);
    }
  }
}

/** The first thing that the header claims and the execution did not give, or null. */
function compare({ header }: SealedBlock, executed: ExecutedBlock): string | null {
  const { requests } = executed;
  const claims: readonly (readonly [string, unknown, unknown])[] = [
    ['gas used', header.gasUsed, executed.gasUsed],
    ['blob gas used', header.blobGasUsed ?? 0n, executed.blobGasUsed],
    ['receipts root', header.receiptsRoot, receiptsRoot(executed.receipts)],
    ['logs bloom', header.logsBloom, blockBloom(executed.receipts)],
    ['requests hash', header.requestsHash, requests === null ? null : requestsHashOf(requests)],
    ['state root', header.stateRoot, executed.stateRoot],
  ];
  const wrong = claims.find(([, claimed, computed]) => claimed !== computed);
  return wrong === undefined
    ? null
    : `${wrong[0]} is ${String(wrong[2])}, the header says ${String(wrong[1])}`;
}
