import type { ReorgDetail } from '../../server/api/historyViews.ts';
import { count, duration, groupDigits, shortHash } from '../format.ts';

const who = (address: string | null, otherwise: string): string =>
  address === null ? otherwise : shortHash(address);

/** A resync goes back to its common ancestor whatever comes back later; of the others, where the chains part. */
const ancestorOf = ({ cause, commonAncestor, l2Ancestor, layer }: ReorgDetail): string => {
  const parts = layer === 'L2' && cause !== 'MANUAL_RESYNC';
  const block = parts ? (l2Ancestor ?? commonAncestor) : commonAncestor;
  return block === null ? 'an ancestor that is not known' : `${layer} ${groupDigits(block.number)}`;
};

const effect = ({ layer, droppedL2Count, droppedBatches }: ReorgDetail): string => {
  if (layer === 'L2') return '';
  if (droppedL2Count === 0 && droppedBatches.length === 0) return ' No L2 block was touched.';
  const gone = count(droppedBatches.length, 'batch', 'batches');
  if (droppedL2Count === 0) return ` ${gone} had to be derived again; no L2 block was replaced.`;
  const batches = droppedBatches.length === 0 ? '' : ` with ${gone}`;
  return ` ${count(droppedL2Count, 'L2 block')}${batches} had to be derived again.`;
};

/** Whether every L2 block that was taken back is in the chain again, as it was. */
export const allCameBack = ({
  depth,
  returnedL2Count,
}: Pick<ReorgDetail, 'depth' | 'returnedL2Count'>): boolean => depth > 0 && returnedL2Count === depth;

type Orphaned = Pick<
  ReorgDetail,
  'depth' | 'droppedL2' | 'droppedL2Count' | 'l2Ancestor' | 'layer' | 'recoveredAt' | 'returnedL2Count'
>;

/** A long record has both ends of what was taken back alone: what lies between them cannot be compared afterwards. */
const isBound = ({ droppedL2, l2Ancestor, recoveredAt }: Orphaned): boolean =>
  recoveredAt !== null && l2Ancestor !== null && (droppedL2[0]?.number ?? 0) > l2Ancestor.number + 1;

/** How many L2 blocks are orphaned, and how that goes with the depth. Pure. */
export const orphanedWords = (reorg: Orphaned): string => {
  const { depth, droppedL2Count, layer, recoveredAt, returnedL2Count } = reorg;
  const blocks = count(droppedL2Count, 'L2 block');
  if (recoveredAt === null)
    return droppedL2Count === 0 ? blocks : `up to ${blocks}, known when the reorg is over`;
  if (allCameBack(reorg)) return `none: all ${count(depth, 'L2 block')} came back as they were`;
  if (isBound(reorg))
    return `at most ${blocks}: of a reorg this long only the ends were recorded, so the middle cannot be compared`;
  if (layer === 'L1' || returnedL2Count === null || returnedL2Count === 0) return blocks;
  return `${groupDigits(droppedL2Count)} of ${count(depth, 'L2 block')}: the others came back as they were`;
};

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** What happened, in a sentence or two, out of the record alone: a part that is not known is not told. Pure. */
export const explain = (reorg: ReorgDetail): string => {
  const { cause, depth, layer, leader, exact } = reorg;
  const ancestor = ancestorOf(reorg);
  const blocks = `${exact ? '' : 'at least '}${count(depth, `${layer} block`)}`;
  const before = who(leader.before, 'the leader before');
  const after = who(leader.after, 'The next leader');
  switch (cause) {
    case 'L1_REORG':
      return `L1 took back ${blocks} after ${ancestor}.${effect(reorg)}`;
    case 'BATCH_MISMATCH':
      return `A batch on L1 implies other blocks after ${ancestor} than the ${count(depth, 'unsafe block')} that this node held. L1 decides.`;
    case 'LEADER_HANDOVER':
      return `${after} built on ${ancestor} and did not include ${count(depth, 'block')} by ${before}.`;
    case 'LEADER_EQUIVOCATION':
      return `${who(leader.before, 'The leader before')} told two stories after ${ancestor}: ${blocks} gave way to its others.`;
    case 'INVALID_PAYLOAD':
      return `The engine took back ${blocks} after ${ancestor}, which it had held to be valid.`;
    case 'EL_ROLLBACK':
      return `The engine went back ${blocks} to ${ancestor} by itself; nobody in this process asked for it.`;
    case 'MANUAL_RESYNC':
      return `An operator had ${blocks} after ${ancestor} dropped and derived again from L1.${allCameBack(reorg) ? ' All of them came back as they were.' : ''}`;
    case 'UNKNOWN':
      return `${capital(blocks)} after ${ancestor} were replaced. Why is not known: the evidence below leaves it open.`;
  }
};

/** The one figure of a recovery, the same wherever it is told: null while the old height is not reached again. */
export const recoveredWords = ({
  recoveredAt,
  recoveryMs,
}: Pick<ReorgDetail, 'recoveredAt' | 'recoveryMs'>): string => {
  if (recoveredAt === null) return 'recovering';
  return recoveryMs === null ? 'recovered' : `recovered in ${duration(recoveryMs)}`;
};

export interface Pair {
  readonly kind: 'pair';
  readonly number: number;
  readonly old: { readonly number: number; readonly hash: string } | null;
  readonly now: { readonly number: number; readonly hash: string } | null;
}
export type BranchRow =
  | Pair
  | { readonly kind: 'hidden'; readonly count: number; readonly first: number; readonly last: number };

/** Rows shown from each end of a long branch. */
const ENDS = 3;

/**
 * Old and new branch side by side, by number. Of a long one the first and the last three, and between them how many
 * are hidden. A branch of which the record holds both ends only is hidden where the record is. Pure.
 */
export const branchRows = (
  dropped: ReorgDetail['droppedL2'],
  adopted: ReorgDetail['adoptedL2'],
): readonly BranchRow[] => {
  const old = new Map(dropped.map((block) => [block.number, block]));
  const now = new Map(adopted.map((block) => [block.number, block]));
  const numbers = [...new Set([...old.keys(), ...now.keys()])].sort((a, b) => a - b);
  const [first, last] = [numbers[0], numbers.at(-1)];
  if (first === undefined || last === undefined) return [];
  const pair = (number: number): Pair => ({
    kind: 'pair',
    number,
    old: old.get(number) ?? null,
    now: now.get(number) ?? null,
  });
  const span = last - first + 1;
  if (span <= 2 * ENDS + 1) return numbers.map(pair);
  return [
    ...numbers.slice(0, ENDS).map(pair),
    { kind: 'hidden', count: span - 2 * ENDS, first: first + ENDS, last: last - ENDS },
    ...numbers.slice(-ENDS).map(pair),
  ];
};

export interface Step {
  readonly at: number;
  readonly what: string;
}

/** What is known of when what happened, oldest first. Pure. */
export const timelineOf = ({
  firstEvidenceAt,
  detectedAt,
  regainedAt,
  recoveredAt,
}: ReorgDetail): readonly Step[] =>
  [
    { at: firstEvidenceAt, what: 'first evidence reached this node' },
    { at: detectedAt, what: 'recorded, before anything was done' },
    { at: regainedAt, what: 'unsafe head as high as before, on the new branch' },
    { at: recoveredAt, what: 'in plumb with all that L1 offers' },
  ]
    .filter((step): step is Step => step.at !== null)
    .sort((a, b) => a.at - b.at);
