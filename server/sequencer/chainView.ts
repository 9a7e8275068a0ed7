import type { L2BlockId, L2BlockRef } from '../protocol/refs.ts';
import { ZERO_HASH } from '../protocol/refs.ts';
import type { ConfirmedHeads, EngineChain, RollupSnapshot } from './ports.ts';
import type { Evidence } from './state/state.ts';

/** What L1 and the engine say together, read for one evaluation. */
export interface ChainView {
  readonly snapshot: RollupSnapshot;
  readonly head: L2BlockRef;
  /** Last block of the last committed batch, when the engine holds it on its canonical branch. */
  readonly committed: L2BlockRef | null;
  readonly finalized: L2BlockRef | null;
}

/** Looks the snapshot's blocks up in the engine, by hash and then by number: held is not yet canonical. */
export async function viewChain(
  snapshot: RollupSnapshot,
  engine: EngineChain,
  signal?: AbortSignal,
): Promise<ChainView> {
  const { latest } = await engine.labels(signal);
  const committed =
    snapshot.lastCommittedBlockHash === null
      ? await engine.blockByNumber(0, signal)
      : await canonical(snapshot.lastCommittedBlockHash, latest, engine, signal);
  const finalized =
    snapshot.finalizedBlockHash === null
      ? null
      : await canonical(snapshot.finalizedBlockHash, latest, engine, signal);
  return { snapshot, head: latest, committed, finalized };
}

async function canonical(
  hash: L2BlockRef['hash'],
  latest: L2BlockRef,
  engine: EngineChain,
  signal?: AbortSignal,
): Promise<L2BlockRef | null> {
  const block = await engine.blockByHash(hash, signal);
  if (block === null || block.number > latest.number) return null;
  const there = await engine.blockByNumber(block.number, signal);
  return there?.hash === hash ? block : null;
}

export const evidenceOf = (view: ChainView): Evidence => ({
  at: { number: view.snapshot.at.number, hash: view.snapshot.at.hash },
  leader: view.snapshot.leader,
  lastCommittedBatch: view.snapshot.lastCommittedBatch,
  committedHead: view.committed === null ? null : idOf(view.committed),
  localHead: idOf(view.head),
});

/** Labels for the engine while nobody else drives it. A zero hash means that there is no such block yet. */
export const confirmedHeads = (view: ChainView, committed: L2BlockId): ConfirmedHeads => ({
  safe: committed,
  finalizedHash: view.finalized?.hash ?? ZERO_HASH,
});

const idOf = (block: L2BlockRef): L2BlockId => ({ number: block.number, hash: block.hash });
