import type { LaneBlockView, ReorgView } from '../../server/api/views.ts';
import { count, groupDigits } from '../format.ts';
import type { Column, L2Run, LanePicture } from '../lanes/layout.ts';
import { type Selection, selectionKey } from './window.ts';

/** One thing in the picture that can be chosen: where it is in the grid of keys, and what it is called. */
export interface Spot {
  readonly key: string;
  /** 0: L1 · 1: orphaned L1 blocks · 2: batches · 3: L2. */
  readonly lane: number;
  readonly place: number;
  readonly selection: Selection;
  readonly name: string;
}

const LAST_LANE = 3;

export const l1Spot = (block: LaneBlockView, place: number): Spot => ({
  key: `l1-${block.hash}`,
  lane: block.canonical ? 0 : 1,
  place,
  selection: { kind: 'l1', hash: block.hash },
  name: `L1 block ${groupDigits(block.number)}, ${block.canonical ? block.label : 'orphaned'}, ${count(block.batches.length, 'batch', 'batches')}`,
});

export const batchSpot = ({ firstBatch, lastBatch, batchCount, run }: Column, place: number): Spot => ({
  key: `batch-${firstBatch}`,
  lane: 2,
  place,
  selection: { kind: 'batch', number: firstBatch ?? 0 },
  name:
    batchCount === 1
      ? `Batch ${groupDigits(firstBatch ?? 0)}, ${run?.state}`
      : `Batches ${groupDigits(firstBatch ?? 0)} to ${groupDigits(lastBatch ?? 0)}, ${run?.state}`,
});

export const runSpot = (run: L2Run, place: number, batch: number | null): Spot => ({
  key: `l2-${run.first}`,
  lane: 3,
  place,
  selection: { kind: 'l2', number: run.first ?? 0 },
  name:
    run.first === null || run.last === null
      ? 'L2 blocks missing, not decoded yet'
      : `L2 blocks ${groupDigits(run.first)} to ${groupDigits(run.last)}, ${run.state}${batch === null ? ', not posted yet' : `, batch ${groupDigits(batch)}`}`,
});

/** Everything that can be chosen, lane by lane. Pure. */
export const spotsOf = ({ columns, orphans, tail }: LanePicture, step: number): readonly Spot[] => [
  ...columns.map(({ block }, i) => l1Spot(block, i)),
  ...orphans.map(({ block, x }) => l1Spot(block, Math.round((x - (columns[0]?.x ?? 0)) / step))),
  ...columns.flatMap((column, i) => (column.run === null ? [] : [batchSpot(column, i)])),
  ...columns.flatMap((column, i) => (column.run === null ? [] : [runSpot(column.run, i, column.firstBatch)])),
  ...(tail === null ? [] : [runSpot(tail, columns.length, null)]),
];

const inLane = (spots: readonly Spot[], lane: number): readonly Spot[] =>
  spots.filter((spot) => spot.lane === lane).toSorted((a, b) => a.place - b.place);

/** The next one in the same lane; null at its end. */
export const beside = (spots: readonly Spot[], from: Spot, direction: -1 | 1): Spot | null => {
  const lane = inLane(spots, from.lane);
  return lane[lane.findIndex(({ key }) => key === from.key) + direction] ?? null;
};

/** The nearest one in the next lane that has any; null beyond the last. */
export const across = (spots: readonly Spot[], from: Spot, direction: -1 | 1): Spot | null => {
  for (let lane = from.lane + direction; lane >= 0 && lane <= LAST_LANE; lane += direction) {
    const [first, ...rest] = inLane(spots, lane);
    if (first === undefined) continue;
    const away = (spot: Spot): number => Math.abs(spot.place - from.place);
    return rest.reduce((best, one) => (away(one) < away(best) ? one : best), first);
  }
  return null;
};

/** The first or the last one of a lane. */
export const endOf = (spots: readonly Spot[], lane: number, last: boolean): Spot | null =>
  inLane(spots, lane).at(last ? -1 : 0) ?? null;

/** Whether a spot is what was chosen: also a run of L2 blocks that holds the one that was. */
export const isChosen = (spot: Spot, selected: Selection | null, runs: readonly L2Run[]): boolean => {
  if (selected === null) return false;
  if (spot.key === selectionKey(selected)) return true;
  if (selected.kind !== 'l2' || spot.lane !== LAST_LANE) return false;
  const run = runs.find((one) => `l2-${one.first}` === spot.key);
  return (
    run?.first != null && run.last !== null && run.first <= selected.number && selected.number <= run.last
  );
};

/** Stretches of columns whose batches were posted by one sequencer. */
export const leaderBands = (
  columns: readonly Column[],
  posters: ReadonlyMap<number, string>,
  step: number,
) => {
  const bands: { who: string; from: number; to: number }[] = [];
  for (const { x, firstBatch } of columns) {
    const who = firstBatch === null ? null : (posters.get(firstBatch) ?? null);
    if (who === null) continue;
    const last = bands.at(-1);
    if (last !== undefined && last.who === who) last.to = x + step / 2 - 2;
    else bands.push({ who, from: x - step / 2 + 2, to: x + step / 2 - 2 });
  }
  return bands;
};

/** L2 blocks in sight that a reorg orphaned, hung under their place in the lane. */
export const orphanedRuns = (reorgs: readonly ReorgView[], runs: readonly L2Run[]) => {
  const found = reorgs.slice(0, 6).flatMap((reorg) => {
    const numbers = reorg.droppedL2.map(({ number }) => number);
    if (numbers.length === 0) return [];
    const [first, last] = [Math.min(...numbers), Math.max(...numbers)];
    const edge = (number: number, right: boolean): number | null => {
      const run = runs.find(
        (one) => one.first !== null && one.last !== null && one.first <= number && number <= one.last,
      );
      if (run?.first == null || run.last === null) return null;
      return run.x + (run.width * (number - run.first + (right ? 1 : 0))) / (run.last - run.first + 1);
    };
    const [from, to] = [edge(first, false), edge(last, true)];
    return from === null || to === null ? [] : [{ reorg, first, last, from, to }];
  });
  // The newest where two lie in one place: the list of reorgs has them all.
  return found.filter((one, i) => !found.slice(0, i).some(({ from, to }) => from < one.to && one.from < to));
};
