import type { ReactNode } from 'react';
import type { HeadsView } from '../../server/api/views.ts';
import { groupDigits, signed } from '../format.ts';
import { Age } from '../parts/Age.tsx';
import { Grouped, NotKnown } from '../parts/Grouped.tsx';
import { Hash } from '../parts/Hash.tsx';

type Block = NonNullable<HeadsView['l1']>;

interface TileProps {
  /** Also the accessible name: "L2 safe head". */
  readonly name: string;
  readonly head: 'l1' | 'unsafe' | 'safe' | 'finalized';
  readonly block: Block | null;
  readonly facts: ReactNode;
}

/** How a block of this head is drawn in the lanes, so that tile and lane explain each other. */
const Swatch = ({ head }: { head: TileProps['head'] }) => (
  <svg
    viewBox="0 0 18 14"
    className={`legend-swatch lane-${head === 'l1' ? 'l1' : head}`}
    aria-hidden="true"
    focusable="false"
  >
    <rect x="1" y="1" width="16" height="12" rx="2.5" className="lane-cell" />
    {head === 'finalized' ? (
      <path d="M5 6h1v-1a3 3 0 0 1 6 0v1h1v5h-8zM7.3 6h3.4v-1a1.7 1.7 0 0 0-3.4 0z" className="lane-lock" />
    ) : null}
  </svg>
);

const Tile = ({ name, head, block, facts }: TileProps) => (
  <section
    className="tile"
    aria-label={name}
    data-head={head}
    data-number={block?.number}
    data-hash={block?.hash}
  >
    <h2 className="tile-name">
      <Swatch head={head} />
      <span>{name}</span>
    </h2>
    <p className="tile-number">{block === null ? <NotKnown /> : <Grouped value={block.number} />}</p>
    <p className="tile-hash">
      {block === null ? '\u00a0' : <Hash value={block.hash} what={`hash of ${name}`} />}
    </p>
    <p className="tile-facts">
      {block === null ? null : <Age at={block.timestamp * 1000} className="num" />}
      {facts}
    </p>
  </section>
);

const Delta = ({ block, to, name }: { block: Block | null; to: Block | null; name: string }) =>
  block === null || to === null ? null : (
    <span className="num" title={`${signed(block.number - to.number)} blocks from the ${name} head`}>
      {signed(block.number - to.number)} <span className="quiet">to {name}</span>
    </span>
  );

const Origin = ({ block }: { block: HeadsView['safe'] }) =>
  block === null ? null : (
    <span className="num" title={block.origin?.hash}>
      <span className="quiet">origin</span>{' '}
      {block.origin === null ? <NotKnown /> : groupDigits(block.origin.number)}
    </span>
  );

/** The four heads: where L1 is, and how far L2 follows it, each with its own degree of certainty. */
export const HeadTiles = ({ heads }: { heads: HeadsView }) => (
  <>
    <Tile
      name="L1 head"
      head="l1"
      block={heads.l1}
      facts={
        heads.l1 === null ? null : (
          <span className="num">
            <span className="quiet">derived to</span>{' '}
            {heads.currentL1 === null ? <NotKnown /> : groupDigits(heads.currentL1.number)}
          </span>
        )
      }
    />
    <Tile
      name="L2 unsafe head"
      head="unsafe"
      block={heads.unsafe}
      facts={<Delta block={heads.unsafe} to={heads.safe} name="safe" />}
    />
    <Tile
      name="L2 safe head"
      head="safe"
      block={heads.safe}
      facts={
        <>
          <Delta block={heads.safe} to={heads.unsafe} name="unsafe" />
          <Origin block={heads.safe} />
        </>
      }
    />
    <Tile
      name="L2 finalized head"
      head="finalized"
      block={heads.finalized}
      facts={
        <>
          <Delta block={heads.finalized} to={heads.unsafe} name="unsafe" />
          <Origin block={heads.finalized} />
        </>
      }
    />
  </>
);
