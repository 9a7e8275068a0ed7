import type { StatusAnswer, StatusView } from '../../server/api/views.ts';
import { count } from '../format.ts';
import { ALARMING, type Notify } from '../settings/settings.ts';
import { CAUSE_WORDS, VERDICT_WORDS } from '../words.ts';

/** Something an operator asked to be told of, also while the page is not seen. */
export interface Notice {
  /** Same id, same notice: a browser shows it once. */
  readonly id: string;
  readonly title: string;
  readonly text: string;
  readonly path: string;
}

const newReorgs = (before: StatusView, after: StatusView, depth: number): Notice[] => {
  if (depth === 0) return [];
  const known = new Set(before.reorgs.map(({ id }) => id));
  return after.reorgs
    .filter((reorg) => !known.has(reorg.id) && reorg.depth >= depth)
    .map((reorg) => ({
      id: `reorg-${reorg.id}`,
      title: `↯ ${reorg.layer} reorg, depth ${reorg.depth} · ${after.node.name}`,
      text: `${CAUSE_WORDS[reorg.cause]}; ${count(reorg.droppedL2.length, 'L2 block')} dropped.`,
      path: `/reorgs/${encodeURIComponent(reorg.id)}`,
    }));
};

const newVerdict = (before: StatusView, after: StatusView): Notice[] => {
  const { kind, sentence, since } = after.verdict;
  if (kind === before.verdict.kind || !ALARMING.includes(kind)) return [];
  const { glyph, word } = VERDICT_WORDS[kind];
  return [
    {
      id: `verdict-${since}`,
      title: `${glyph} ${word} · ${after.node.name}`,
      text: sentence,
      path: '/health',
    },
  ];
};

const ownTurn = (before: StatusView, after: StatusView): Notice[] => {
  if (before.leader.isUs || !after.leader.isUs) return [];
  const { nextBatch } = after.leader;
  return [
    {
      id: `turn-${nextBatch}`,
      title: `♛ This node leads · ${after.node.name}`,
      text: nextBatch === null ? 'Its turn has come.' : `Batch ${nextBatch} is due.`,
      path: '/leaders',
    },
  ];
};

/** What is worth a word between two statuses of one node, by the reader's wishes. */
export const noticesOf = (before: StatusAnswer, after: StatusAnswer, notify: Notify): Notice[] => {
  if (before.kind !== 'status' || after.kind !== 'status') return [];
  // Another process tells another story: all of it would be new.
  if (before.status.node.startedAt !== after.status.node.startedAt) return [];
  return [
    ...newReorgs(before.status, after.status, notify.reorgDepth),
    ...(notify.verdict ? newVerdict(before.status, after.status) : []),
    ...(notify.ownTurn ? ownTurn(before.status, after.status) : []),
  ];
};
