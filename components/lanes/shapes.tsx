'use client';

import { count, groupDigits, spanDigits, tailDigits } from '../format.ts';
import { useZone } from '../parts/useZone.ts';
import { type Column, GEOMETRY, type HeadMark, type L2Run, type Orphan } from './layout.ts';

/**
 * What the pictures of the lanes are drawn with: the overview's, which is looked at, and the chain's, in which things
 * are chosen. Dense ones have twice the columns: names shrink, and every second one is left out (`even`).
 */
const { l1: L1, orphan: ORPHAN } = GEOMETRY;
const L1_BOTTOM = L1.y + L1.height;
const LOCK = 'M2 6h1v-1.5a3 3 0 0 1 6 0v1.5h1v5.5h-8zM4.5 6h3v-1.5a1.5 1.5 0 0 0-3 0z';
const CROSS = 'M1 1l7 7M8 1l-7 7';

export interface Density {
  readonly dense?: boolean;
  readonly even?: boolean;
}

/** The last four digits, where there is room for no more. */
const fourDigits = (number: number): string => String(number % 10_000).padStart(4, '0');

/** Number of an L1 block as it is written on its cell. */
export const l1Number = (number: number, dense: boolean): string =>
  dense ? fourDigits(number) : tailDigits(number);

/** What is written on a batch; empty where there is no room. */
export const batchWords = (
  { run, batchCount, firstBatch, lastBatch }: Column,
  { dense = false, even = true }: Density,
): string => {
  if (firstBatch === null || lastBatch === null || (dense && !even)) return '';
  const many = dense ? `×${batchCount}` : `${tailDigits(firstBatch)}–${tailDigits(lastBatch)}`;
  return `${batchCount === 1 ? groupDigits(firstBatch) : many}${run?.state === 'dropped' ? ' ✖' : ''}`;
};

/** How many batches a column has, where they are more than one and there is room. */
export const batchCount = ({ batchCount: many }: Column, dense: boolean): string =>
  many > 1 && !dense ? `${many} batches` : '';

/** What is written on a run of L2 blocks and under it; empty where there is no room. */
export const runWords = (
  { first, last, cells }: L2Run,
  { dense = false, even = true }: Density,
): { readonly on: string; readonly under: string } => {
  const alone = cells === 1 && !dense;
  if (first === null || last === null) return { on: alone ? '?' : '', under: '' };
  return {
    on: alone ? count(last - first + 1, 'block') : '',
    under: dense ? (even ? tailDigits(last) : '') : spanDigits(first, last),
  };
};

export const orphanWords = ({ block }: Orphan, width: number): string =>
  width > 50 ? tailDigits(block.number) : fourDigits(block.number);

/** The hatch of orphaned blocks; once a picture. */
export const Hatch = () => (
  <defs>
    <pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
      <path d="M0 0v6" className="hatch-line" />
    </pattern>
  </defs>
);

/** The lines on which the blocks of both layers stand. */
export const Rails = ({ columns, l2Top }: { columns: readonly Column[]; l2Top: number }) => (
  <>
    {columns[0] === undefined ? null : (
      <path d={`M${columns[0].x} ${L1.y + L1.height / 2}H${columns.at(-1)?.x}`} className="lane-rail" />
    )}
    <path
      d={`M${GEOMETRY.gutter} ${l2Top + GEOMETRY.l2Height / 2}H${GEOMETRY.width - 30}`}
      className="lane-rail"
    />
  </>
);

interface ColumnProps extends Density {
  readonly column: Column;
}

/** An L1 block under its time. */
export const L1Shape = ({
  column: { block, x },
  width,
  dense = false,
  even = true,
}: ColumnProps & { width: number }) => {
  const zone = useZone();
  const locked = block.label === 'finalized' && !dense;
  return (
    <>
      {dense && !even ? null : (
        <text x={x} y={14} className="lane-time">
          {zone.clock(block.timestamp * 1_000)}
        </text>
      )}
      <rect x={x - width / 2} y={L1.y} width={width} height={L1.height} rx="3" className="lane-cell" />
      <text x={locked ? x + 8 : x} y={L1.y + 21} className="lane-number">
        {l1Number(block.number, dense)}
      </text>
      {locked ? (
        <path d={LOCK} transform={`translate(${x - width / 2 + 4} ${L1.y + 9.5})`} className="lane-lock" />
      ) : null}
    </>
  );
};

/** A batch opens like a fan from the L1 block that carries it to the L2 blocks it carries. */
export const BatchShape = ({
  column,
  l2Top,
  dense = false,
  even = true,
}: ColumnProps & { l2Top: number }) => {
  const { run, x } = column;
  if (run === null) return null;
  const half = dense ? 8 : 15;
  const words = batchWords(column, { dense, even });
  const many = batchCount(column, dense);
  const fan = `M${x - half} ${L1_BOTTOM + 3}h${2 * half}L${run.x + run.width} ${l2Top - 3}H${run.x}z`;
  return (
    <>
      <path d={fan} className="batch-fan" />
      {words === '' ? null : (
        <text x={x} y={l2Top - 21} className="batch-number">
          {words}
        </text>
      )}
      {many === '' ? null : (
        <text x={x} y={l2Top - 9} className="batch-count">
          {many}
        </text>
      )}
    </>
  );
};

/** Lines between the blocks of a run: one path, however many blocks. */
const dividers = ({ x, width, cells }: L2Run, top: number): string =>
  Array.from(
    { length: cells - 1 },
    (_, i) => `M${(x + (width * (i + 1)) / cells).toFixed(1)} ${top}v${GEOMETRY.l2Height}`,
  ).join('');

interface RunProps extends Density {
  readonly run: L2Run;
  readonly top: number;
}

/** L2 blocks: one cell each, or one bar with their count. */
export const RunShape = ({ run, top, dense = false, even = true }: RunProps) => {
  const { state, cells, x, width } = run;
  const middle = x + width / 2;
  const locked = state === 'finalized' && !dense;
  const words = runWords(run, { dense, even });
  return (
    <>
      <rect x={x} y={top} width={width} height={GEOMETRY.l2Height} rx="3" className="lane-cell" />
      {cells > 1 && !dense ? <path d={dividers(run, top)} className="lane-divider" /> : null}
      {words.on === '' ? null : (
        <text x={locked ? middle + 8 : middle} y={top + 20} className="lane-number">
          {words.on}
        </text>
      )}
      {locked ? (
        <path
          d={LOCK}
          transform={`translate(${x + (cells === 1 ? 5 : width / cells / 2 - 5.4)} ${top + 9.5}) scale(0.9)`}
          className="lane-lock"
        />
      ) : null}
      {words.under === '' ? null : (
        <text x={middle} y={top + GEOMETRY.l2Height + 15} className="lane-span">
          {words.under}
        </text>
      )}
    </>
  );
};

/** An L1 block that a reorg took, hung below the lane from the block that it grew from. */
export const OrphanShape = ({ orphan, width }: { orphan: Orphan; width: number }) => {
  const { x, parentX, fromOrphan } = orphan;
  const top = L1_BOTTOM + ORPHAN.offset;
  const middle = top + ORPHAN.height / 2;
  const from = fromOrphan ? `M${parentX + width / 2} ${middle}` : `M${parentX} ${L1_BOTTOM}V${middle}`;
  const box = { x: x - width / 2, y: top, width, height: ORPHAN.height, rx: 3 };
  const wide = width > 50;
  return (
    <>
      <path d={`${from}H${x - width / 2}`} className="orphan-line" />
      <rect {...box} className="orphan-ground" />
      <rect {...box} className="lane-cell" />
      {wide ? (
        <path d={CROSS} transform={`translate(${box.x + 6} ${top + 8.5})`} className="orphan-cross" />
      ) : null}
      <text x={wide ? x + 7 : x} y={top + 18} className="lane-number">
        {orphanWords(orphan, width)}
      </text>
    </>
  );
};

/** Where heads stand in L2; those of one block are one mark. */
export const Marks = ({ marks, l2Bottom }: { marks: readonly HeadMark[]; l2Bottom: number }) =>
  marks.map((mark) => (
    <g key={mark.number} data-mark={mark.kinds.join(' ')}>
      <path d={`M${mark.x - 1} ${l2Bottom - 2}v24`} className="mark-line" />
      <text x={mark.x - 6} y={l2Bottom + 34} textAnchor="end" className="mark-word">
        {mark.kinds.join(' = ')}
      </text>
    </g>
  ));
