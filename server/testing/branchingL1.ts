/** A real L1 (anvil with the contracts) that is taken back and grown again, and a maker of L2 blocks for its batches. */
import { buildBranch, openTestEngine, type TestEngine } from '../engine/embedded/testChain.ts';
import { suiteGenesis } from '../engine/suiteGenesis.ts';
import type { SealedBlock } from '../protocol/block.ts';
import { openRollupL1, type RollupL1 } from './rollupL1.ts';

/** The last block that L1 confirms, its batch, and the L1 block of its commit. */
interface Confirmed {
  readonly tip: SealedBlock;
  readonly batch: number;
  readonly l1Block: number;
}

/** L2 blocks in a batch. */
const BLOCKS_PER_BATCH = 2;

export class BranchingL1 {
  readonly l1: RollupL1;
  readonly maker: TestEngine;
  #confirmed: Confirmed[];

  private constructor(l1: RollupL1, maker: TestEngine) {
    this.l1 = l1;
    this.maker = maker;
    this.#confirmed = [{ tip: maker.genesis, batch: 0, l1Block: 0 }];
  }

  /** `l2Rules`: blocks by the rules of a rollup's engine, as the `start` command opens it. */
  static async open({ l2Rules = false }: { l2Rules?: boolean } = {}): Promise<BranchingL1> {
    const genesis = suiteGenesis();
    const maker = await openTestEngine({ genesis, l2Rules });
    const l1 = await openRollupL1({
      chainId: genesis.config.chainId,
      genesisHash: maker.genesis.hash,
      genesisTimestamp: maker.genesis.timestamp,
      genesisStateRoot: maker.genesis.header.stateRoot,
    });
    return new BranchingL1(l1, maker);
  }

  get genesis(): unknown {
    return suiteGenesis();
  }
  get tip(): SealedBlock {
    return this.#confirmed.at(-1)!.tip;
  }
  get batch(): number {
    return this.#confirmed.at(-1)!.batch;
  }

  async head(): Promise<number> {
    return Number(await this.l1.anvil.rpc<string>('eth_blockNumber'));
  }

  /** Adds `blocks` L1 blocks; `batches` of them, spread evenly, hold a commit. Another mark makes another branch. */
  async grow(blocks: number, batches: number, mark: number): Promise<void> {
    await this.l1.anvil.rpc('anvil_setCoinbase', [`0x${mark.toString(16).padStart(2, '0').repeat(20)}`]);
    for (let i = 0; i < batches; i++) {
      const gap = Math.floor((blocks * (i + 1)) / batches) - Math.floor((blocks * i) / batches) - 1;
      if (gap > 0) await this.l1.anvil.rpc('anvil_mine', [`0x${gap.toString(16)}`]);
      const { tip, batch } = this.#confirmed.at(-1)!;
      const made = await buildBranch(this.maker.engine, tip, BLOCKS_PER_BATCH, mark);
      await this.l1.commit(batch + 1, tip, made);
      this.#confirmed.push({ tip: made.at(-1)!, batch: batch + 1, l1Block: await this.head() });
    }
    if (batches === 0) await this.l1.anvil.rpc('anvil_mine', [`0x${blocks.toString(16)}`]);
  }

  /** Takes back the newest blocks, and with them the batches that they held. */
  async rollback(depth: number): Promise<void> {
    await this.l1.anvil.rpc('anvil_rollback', [depth]);
    const head = await this.head();
    this.#confirmed = this.#confirmed.filter(({ l1Block }) => l1Block <= head);
  }

  async close(): Promise<void> {
    await this.l1.anvil.stop();
    await this.maker.close();
  }
}
