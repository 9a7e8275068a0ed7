import type { ReorgView, StatusView } from '../api/views.ts';
import type { ReorgRow } from '../journal/readModels.ts';
import { hashOf, SEQUENCERS } from './scriptedLabels.ts';

/** Reorg records as the driver writes them (driver/plan/reorgRecord.ts), one of each cause and of many depths. */

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;
const FATES = ['re_included', 'same', 're_included', 'pending', 'dropped', 'conflicting'] as const;

const CAUSES = [
  'LEADER_HANDOVER',
  'L1_REORG',
  'BATCH_MISMATCH',
  'LEADER_HANDOVER',
  'EL_ROLLBACK',
  'UNKNOWN',
  'LEADER_EQUIVOCATION',
  'INVALID_PAYLOAD',
  'MANUAL_RESYNC',
] as const;

const EVIDENCE: Readonly<Record<string, readonly string[]>> = {
  LEADER_HANDOVER: [
    'The term of the leader before ended with batch 895.',
    'The blocks after the ancestor were seen 0.3 s after its last batch landed.',
    'The next leader’s first block has the ancestor as its parent.',
  ],
  L1_REORG: ['The L1 node shows another block at the height derived from.'],
  BATCH_MISMATCH: ['The batch on L1 ends with another block than the engine held.'],
  EL_ROLLBACK: ['The engine’s head went back along its own branch, and nobody here asked for it.'],
  UNKNOWN: [],
};

const id = (number: number, branch = '') => ({ number, hash: hashOf(`l2 ${number}${branch}`) });

interface Shape {
  readonly ancestor: number;
  readonly depth: number;
  readonly cause: string;
  readonly detectedAt: number;
  readonly recoveredAt: number | null;
}

const bodyOf = ({ ancestor, depth, cause, detectedAt, recoveredAt }: Shape) => {
  const listed = Math.min(depth, 64);
  const kept = cause !== 'UNKNOWN';
  const transactions = kept
    ? Array.from({ length: Math.min(12, depth * 3) }, (_, i) => ({
        hash: hashOf(`tx ${ancestor} ${i}`),
        from: SEQUENCERS[i % 3]!,
        nonce: 40 + i,
        oldBlock: id(ancestor + 1 + (i % depth), 'b'),
        newBlock: ['same', 're_included'].includes(FATES[i % 4]!)
          ? id(ancestor + 1 + ((i + 1) % depth))
          : null,
        fate: FATES[i % 4]!,
      }))
    : [];
  return {
    exact: cause !== 'UNKNOWN',
    firstEvidenceAt: detectedAt - 900,
    regainedAt: recoveredAt === null ? null : recoveredAt - 300,
    evidence: EVIDENCE[cause] ?? ['It was seen in the engine’s answer.'],
    l2Ancestor: id(ancestor),
    droppedL2: Array.from({ length: listed }, (_, i) => id(ancestor + 1 + i, 'b')),
    droppedL2Count: depth,
    adoptedL2: Array.from({ length: listed + 1 }, (_, i) => id(ancestor + 1 + i)),
    adoptedL2Count: depth + 1,
    leader: cause.startsWith('LEADER')
      ? { before: SEQUENCERS[0], after: SEQUENCERS[1] }
      : { before: SEQUENCERS[0], after: SEQUENCERS[0] },
    heads: {
      before: {
        l1: id(21_304_112),
        unsafe: id(ancestor + depth, 'b'),
        safe: id(ancestor),
        finalized: id(ancestor - 60),
      },
      after:
        recoveredAt === null
          ? null
          : {
              l1: id(21_304_113),
              unsafe: id(ancestor + depth + 1),
              safe: id(ancestor + depth),
              finalized: id(ancestor - 60),
            },
    },
    transactions,
    transactionCount: kept ? transactions.length : null,
    transactionsNote: kept ? null : 'old block bodies were not kept',
  };
};

/** The record of a reorg that the status shows. */
export const recordOf = (status: StatusView, view: ReorgView, seq: number): ReorgRow => {
  const ancestor = view.layer === 'L2' ? view.commonAncestor.number : (status.heads.safe?.number ?? 0) - 4;
  const depth = Math.max(1, view.layer === 'L2' ? view.depth : view.droppedL2.length);
  const body = bodyOf({ ...view, ancestor, depth });
  const l2 =
    view.droppedL2.length > 0 ? { droppedL2: view.droppedL2, droppedL2Count: view.droppedL2.length } : {};
  const droppedL1 =
    view.layer === 'L1'
      ? [{ number: view.oldTip.number - 1, hash: hashOf(`l1 ${view.oldTip.number - 1}b`) }, view.oldTip]
      : [];
  const { id: _, layer, cause, depth: real, detectedAt, recoveredAt, ...parts } = view;
  return {
    seq,
    id: view.id,
    layer,
    cause,
    depth: real,
    detectedAt,
    recoveredAt,
    record: { ...body, ...parts, ...l2, droppedL1 },
  };
};

/** What a resync leaves in its record when all its blocks are derived again as they were. */
const cameBack = (
  { transactions }: ReturnType<typeof bodyOf>,
  tip: ReturnType<typeof id>,
  depth: number,
) => ({
  transactions: transactions.map((one) => ({ ...one, newBlock: one.oldBlock, fate: 'same' })),
  l2Ancestor: tip,
  droppedL2: [],
  droppedL2Count: 0,
  adoptedL2: [],
  adoptedL2Count: 0,
  newTip: tip,
  ...(depth > 64
    ? { transactionCount: null, transactionsNote: `only the 64 listed blocks of ${depth} were read` }
    : {}),
});

/** Reorgs from before the script: one an hour and a bit, newest first. */
export function* pastReorgs(startedAt: number, count: number): Iterable<ReorgRow> {
  for (let i = 1; i <= count; i++) {
    const number = count + 1 - i;
    // The ninth is what the tenth, an L1 reorg, did to L2: the same blocks again, two seconds later.
    const caused = i === 9;
    const like = caused ? 10 : i;
    const cause = CAUSES[like % CAUSES.length]!;
    const depth = like % 13 === 0 ? 140 : 1 + ((like * 5) % 7);
    const detectedAt = startedAt - like * 1.37 * HOUR + (caused ? 2 * SECOND : 0);
    const recoveredAt = detectedAt + 1_400 + ((i * 977) % 7_000);
    const ancestor = 8_411_000 - like * 211;
    const layer = cause === 'L1_REORG' && !caused ? 'L1' : 'L2';
    const top = 21_304_000 - i * 40;
    const l1 = (at: number, branch = '') => ({ number: at, hash: hashOf(`l1 ${at}${branch}`) });
    const tips =
      layer === 'L1'
        ? {
            oldTip: l1(top + depth, 'b'),
            newTip: l1(top + depth),
            commonAncestor: l1(top),
            droppedL1: [l1(top + 1, 'b'), l1(top + depth, 'b')],
            droppedBatches: [890 - i],
          }
        : {
            oldTip: id(ancestor + depth, 'b'),
            newTip: id(ancestor + depth),
            commonAncestor: id(ancestor),
            droppedL1: [],
            droppedBatches: cause === 'MANUAL_RESYNC' ? [890 - i] : [],
          };
    const body = bodyOf({ ancestor, depth, cause, detectedAt, recoveredAt });
    yield {
      seq: 500_000 - i,
      id: `r-${number}`,
      layer,
      cause,
      depth,
      detectedAt,
      recoveredAt,
      record: {
        ...body,
        ...tips,
        ...(cause === 'MANUAL_RESYNC' ? cameBack(body, id(ancestor + depth, 'b'), depth) : {}),
      },
    };
  }
}
