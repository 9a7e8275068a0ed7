import type { ReorgDetail } from '../../server/api/historyViews.ts';
import { count, groupDigits, tailDigits } from '../format.ts';

const CELL = { width: 74, height: 28, gap: 12 };
const SHOWN = 5;
const TOP = 18;
const DOWN = 74;
const LEFT = 8;

interface BranchProps {
  readonly numbers: readonly number[];
  readonly hidden: number;
  readonly y: number;
  readonly state: 'orphaned' | 'safe';
}

const xOf = (place: number): number => LEFT + 2 * (CELL.width + CELL.gap) + place * (CELL.width + CELL.gap);

const Branch = ({ numbers, hidden, y, state }: BranchProps) => (
  <g className={`lane-${state}`}>
    {numbers.map((number, i) => (
      <g key={number}>
        <path
          d={`M${xOf(i) - CELL.gap} ${y + CELL.height / 2}h${CELL.gap}`}
          className={state === 'orphaned' ? 'orphan-line' : 'lane-rail'}
        />
        <rect x={xOf(i)} y={y} width={CELL.width} height={CELL.height} rx="3" className="orphan-ground" />
        <rect x={xOf(i)} y={y} width={CELL.width} height={CELL.height} rx="3" className="lane-cell" />
        <text x={xOf(i) + CELL.width / 2} y={y + 19} className="lane-number">
          {tailDigits(number)}
        </text>
      </g>
    ))}
    {hidden > 0 ? (
      <text x={xOf(numbers.length) + 4} y={y + 19} className="fork-more">
        {`+ ${groupDigits(hidden)} more`}
      </text>
    ) : null}
  </g>
);

/** The parting of the two branches. The table below it says the same, and more. */
export const ForkPicture = ({ reorg, share }: { reorg: ReorgDetail; share: number }) => {
  const { droppedL2, droppedL2Count, adoptedL2, adoptedL2Count, l2Ancestor, commonAncestor, layer } = reorg;
  const ancestor = l2Ancestor ?? (layer === 'L2' ? commonAncestor : null);
  const old = droppedL2.slice(0, SHOWN);
  const grown = Math.ceil(Math.min(SHOWN, adoptedL2.length) * share);
  const now = adoptedL2.slice(0, grown);
  const width = xOf(SHOWN) + 110;
  const elbow = LEFT + CELL.width;
  const start = xOf(0) - CELL.gap;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scroller must be reachable by keyboard (WCAG 2.1.1).
    <section className="fork-place" aria-label="Old and new chain, picture" tabIndex={0}>
      <svg
        viewBox={`0 0 ${width} ${DOWN + CELL.height + 12}`}
        className="lanes fork"
        role="img"
        aria-label={`${count(droppedL2Count, 'block')} orphaned after ${ancestor === null ? 'an unknown ancestor' : groupDigits(ancestor.number)}, ${count(adoptedL2Count, 'block')} in their place`}
      >
        <defs>
          <pattern
            id="hatch"
            width="6"
            height="6"
            patternUnits="userSpaceOnUse"
            patternTransform="rotate(45)"
          >
            <path d="M0 0v6" className="hatch-line" />
          </pattern>
        </defs>
        <g className="lane-finalized">
          <rect x={LEFT} y={TOP} width={CELL.width} height={CELL.height} rx="3" className="lane-cell" />
          <text x={LEFT + CELL.width / 2} y={TOP + 19} className="lane-number">
            {ancestor === null ? '?' : tailDigits(ancestor.number)}
          </text>
        </g>
        <path d={`M${elbow} ${TOP + CELL.height / 2}H${start}`} className="lane-rail" />
        {old.length === 0 ? null : (
          <path
            d={`M${elbow + 18} ${TOP + CELL.height / 2}v${DOWN - TOP}H${start}`}
            className="orphan-line"
          />
        )}
        <Branch
          numbers={now.map(({ number }) => number)}
          hidden={share < 1 ? 0 : adoptedL2Count - now.length}
          y={TOP}
          state="safe"
        />
        <Branch
          numbers={old.map(({ number }) => number)}
          hidden={droppedL2Count - old.length}
          y={DOWN}
          state="orphaned"
        />
      </svg>
    </section>
  );
};
