'use client';

import { type KeyboardEvent, memo, type ReactNode, useRef, useState } from 'react';
import type { HeadsView, LaneBlockView, ReorgView } from '../../server/api/views.ts';
import { shortHash, spanDigits } from '../format.ts';
import { GEOMETRY, layoutLanes, stepOf } from '../lanes/layout.ts';
import {
  BatchShape,
  batchCount,
  batchWords,
  Hatch,
  L1Shape,
  l1Number,
  Marks,
  OrphanShape,
  orphanWords,
  Rails,
  RunShape,
  runWords,
} from '../lanes/shapes.tsx';
import { useZone } from '../parts/useZone.ts';
import { reorgName } from '../reorgs/ReorgRows.tsx';
import {
  across,
  batchSpot,
  beside,
  endOf,
  isChosen,
  l1Spot,
  leaderBands,
  orphanedRuns,
  runSpot,
  type Spot,
  spotsOf,
} from './spots.ts';
import { hiddenBetween, type Selection, selectionKey, type Zoom } from './window.ts';

/** Room above the lanes for who led. */
const LEADERS = 24;
/** Room below them for what reorgs dropped. */
const DROPPED = 34;
const { l1: L1 } = GEOMETRY;

interface SpotProps {
  readonly spot: Spot;
  readonly active: boolean;
  readonly selected: boolean;
  readonly className: string;
  readonly onChoose: (spot: Spot) => void;
  readonly children: ReactNode;
}

const Chosen = ({ spot, active, selected, className, onChoose, children }: SpotProps) => (
  // biome-ignore lint/a11y/useSemanticElements: a button cannot stand in a drawing; keys are heard by the picture around it.
  <g
    role="button"
    id={`spot-${spot.key}`}
    tabIndex={active ? 0 : -1}
    aria-label={spot.name}
    aria-pressed={selected}
    className={`spot ${className} ${selected ? 'is-selected' : ''}`}
    data-spot={spot.key}
    onClick={() => onChoose(spot)}
    onKeyDown={(event) => {
      if (event.key !== 'Enter' && event.key !== ' ') return;
      event.preventDefault();
      onChoose(spot);
    }}
  >
    {children}
  </g>
);

/** Who posted the batches of which columns. */
const LeaderBands = ({ bands }: { bands: ReturnType<typeof leaderBands> }) =>
  bands.map(({ who, from, to }, i) => (
    <g key={`${who}-${from}`} className={i % 2 === 0 ? 'leader-band' : 'leader-band leader-other'}>
      <rect x={from} y={-20} width={to - from} height="15" rx="3" />
      {to - from > 80 ? (
        <text x={(from + to) / 2} y={-8.5} className="leader-word">
          {shortHash(who)}
        </text>
      ) : null}
    </g>
  ));

/** L2 blocks that reorgs took, hung under their place in the lane. */
const Dropped = ({ runs, l2Bottom }: { runs: ReturnType<typeof orphanedRuns>; l2Bottom: number }) =>
  runs.map(({ reorg, first, last, from, to }) => {
    const width = Math.max(10, to - from);
    return (
      <g key={reorg.id} className="lane-orphaned" data-dropped={reorg.id}>
        <path d={`M${from} ${l2Bottom}v44`} className="orphan-line" />
        <rect x={from} y={l2Bottom + 44} width={width} height="22" rx="3" className="lane-cell" />
        <text x={from + width + 6} y={l2Bottom + 60} className="dropped-word">
          {`✖ ${spanDigits(first, last)} · ${reorgName(reorg.id)}`}
        </text>
      </g>
    );
  });

interface PictureProps {
  readonly lanes: readonly LaneBlockView[];
  readonly heads: HeadsView;
  readonly reorgs: readonly ReorgView[];
  readonly posters: ReadonlyMap<number, string>;
  readonly zoom: Zoom;
  readonly atHead: boolean;
  readonly showOrphans: boolean;
  readonly showLeaders: boolean;
  readonly selected: Selection | null;
  readonly onSelect: (selection: Selection) => void;
  /** A key asks for what lies beyond the picture: -1 to the past, 1 to the head. */
  readonly onBeyond: (direction: -1 | 1) => void;
  readonly onFollow: () => void;
  readonly onZoom: (direction: -1 | 1) => void;
}

const withoutTail = (heads: HeadsView): HeadsView => ({ ...heads, unsafe: heads.safe });

/** The lanes, drawn; at most 300 nodes. One tab stop: the arrow keys move within. */
export const ChainPicture = memo((props: PictureProps) => {
  const { lanes, heads, reorgs, posters, zoom, atHead, showOrphans, showLeaders, selected, onSelect } = props;
  const zone = useZone();
  const seen = showOrphans ? lanes : lanes.filter(({ canonical }) => canonical);
  const picture = layoutLanes(seen, atHead ? heads : withoutTail(heads), zoom);
  const { columns, orphans, tail, marks, l2Top } = picture;
  const dense = zoom > 12;
  const step = stepOf(zoom);
  const width = Math.min(L1.width, step - 6);
  const held = columns.flatMap(({ run }) => (run === null ? [] : [run]));
  const runs = tail === null ? held : [...held, tail];
  const l2Bottom = l2Top + GEOMETRY.l2Height;
  const dropped = showOrphans ? orphanedRuns(reorgs, runs) : [];
  const height = picture.height + (dropped.length > 0 ? DROPPED : 0);
  const spots = spotsOf(picture, step);
  const [at, setAt] = useState<string | null>(null);
  const svg = useRef<SVGSVGElement>(null);
  const chosen = selected === null ? null : selectionKey(selected);
  const active =
    spots.find(({ key }) => key === at) ?? spots.find(({ key }) => key === chosen) ?? endOf(spots, 0, true);
  const go = (spot: Spot | null): void => {
    if (spot === null) return;
    setAt(spot.key);
    svg.current?.querySelector<SVGElement>(`[data-spot="${spot.key}"]`)?.focus();
  };
  const sideways = (direction: -1 | 1): void => {
    if (active === null) return;
    const next = beside(spots, active, direction);
    if (next === null) props.onBeyond(direction);
    else go(next);
  };
  const keys = new Map<string, () => void>([
    ['ArrowLeft', () => sideways(-1)],
    ['ArrowRight', () => sideways(1)],
    ['ArrowUp', () => go(active && across(spots, active, -1))],
    ['ArrowDown', () => go(active && across(spots, active, 1))],
    ['Home', () => go(active && endOf(spots, active.lane, false))],
    ['End', () => go(active && endOf(spots, active.lane, true))],
    ['f', props.onFollow],
    ['+', () => props.onZoom(-1)],
    ['-', () => props.onZoom(1)],
  ]);
  const onKeyDown = (event: KeyboardEvent): void => {
    const act = keys.get(event.key);
    if (act === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    act();
  };
  const choose = (spot: Spot): void => {
    setAt(spot.key);
    onSelect(spot.selection);
  };
  /** `words`: what is written on it is part of its name, so that it can be called by what is seen (WCAG 2.5.3). */
  const draw = (plain: Spot, className: string, words: readonly string[], children: ReactNode) => {
    const spot = { ...plain, name: [plain.name, ...words.filter(Boolean)].join(', ') };
    return (
      <Chosen
        key={spot.key}
        spot={spot}
        active={spot.key === active?.key}
        selected={isChosen(spot, selected, runs)}
        className={className}
        onChoose={choose}
      >
        {children}
      </Chosen>
    );
  };
  const densityOf = (i: number) => ({ dense, even: i % 2 === 0 });
  return (
    // biome-ignore lint/a11y/useSemanticElements: a drawing is no fieldset.
    <svg
      ref={svg}
      viewBox={`0 ${-LEADERS} ${GEOMETRY.width} ${height}`}
      className="lanes chain-lanes"
      role="group"
      aria-label="Alignment lanes: arrow keys move, Enter tells more"
      onKeyDown={onKeyDown}
    >
      <Hatch />
      {/* biome-ignore lint/a11y/noAriaHiddenOnFocusable: nothing in it takes the focus. */}
      <g aria-hidden="true">
        {[
          ['Leader', -8],
          ['L1', L1.y + 21],
          ['Batches', l2Top - 20],
          ['L2', l2Top + 20],
        ].map(([name, y]) => (
          <text key={name} x="0" y={y} className="lane-name">
            {name === 'Leader' && !showLeaders ? '' : name}
          </text>
        ))}
        {showLeaders ? <LeaderBands bands={leaderBands(columns, posters, step)} /> : null}
        <Rails columns={columns} l2Top={l2Top} />
        {columns.map(({ block, x }, i) => {
          const before = columns[i - 1];
          const hidden = before === undefined ? 0 : hiddenBetween(before.block, block);
          return hidden === 0 ? null : (
            <text key={`gap-${block.hash}`} x={x - step / 2} y={L1.y - 4} className="lane-gap">
              {`«${hidden}»`}
            </text>
          );
        })}
        <Marks marks={marks} l2Bottom={l2Bottom} />
        <Dropped runs={dropped} l2Bottom={l2Bottom} />
      </g>
      {columns.map((column, i) =>
        column.run === null
          ? null
          : draw(
              batchSpot(column, i),
              `batch-${column.run.state}`,
              [batchWords(column, densityOf(i)), batchCount(column, dense)],
              <BatchShape column={column} l2Top={l2Top} {...densityOf(i)} />,
            ),
      )}
      {columns.map((column, i) =>
        draw(
          l1Spot(column.block, i),
          `lane-${column.block.label}`,
          [
            dense && i % 2 === 1 ? '' : zone.clock(column.block.timestamp * 1_000),
            l1Number(column.block.number, dense),
          ],
          <L1Shape column={column} width={width} {...densityOf(i)} />,
        ),
      )}
      {orphans.map((orphan) =>
        draw(
          l1Spot(orphan.block, 0),
          'lane-orphaned',
          [orphanWords(orphan, width)],
          <OrphanShape orphan={orphan} width={width} />,
        ),
      )}
      {columns.map((column, i) =>
        column.run === null
          ? null
          : draw(
              runSpot(column.run, i, column.firstBatch),
              `lane-${column.run.state}`,
              Object.values(runWords(column.run, densityOf(i))),
              <RunShape run={column.run} top={l2Top} {...densityOf(i)} />,
            ),
      )}
      {tail === null
        ? null
        : draw(
            runSpot(tail, columns.length, null),
            'lane-unsafe',
            Object.values(runWords(tail, { dense })),
            <RunShape run={tail} top={l2Top} dense={dense} />,
          )}
    </svg>
  );
});
ChainPicture.displayName = 'ChainPicture';
