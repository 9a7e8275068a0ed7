import type { BatchListRow } from '../../server/api/historyViews.ts';
import type { LaneBlockView, StatusView } from '../../server/api/views.ts';

/**
 * The lanes of any stretch of the past: what the status shows of the newest L1 blocks, and before that the blocks that
 * held batches, as the journal remembers them. L1 blocks without a batch are not remembered; they are counted. Pure.
 */
const timeOf = ({ steps }: BatchListRow): number => {
  const times = Object.values(steps);
  return times.length === 0 ? 0 : Math.floor(Math.min(...times) / 1_000);
};

const remembered = (
  rows: readonly BatchListRow[],
  heads: StatusView['heads'],
): Map<string, LaneBlockView> => {
  const blocks = new Map<string, LaneBlockView>();
  for (const row of rows) {
    if (row.l1Block === null) continue;
    const { number, hash } = row.l1Block;
    const canonical = row.status !== 'orphaned';
    const label =
      canonical && number <= (heads.l1Finalized?.number ?? -1)
        ? 'finalized'
        : canonical && number <= (heads.l1Safe?.number ?? -1)
          ? 'safe'
          : 'unsafe';
    const old = blocks.get(hash);
    const batch = {
      number: row.number,
      firstBlock: row.firstBlock,
      lastBlock: row.lastBlock,
      progress: row.status,
    };
    blocks.set(hash, {
      number,
      hash,
      timestamp: old?.timestamp ?? timeOf(row),
      label,
      canonical: old?.canonical ?? canonical,
      batches: [...(old?.batches ?? []), batch].sort((a, b) => a.number - b.number),
    });
  }
  return blocks;
};

/** All L1 blocks that are known, oldest first; what the status says of a block outranks the memory of it. */
export const knownLanes = (
  status: Pick<StatusView, 'lanes' | 'heads'>,
  rows: readonly BatchListRow[],
): readonly LaneBlockView[] => {
  const blocks = remembered(rows, status.heads);
  const shown = new Set(status.lanes.map(({ number }) => number));
  // A remembered block of a number that the status shows as another is no longer on our branch.
  for (const [hash, block] of blocks)
    if (shown.has(block.number)) blocks.set(hash, { ...block, canonical: false });
  for (const lane of status.lanes) blocks.set(lane.hash, lane);
  return [...blocks.values()].sort(
    (a, b) => a.number - b.number || Number(b.canonical) - Number(a.canonical),
  );
};

export const ZOOMS = [6, 12, 24] as const;
export type Zoom = (typeof ZOOMS)[number];

export const readZoom = (text: string | null): Zoom => ZOOMS.find((zoom) => String(zoom) === text) ?? 12;

export interface ChainWindow {
  /** The canonical blocks in sight and the orphans beside them. */
  readonly lanes: readonly LaneBlockView[];
  /** Place of the rightmost canonical block in sight among all that are known; -1 when none is. */
  readonly end: number;
  /** Canonical blocks that are known. */
  readonly count: number;
  readonly atHead: boolean;
}

/** The part of the lanes that ends with the block at `end` (counted among canonical ones), `zoom` wide. */
export const windowOf = (all: readonly LaneBlockView[], end: number, zoom: number): ChainWindow => {
  const canonical = all.filter((block) => block.canonical);
  const last = Math.max(Math.min(zoom, canonical.length) - 1, Math.min(end, canonical.length - 1));
  const shown = canonical.slice(Math.max(0, last - zoom + 1), last + 1);
  const [from, to] = [shown[0]?.number ?? 0, shown.at(-1)?.number ?? -1];
  const atHead = last === canonical.length - 1;
  const orphans = all.filter(
    (block) =>
      !block.canonical && block.number > from && block.number <= (atHead ? Number.POSITIVE_INFINITY : to),
  );
  return { lanes: [...shown, ...orphans], end: last, count: canonical.length, atHead };
};

/** Place of the canonical block that holds a batch; -1 when it is not known. */
export const placeOfBatch = (all: readonly LaneBlockView[], batch: number): number =>
  all
    .filter(({ canonical }) => canonical)
    .findIndex(({ batches }) => batches.some(({ number }) => number === batch));

/** What in the picture is meant by `sel` of the address. */
export type Selection =
  | { kind: 'l1'; hash: string }
  /** The canonical L1 block of that number. */
  | { kind: 'l1_number'; number: number }
  | { kind: 'l2'; number: number }
  | { kind: 'batch'; number: number };

export const readSelection = (text: string | null): Selection | null => {
  const l1 = /^l1-(0x[0-9a-f]{64})$/.exec(text ?? '');
  if (l1 !== null) return { kind: 'l1', hash: l1[1]! };
  const counted = /^(l1|l2|batch)-(\d{1,15})$/.exec(text ?? '');
  if (counted === null) return null;
  const number = Number(counted[2]);
  return counted[1] === 'l1' ? { kind: 'l1_number', number } : { kind: counted[1] as 'l2' | 'batch', number };
};

export const selectionKey = (selection: Selection): string => {
  if (selection.kind === 'l1') return `l1-${selection.hash}`;
  return `${selection.kind === 'l1_number' ? 'l1' : selection.kind}-${selection.number}`;
};

const holds = (block: LaneBlockView, selection: Selection): boolean => {
  if (selection.kind === 'l1') return block.hash === selection.hash;
  if (selection.kind === 'l1_number') return block.canonical && block.number === selection.number;
  return block.batches.some(({ number, firstBlock, lastBlock }) =>
    selection.kind === 'batch'
      ? number === selection.number
      : firstBlock !== null &&
        lastBlock !== null &&
        firstBlock <= selection.number &&
        selection.number <= lastBlock,
  );
};

/** The block that holds what is selected, a canonical one before an orphan; null when it is not known. */
export const blockOf = (all: readonly LaneBlockView[], selection: Selection): LaneBlockView | null =>
  all.find((block) => block.canonical && holds(block, selection)) ??
  all.find((block) => holds(block, selection)) ??
  null;

/** An L1 block told by its number, as the picture tells it: by its hash, where that block is known. */
export const byHash = (all: readonly LaneBlockView[], selection: Selection | null): Selection | null => {
  const block = selection?.kind === 'l1_number' ? blockOf(all, selection) : null;
  return block === null ? selection : { kind: 'l1', hash: block.hash };
};

/** L1 blocks between two columns that held no batch and are not remembered. */
export const hiddenBetween = (left: LaneBlockView, right: LaneBlockView): number =>
  Math.max(0, right.number - left.number - 1);
