import type { L1BlockId, L2BlockId } from '../protocol/refs.ts';
import type { Pinned, StepContext } from './context.ts';
import { readDropped } from './dropped.ts';
import type { Explained } from './plan/cause.ts';
import { headsOf } from './plan/reorgRecord.ts';
import type { EngineLabels } from './ports.ts';
import { l2ReorgRecord } from './reorg.ts';

/** Journal rows read to learn which batches this node had applied. */
const APPLIED_ROWS = 128;

/** A batch that this node applied once, and where its commit was. */
interface Applied {
  readonly batch: number;
  readonly lastBlock: number;
  readonly l1Block: L1BlockId;
}

/**
 * L1 does not imply what the engine calls safe, and no reorg was seen: it happened while nobody looked, or somebody
 * else set the label. Which of both, only what this node had applied before can tell. Journals the record.
 */
export async function recordUnseenReorg(
  target: L2BlockId,
  context: StepContext,
  { before, contracts, evidenceAt, signal, view }: Pinned,
  labels: EngineLabels,
): Promise<void> {
  const { engine, memory, reorgs } = context;
  const { safe, latest } = labels;
  // The record that the last process left open, or that of a moved head, is about these very blocks.
  if (reorgs.open.some((open) => open.oldTip.hash === latest.hash || covers(open.droppedL2, safe))) return;
  const gone = (await appliedBatches(context)).filter((batch) => batch.lastBlock > target.number);
  const { cause, evidence } = await explain(context, gone, labels, signal);
  await reorgs.record(
    l2ReorgRecord({
      cause,
      evidence,
      commonAncestor: target,
      oldTip: latest,
      newTip: target,
      dropped: await readDropped(engine, target, latest, signal),
      droppedBatches: gone.map(({ batch }) => batch),
      leader: { before: before.leader, after: contracts.leader },
      before: headsOf(before.heads.l1 ?? view.heads.latest, labels),
      firstEvidenceAt: evidenceAt,
      now: memory.now(),
    }),
  );
}

const covers = (blocks: readonly L2BlockId[], block: L2BlockId | null): boolean =>
  block !== null && blocks.some(({ hash }) => hash === block.hash);

async function explain(
  { l1 }: StepContext,
  gone: readonly Applied[],
  { safe }: EngineLabels,
  signal: AbortSignal,
): Promise<Explained> {
  const seen = `the engine's safe head was ${safe?.number} ${safe?.hash}, which no batch on L1 implies any more`;
  for (const { batch, l1Block } of gone) {
    const there = await l1.blockByNumber(l1Block.number, signal);
    if (there?.hash === l1Block.hash) continue;
    const was = `this node had applied batch ${batch} from L1 block ${l1Block.number} ${l1Block.hash}, where L1 now has ${there?.hash ?? 'none'}`;
    const when = 'no L1 reorg was seen by this process: it happened before it started or between two looks';
    return { cause: 'L1_REORG', evidence: [seen, was, when] };
  }
  const nobody = 'nothing this node remembers says who set that label, or that L1 ever implied it';
  return { cause: 'UNKNOWN', evidence: [seen, nobody] };
}

/** From memory, or what the journal still tells of the last process's. Oldest first. */
async function appliedBatches({ memory, journal }: StepContext): Promise<readonly Applied[]> {
  const { batches } = memory.state;
  if (batches.length > 0)
    return batches.map(({ batchNumber, lastBlock, commit }) => ({
      batch: batchNumber,
      lastBlock: lastBlock.number,
      l1Block: commit.l1Block,
    }));
  const rows = await journal.list({ kinds: ['batch.applied'], limit: APPLIED_ROWS }).catch(() => []);
  const newest = new Map<number, Applied>();
  for (const { payload } of [...rows].reverse()) {
    const told = payload as { batch?: number; lastBlock?: L2BlockId; l1Block?: L1BlockId } | null;
    if (told?.batch === undefined || told.lastBlock === undefined || told.l1Block === undefined) continue;
    const { batch, lastBlock, l1Block } = told;
    newest.set(batch, { batch, lastBlock: lastBlock.number, l1Block });
  }
  return [...newest.values()].sort((a, b) => a.batch - b.batch);
}
