import type { BatchRow, ReadModels } from '../journal/readModels.ts';
import type { SearchHit } from './searchViews.ts';
import type { BatchView, StatusView } from './views.ts';

/** A commit as the status or the journal tells of it. */
type Commit = Pick<BatchView, 'number' | 'progress' | 'firstBlock' | 'lastBlock'> & {
  readonly l1Block: { readonly number: number; readonly hash: string } | null;
};

export const onChain = (layer: 'l1' | 'l2', id: string | number): string => `/chain?sel=${layer}-${id}`;

/**
 * Of a number that was committed more than once the page shows every commit: the hit of one that is not the batch of L1
 * leads to its own part (components/batches/BatchPage.tsx).
 */
const partOf = ({ progress, l1Block }: Pick<Commit, 'progress' | 'l1Block'>): string =>
  progress === 'orphaned' && l1Block !== null ? `#commit-${l1Block.hash}` : '';

export const batchHit = (
  commit: Pick<Commit, 'number' | 'progress' | 'l1Block'>,
  why: string,
): SearchHit => ({
  kind: 'batch',
  title: `Batch ${commit.number}`,
  detail: `${commit.progress}, ${why}`,
  path: `/batches/${commit.number}${partOf(commit)}`,
});

const carries = ({ firstBlock, lastBlock }: Commit, block: number): boolean =>
  firstBlock !== null && lastBlock !== null && firstBlock <= block && block <= lastBlock;

const fromRow = ({ batch, status, firstBlock, lastBlock, l1Block }: BatchRow): Commit => ({
  number: batch,
  progress: status,
  firstBlock,
  lastBlock,
  l1Block,
});

/** On L1's branch and taken; on it and refused; taken back by L1. */
const rankOf = ({ progress }: Pick<Commit, 'progress'>): number =>
  progress === 'orphaned' ? 2 : progress === 'dropped' ? 1 : 0;

/** Canonical commits before those that L1 took back; the order is kept otherwise. */
export const canonicalFirst = <One extends Pick<Commit, 'progress'>>(commits: readonly One[]): One[] =>
  commits.toSorted((a, b) => rankOf(a) - rankOf(b));

/** Each commit once, as the status has it where both tell of it; canonical ones first. */
const allCommits = ({ batches }: StatusView, remembered: readonly BatchRow[]): Commit[] => {
  const byPlace = new Map<string, Commit>();
  for (const commit of [...batches, ...remembered.map(fromRow)]) {
    const place = `${commit.number} ${commit.l1Block?.hash ?? ''}`;
    if (!byPlace.has(place)) byPlace.set(place, commit);
  }
  return canonicalFirst([...byPlace.values()]);
};

/**
 * What the journal remembers of the batch of that number, and of those that the status has with the L2 block of that
 * number: the status lists the newest batches alone, and after a start only those since then. Newest first.
 *
 * Errors: `JournalError`.
 */
export const rememberedBy = async (
  models: ReadModels,
  { batches }: StatusView,
  value: number,
): Promise<readonly BatchRow[]> => {
  const carriers = batches.filter((batch) => carries(batch, value)).map(({ number }) => number);
  return (await models.commitsOf([...new Set([value, ...carriers])])).toReversed();
};

type Heads = StatusView['heads'];
type Level = { readonly number: number } | null;

const labelOf = (value: number, safe: Level, finalized: Level): string => {
  if (finalized !== null && value <= finalized.number) return 'finalized';
  return safe !== null && value <= safe.number ? 'safe' : 'unsafe';
};

const l2Hits = (value: number, { unsafe, safe, finalized }: Heads): SearchHit[] =>
  unsafe === null || value > unsafe.number
    ? []
    : [
        {
          kind: 'l2_block',
          title: `L2 block ${value}`,
          detail: labelOf(value, safe, finalized),
          path: onChain('l2', value),
        },
      ];

/** The canonical one is known by its number up to L1's head, also where its hash is not. */
const l1Hits = (value: number, { lanes, heads }: StatusView): SearchHit[] => {
  const here = lanes.filter(({ number }) => number === value);
  const ours = here.find(({ canonical }) => canonical);
  const hit = (id: string | number, detail: string): SearchHit => ({
    kind: 'l1_block',
    title: `L1 block ${value}`,
    detail,
    path: onChain('l1', id),
  });
  const exists = ours !== undefined || (heads.l1 !== null && value <= heads.l1.number);
  return [
    ...(exists ? [hit(ours?.hash ?? value, labelOf(value, heads.l1Safe, heads.l1Finalized))] : []),
    ...here.filter((lane) => lane !== ours).map(({ hash }) => hit(hash, 'orphaned by a reorg')),
  ];
};

/**
 * What a whole number can mean: the batch (its canonical commit before those that L1 took back), the L2 block, the L1
 * block, and after all these the batches that carry the L2 block. Pure.
 *
 * @param remembered of the journal, newest first; empty where none is kept
 */
export const numberHits = (
  value: number,
  status: StatusView,
  remembered: readonly BatchRow[],
): SearchHit[] => {
  const commits = allCommits(status, remembered);
  const exact = commits
    .filter(({ number }) => number === value)
    .map((commit) =>
      batchHit(
        commit,
        commit.l1Block === null ? 'in an L1 block that is not known' : `in L1 block ${commit.l1Block.number}`,
      ),
    );
  const carriers = commits
    .filter((commit) => commit.number !== value && carries(commit, value))
    .map((commit) => batchHit(commit, `carries L2 block ${value}`));
  return [...exact, ...l2Hits(value, status.heads), ...l1Hits(value, status), ...carriers];
};
