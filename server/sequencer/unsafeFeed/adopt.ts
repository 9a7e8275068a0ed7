import { assertNever } from '../../lib/assertNever.ts';
import type { SealedBlock } from '../../protocol/block.ts';
import { sameBlock, ZERO_HASH } from '../../protocol/refs.ts';
import { SequencerError } from '../errors.ts';
import type { BuildingEngine } from '../ports.ts';

type Engine = Pick<BuildingEngine, 'labels' | 'newPayload' | 'forkchoiceUpdated'>;
type Labels = Awaited<ReturnType<Engine['labels']>>;

export interface Adopted {
  /** The blocks that are canonical now; the last of them is the engine's head. */
  readonly taken: readonly SealedBlock[];
  /** Why the engine calls the block after them INVALID; null when it took them all. */
  readonly invalid: string | null;
}

/**
 * Makes the last valid one of these linked blocks the engine's head, with the labels of confirmed blocks as they are.
 * Does not touch the head when the first is invalid. Throws `SequencerError` (`block_unavailable` while the engine
 * lacks the parent, `head_not_applied`) and the engine's own.
 */
export async function adopt(
  engine: Engine,
  blocks: readonly SealedBlock[],
  labels: Labels,
  signal: AbortSignal,
): Promise<Adopted> {
  const taken: SealedBlock[] = [];
  let invalid: string | null = null;
  for (const block of blocks) {
    invalid = await execute(engine, block, signal);
    if (invalid !== null) break;
    taken.push(block);
  }
  const tip = taken.at(-1);
  if (tip === undefined) return { taken, invalid };
  const { payloadStatus } = await engine.forkchoiceUpdated(
    {
      headBlockHash: tip.hash,
      safeBlockHash: labels.safe?.hash ?? ZERO_HASH,
      finalizedBlockHash: labels.finalized?.hash ?? ZERO_HASH,
    },
    null,
    signal,
  );
  const { latest } = await engine.labels(signal);
  if (!sameBlock(latest, tip)) {
    throw new SequencerError(
      'head_not_applied',
      `the engine answers ${payloadStatus.status} to block ${tip.number} ${tip.hash} and keeps ${latest.number} ${latest.hash}`,
    );
  }
  return { taken, invalid };
}

/** Executes a block without making it the head. Answers why it is invalid, or null when it is valid. */
export async function execute(
  engine: Pick<Engine, 'newPayload'>,
  block: SealedBlock,
  signal: AbortSignal,
): Promise<string | null> {
  const answer = await engine.newPayload(block, signal);
  switch (answer.status) {
    case 'VALID':
      return null;
    case 'INVALID':
      return `block ${block.number} ${block.hash}: ${answer.validationError ?? 'the engine gives no reason'}`;
    case 'SYNCING':
    case 'ACCEPTED':
      throw new SequencerError(
        'block_unavailable',
        `the engine answers ${answer.status} to block ${block.number} ${block.hash}: it lacks the parent`,
      );
    default:
      return assertNever(answer, 'payload status');
  }
}
