import { runSearch, searchLastMatch } from '../lib/search.ts';
import type { StepContext } from './context.ts';
import { findStart, lastBlockHashOf } from './findStart.ts';
import { type Refusal, type ResyncPoint, type ResyncTarget, refusal } from './plan/resync.ts';
import type { EngineLabels } from './ports.ts';
import type { Ground } from './resyncGround.ts';

export type Resolved = { readonly ok: true; readonly point: ResyncPoint } | Refusal;

const noSuch = (message: string): Refusal => refusal('no_such_target', message);

/**
 * Where a target lies on the branch of `ground.head`. Only blocks that L1 implies and the engine holds as canonical
 * can be gone back to. Throws what L1 and the engine throw.
 */
export function resolveTarget(context: StepContext, target: ResyncTarget, ground: Ground): Promise<Resolved> {
  switch (target.kind) {
    case 'genesis':
      return Promise.resolve({ ok: true, point: genesisPoint(context) });
    case 'safe':
      return newestHeld(context, ground.labels.safe ?? ground.labels.finalized, ground);
    case 'finalized':
      if (ground.labels.finalized === null) {
        return Promise.resolve(noSuch('Nothing is finalized yet: choose the safe head, a batch or genesis.'));
      }
      return newestHeld(context, ground.labels.finalized, ground);
    case 'batch':
      return pointOfBatch(context, target.batch, ground);
    case 'l1Block':
      return pointAtL1(context, target.number, ground);
  }
}

const genesisPoint = ({ genesisCursor }: StepContext): ResyncPoint => ({
  batch: 0,
  block: genesisCursor.lastBlock,
  origin: null,
});

/** The newest batch on L1 whose last block the engine holds, not above `anchor`. Genesis when there is none. */
async function newestHeld(
  context: StepContext,
  anchor: EngineLabels['safe'],
  { head, contracts, signal }: Ground,
): Promise<Resolved> {
  const { cursor, origin } = await findStart(
    context,
    head,
    anchor,
    contracts.lastCommittedBatch,
    Number.POSITIVE_INFINITY,
    signal,
  );
  return { ok: true, point: { batch: cursor.batchNumber, block: cursor.lastBlock, origin } };
}

/** The last block of that batch, if L1 has the batch and the engine its last block. */
export async function pointOfBatch(
  context: StepContext,
  batch: number,
  { head, contracts, signal }: Ground,
): Promise<Resolved> {
  if (batch === 0) return { ok: true, point: genesisPoint(context) };
  if (batch > contracts.lastCommittedBatch) {
    return noSuch(
      `L1 holds ${contracts.lastCommittedBatch} batches, so there is no batch ${batch} to go back to.`,
    );
  }
  const commit = await context.l1.commitOfBatch(batch, head, signal);
  if (commit === null)
    return noSuch(`L1 shows no commit of batch ${batch}: try again, its answers do not add up.`);
  const hash = await lastBlockHashOf(context, commit, signal);
  const block = hash === null ? null : await context.engine.blockByHash(hash, signal);
  const canonical = block === null ? null : await context.engine.blockByNumber(block.number, signal);
  if (block === null || canonical?.hash !== block.hash) {
    return noSuch(`The engine does not hold the last block of batch ${batch}: choose an older batch.`);
  }
  const { number, timestamp } = block;
  return {
    ok: true,
    point: { batch, block: { number, hash: block.hash, timestamp }, origin: commit.l1Block },
  };
}

async function pointAtL1(context: StepContext, number: number, ground: Ground): Promise<Resolved> {
  if (number > ground.head.number) {
    return noSuch(`L1 is at block ${ground.head.number}, so there is no block ${number} to go back to.`);
  }
  const { l1 } = context;
  const newest = await runSearch(searchLastMatch(1, ground.contracts.lastCommittedBatch), async (batch) => {
    const commit = await l1.commitOfBatch(batch, ground.head, ground.signal);
    return commit !== null && commit.l1Block.number <= number;
  });
  return pointOfBatch(context, newest ?? 0, ground);
}
