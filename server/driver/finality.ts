import { runSearch, searchLastMatch } from '../lib/search.ts';
import { type L1BlockRef, type L2BlockId, sameBlock } from '../protocol/refs.ts';
import { setAndConfirm } from './applyBatch.ts';
import type { Pinned, StepContext } from './context.ts';
import { lastBlockHashOf } from './findStart.ts';
import type { KeptFinal } from './keptFinal.ts';
import { DriverError } from './plan/failure.ts';
import type { EngineLabels } from './ports.ts';

interface Final {
  readonly block: L2BlockId;
  readonly origin: L1BlockRef;
}

/**
 * The finalized head is the last block of the newest batch whose commit lies at or below L1's finalized block. It is
 * found from the commits, not from the contract's state there: full nodes keep the state of 128 blocks, and while L1
 * does not finalize, its finalized block is older than that.
 */
export class Finality {
  readonly #kept: Pick<KeptFinal, 'lacks'>;
  /** What the last look was about, so that a look at the same costs L1 nothing. */
  #settled: string | null = null;

  constructor(kept: Pick<KeptFinal, 'lacks'>) {
    this.#kept = kept;
  }

  /** Throws what L1 and the engine throw; the chain does not depend on it. */
  async advance(context: StepContext, { view, head, signal }: Pinned): Promise<void> {
    const { config, l1, memory } = context;
    const { position, labels } = memory.state;
    const finalizedL1 = view.heads.finalized;
    if (finalizedL1 === null || finalizedL1.number < config.l1StartBlock) return;
    if (position === null || position.cursor.batchNumber === 0 || !labels?.safe) return;
    // A label that is not the position's is not ours to confirm again.
    if (!sameBlock(labels.safe, position.cursor.lastBlock)) return;
    const subject = (finalized: L2BlockId | null): string =>
      [finalizedL1, position.cursor.lastBlock, finalized].map((at) => at?.hash).join();
    const { lacks } = this.#kept;
    if (!lacks && subject(labels.finalized) === this.#settled) return;
    if (!sameBlock(await l1.blockByNumber(finalizedL1.number, signal), finalizedL1)) return;
    const final = await newestFinal(context, finalizedL1.number, head, signal);
    if (final !== null) await setFinalized(final, labels, lacks, context, signal);
    this.#settled = subject(memory.state.labels?.finalized ?? null);
  }
}

async function newestFinal(
  context: StepContext,
  finalizedNumber: number,
  head: L1BlockRef,
  signal: AbortSignal,
): Promise<Final | null> {
  const { engine, l1, memory } = context;
  const { batches, position } = memory.state;
  const applied = batches.findLast((batch) => batch.commit.l1Block.number <= finalizedNumber);
  if (applied !== undefined) return { block: applied.lastBlock, origin: applied.commit.l1Block };
  const commitOf = async (batchNumber: number) => {
    const commit = await l1.commitOfBatch(batchNumber, head, signal);
    if (commit !== null) return commit;
    throw new DriverError('incomplete_l1', `L1 shows no BatchCommitted log for batch ${batchNumber}`);
  };
  const highest = batches[0]?.batchNumber ?? (position?.cursor.batchNumber ?? 0) + 1;
  const newest = await runSearch(
    searchLastMatch(1, highest - 1),
    async (batchNumber) => (await commitOf(batchNumber)).l1Block.number <= finalizedNumber,
  );
  if (newest === null) return null;
  const commit = await commitOf(newest);
  const hash = await lastBlockHashOf(context, commit, signal);
  const block = hash === null ? null : await engine.blockByHash(hash, signal);
  return block === null ? null : { block, origin: commit.l1Block };
}

async function setFinalized(
  { block, origin }: Final,
  { latest, safe, finalized }: EngineLabels,
  lacks: boolean,
  { engine, memory }: StepContext,
  signal: AbortSignal,
): Promise<void> {
  if (memory.state.finalizedOrigin?.hash !== origin.hash) memory.publish({ finalizedOrigin: origin });
  if (safe === null || block.number > safe.number) return;
  const isNew = finalized === null || finalized.number < block.number;
  if (!isNew && !lacks) return;
  const want = { head: latest, safe, finalized: isNew ? block : finalized };
  memory.publish({ labels: await setAndConfirm(engine, want, signal) });
  if (!isNew) return;
  const passed = memory.state.batches.filter(
    ({ lastBlock: { number } }) => number <= block.number && number > (finalized?.number ?? 0),
  );
  // Batches before those that are remembered became final while nobody watched: there is no time to tell of them.
  const [first, last] = [passed[0], passed.at(-1)];
  if (first === undefined || last === undefined) return;
  await memory.note('batch.finalized', { fromBatch: first.batchNumber, toBatch: last.batchNumber });
}
