import type { Hash, L2BlockRef } from '../../protocol/refs.ts';
import type { EngineChain } from '../ports.ts';
import type { FeedView, HeldBlock } from '../state/unsafeFeed.ts';

type Labels = Awaited<ReturnType<EngineChain['labels']>>;

/** Where a block came from, remembered as long as it is unsafe and canonical. */
export type Origin = Pick<HeldBlock, 'from' | 'bytes'>;

/** The branch from the safe head up as the engine holds it now, and the labels it was read with. */
export interface LocalView extends FeedView {
  readonly labels: Labels;
}

/**
 * Reads the engine's branch from the safe head to the unsafe head. What the last view had is not asked for again, so
 * a new head costs one question for each new block, and the same head none. A branch of more than `maxBlocks` is not
 * read: nothing is taken beyond that anyway.
 */
export async function readLocalView(
  engine: EngineChain,
  before: FeedView | null,
  origins: ReadonlyMap<Hash, Origin>,
  maxBlocks: number,
  signal?: AbortSignal,
): Promise<LocalView> {
  const labels = await engine.labels(signal);
  const safe = labels.safe ?? (await engine.blockByNumber('earliest', signal));
  if (safe === null) throw new Error('the engine has no genesis block');
  const unsafe = await branchAbove(safe, labels.latest, engine, before, origins, maxBlocks, signal);
  return { labels, safe, unsafe };
}

async function branchAbove(
  safe: L2BlockRef,
  latest: L2BlockRef,
  engine: EngineChain,
  before: FeedView | null,
  origins: ReadonlyMap<Hash, Origin>,
  maxBlocks: number,
  signal?: AbortSignal,
): Promise<readonly HeldBlock[] | null> {
  if (latest.number - safe.number > maxBlocks || latest.number < safe.number) return null;
  const known = new Map(before?.unsafe?.map((block) => [block.hash, block]));
  const found: HeldBlock[] = [];
  let at: L2BlockRef | null = latest;
  while (at !== null && at.number > safe.number) {
    const { number, hash, parentHash, timestamp }: L2BlockRef = at;
    const { from = null, bytes = 0 } = origins.get(hash) ?? {};
    found.push({ number, hash, parentHash, timestamp, from, bytes });
    if (parentHash === safe.hash) return found.reverse();
    at = known.get(parentHash) ?? (await engine.blockByHash(parentHash, signal));
  }
  // A safe label beside the head's branch is one that is just being moved: nothing to build on yet.
  return latest.hash === safe.hash ? [] : null;
}
