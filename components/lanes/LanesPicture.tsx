import { memo } from 'react';
import type { HeadsView, LaneBlockView } from '../../server/api/views.ts';
import { count, groupDigits } from '../format.ts';
import {
  type Column,
  GEOMETRY,
  type L2Run,
  type LanePicture,
  layoutLanes,
  type Orphan,
  type Plumb,
} from './layout.ts';
import { BatchShape, Hatch, L1Shape, Marks, OrphanShape, Rails, RunShape } from './shapes.tsx';

const { l1: L1 } = GEOMETRY;

const L1Block = ({ column }: { column: Column }) => {
  const { block } = column;
  return (
    <g className={`lane-${block.label}`} data-l1={block.number} data-hash={block.hash}>
      <title>{`L1 block ${groupDigits(block.number)}, ${block.label}, ${count(column.batchCount, 'batch', 'batches')}\n${block.hash}`}</title>
      <L1Shape column={column} width={L1.width} />
    </g>
  );
};

const Batch = ({ column, l2Top }: { column: Column; l2Top: number }) => {
  const { run, batchCount, firstBatch, lastBatch } = column;
  return run === null ? null : (
    <g className={`batch-${run.state}`} data-batch={firstBatch}>
      <title>
        {batchCount === 1
          ? `Batch ${firstBatch}, ${run.state}`
          : `${batchCount} batches, ${firstBatch} to ${lastBatch}, ${run.state}`}
      </title>
      <BatchShape column={column} l2Top={l2Top} />
    </g>
  );
};

const Run = ({ run, top }: { run: L2Run; top: number }) => {
  const { first, last, state } = run;
  return (
    <g className={`lane-${state}`} data-l2-first={first ?? ''} data-l2-last={last ?? ''}>
      <title>
        {first === null || last === null
          ? 'L2 blocks missing: the batch was not decoded yet'
          : `L2 blocks ${groupDigits(first)} to ${groupDigits(last)}, ${state}`}
      </title>
      <RunShape run={run} top={top} />
    </g>
  );
};

const OrphanBlock = ({ orphan }: { orphan: Orphan }) => (
  <g className="lane-orphaned" data-l1={orphan.block.number} data-hash={orphan.block.hash}>
    <title>{`L1 block ${groupDigits(orphan.block.number)}, orphaned by a reorg\n${orphan.block.hash}`}</title>
    <OrphanShape orphan={orphan} width={L1.width} />
  </g>
);

const plumbLabel = ({ behind, blockedBy }: Plumb): string => {
  if (blockedBy !== null) return `blocked by batch ${groupDigits(blockedBy)}`;
  return behind === 0 ? 'in plumb' : `${count(behind, 'L1 block')} behind`;
};

/** Hangs from the L1 head; what it points at is how far L1 has been derived. Out of plumb is behind. */
const PlumbLine = ({ plumb, l2Top }: { plumb: Plumb; l2Top: number }) => {
  const tip = l2Top + GEOMETRY.l2Height + 42;
  const { top, bottom, offLeft } = plumb;
  const angle = (Math.atan2(bottom - top, tip - L1.y - L1.height) * -180) / Math.PI;
  const label = plumbLabel(plumb);
  return (
    <g className="plumb" data-behind={plumb.behind}>
      <title>{label === 'in plumb' ? 'L1 is derived up to its head' : `Derivation: ${label}`}</title>
      <path d={`M${top} ${L1.y + L1.height}L${bottom} ${tip}`} className="plumb-string" />
      <path
        d="M-6 -1h12v6l-6 12l-6-12z"
        transform={`translate(${bottom} ${tip}) rotate(${angle.toFixed(2)})`}
        className="plumb-bob"
      />
      <text x={bottom + 16} y={tip + 14} className="plumb-word">
        {offLeft ? `‹ ${label}` : label}
      </text>
    </g>
  );
};

const summary = (picture: LanePicture): string => {
  const first = picture.columns[0]?.block.number;
  const last = picture.columns.at(-1)?.block.number;
  if (first === undefined || last === undefined) return 'No L1 block yet.';
  const heads = picture.marks.map((mark) => `${mark.kinds.join(' and ')} head ${mark.number}`).join(', ');
  const orphans =
    picture.orphans.length === 0 ? '' : ` ${count(picture.orphans.length, 'orphaned L1 block')}.`;
  const behind =
    picture.plumb === null ? '' : ` Derivation is ${picture.plumb.behind} L1 blocks behind the head.`;
  return `L1 blocks ${first} to ${last} above the L2 blocks they carry${heads === '' ? '' : `; ${heads}`}.${orphans}${behind} The table view has the same data.`;
};

/** At most 300 nodes for any input: a column costs a dozen, whatever its batches hold. */
export const LanesPicture = memo(
  ({ lanes, heads }: { lanes: readonly LaneBlockView[]; heads: HeadsView }) => {
    const picture = layoutLanes(lanes, heads);
    const { columns, l2Top, height, tail, before } = picture;
    const l2Bottom = l2Top + GEOMETRY.l2Height;
    return (
      <svg
        viewBox={`0 0 ${GEOMETRY.width} ${height}`}
        className="lanes"
        role="img"
        aria-label={summary(picture)}
      >
        <Hatch />
        <text x="0" y={L1.y + 21} className="lane-name">
          L1
        </text>
        <text x="0" y={l2Top - 22} className="lane-name">
          Batches
        </text>
        <text x="0" y={l2Top + 20} className="lane-name">
          L2
        </text>
        <Rails columns={columns} l2Top={l2Top} />
        {picture.plumb === null ? null : <PlumbLine plumb={picture.plumb} l2Top={l2Top} />}
        {columns.map((column) => (
          <Batch key={column.block.hash} column={column} l2Top={l2Top} />
        ))}
        {columns.map((column) => (
          <L1Block key={column.block.hash} column={column} />
        ))}
        {picture.orphans.map((orphan) => (
          <OrphanBlock key={orphan.block.hash} orphan={orphan} />
        ))}
        {columns.map((column) =>
          column.run === null ? null : <Run key={column.block.hash} run={column.run} top={l2Top} />,
        )}
        {tail === null ? null : (
          <>
            <text x={tail.x + tail.width / 2} y={L1.y + 21} className="lane-later">
              not posted yet
            </text>
            <Run run={tail} top={l2Top} />
          </>
        )}
        {before.length === 0 ? null : (
          <text x={0} y={l2Bottom + 34} className="mark-word mark-before">
            {`‹ ${before.join(', ')}`}
          </text>
        )}
        <Marks marks={picture.marks} l2Bottom={l2Bottom} />
      </svg>
    );
  },
);
LanesPicture.displayName = 'LanesPicture';
