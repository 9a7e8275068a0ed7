import type { ReorgDetail } from '../../server/api/historyViews.ts';
import { count, groupDigits, tailDigits } from '../format.ts';
import { useNarrow } from '../lists/useNarrow.ts';

/** Measures of the picture, and how many blocks of a branch it has. A phone's is as wide as a phone is. */
interface Measures {
  readonly cell: number;
  readonly gap: number;
  readonly shown: number;
}
const WIDE: Measures = { cell: 74, gap: 12, shown: 5 };
const PHONE: Measures = { cell: 50, gap: 7, shown: 3 };
const HEIGHT = 28;
const TOP = 6;
const DOWN = 56;
const LEFT = 1;
/** Of "+ 1 234 more". */
const MORE = 84;

interface BranchProps {
  readonly numbers: readonly number[];
  readonly hidden: number;
  readonly y: number;
  readonly state: 'orphaned' | 'safe';
  readonly measures: Measures;
}

/** The first block stands a cell and a half after the ancestor: the lines part in between. */
const xOf = ({ cell, gap }: Measures, place: number): number => LEFT + (place + 1.5) * (cell + gap);

const Branch = ({ numbers, hidden, y, state, measures }: BranchProps) => (
  <g className={`lane-${state}`}>
    {numbers.map((number, i) => (
      <g key={number}>
        <path
          d={`M${xOf(measures, i) - measures.gap} ${y + HEIGHT / 2}h${measures.gap}`}
          className={state === 'orphaned' ? 'orphan-line' : 'lane-rail'}
        />
        {['orphan-ground', 'lane-cell'].map((part) => (
          <rect
            key={part}
            x={xOf(measures, i)}
            y={y}
            width={measures.cell}
            height={HEIGHT}
            rx="3"
            className={part}
          />
        ))}
        <text x={xOf(measures, i) + measures.cell / 2} y={y + 19} className="lane-number">
          {tailDigits(number)}
        </text>
      </g>
    ))}
    {hidden > 0 ? (
      <text x={xOf(measures, numbers.length) + 4} y={y + 19} className="fork-more">
        {`+ ${groupDigits(hidden)} more`}
      </text>
    ) : null}
  </g>
);

/** The parting of the two branches. The table below it says the same, and more. */
export const ForkPicture = ({ reorg, share }: { reorg: ReorgDetail; share: number }) => {
  const { droppedL2, droppedL2Count, adoptedL2, adoptedL2Count, l2Ancestor, commonAncestor, layer } = reorg;
  const measures = useNarrow() === true ? PHONE : WIDE;
  const { cell, gap, shown } = measures;
  const ancestor = l2Ancestor ?? (layer === 'L2' ? commonAncestor : null);
  const old = droppedL2.slice(0, shown);
  const grown = Math.ceil(Math.min(shown, adoptedL2.length) * share);
  const now = adoptedL2.slice(0, grown);
  const width = xOf(measures, shown) + MORE;
  const elbow = LEFT + cell;
  const start = xOf(measures, 0) - gap;
  return (
    <div className="fork-place">
      <svg
        viewBox={`0 0 ${width} ${DOWN + HEIGHT + 2}`}
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
          <rect x={LEFT} y={TOP} width={cell} height={HEIGHT} rx="3" className="lane-cell" />
          <text x={LEFT + cell / 2} y={TOP + 19} className="lane-number">
            {ancestor === null ? '?' : tailDigits(ancestor.number)}
          </text>
        </g>
        <path d={`M${elbow} ${TOP + HEIGHT / 2}H${start}`} className="lane-rail" />
        {old.length === 0 ? null : (
          <path
            d={`M${(elbow + start) / 2} ${TOP + HEIGHT / 2}v${DOWN - TOP}H${start}`}
            className="orphan-line"
          />
        )}
        <Branch
          numbers={now.map(({ number }) => number)}
          hidden={share < 1 ? 0 : adoptedL2Count - now.length}
          y={TOP}
          state="safe"
          measures={measures}
        />
        <Branch
          numbers={old.map(({ number }) => number)}
          hidden={droppedL2Count - old.length}
          y={DOWN}
          state="orphaned"
          measures={measures}
        />
      </svg>
    </div>
  );
};
