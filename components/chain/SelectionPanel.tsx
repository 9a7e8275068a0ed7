'use client';

import Link from 'next/link';
import type { BatchListRow } from '../../server/api/historyViews.ts';
import type { LaneBlockView, StatusView } from '../../server/api/views.ts';
import { groupDigits, spanDigits } from '../format.ts';
import { ExplorerLink } from '../parts/ExplorerLink.tsx';
import { NotKnown } from '../parts/Grouped.tsx';
import { Hash } from '../parts/Hash.tsx';
import { Line } from '../parts/Line.tsx';
import { Moment } from '../parts/Moment.tsx';
import { Panel } from '../parts/Panel.tsx';
import { STATUS_WORDS } from '../words.ts';
import type { Selection } from './window.ts';

interface SelectionProps {
  readonly selection: Selection | null;
  /** The L1 block that holds it; null when it is not in what is known. */
  readonly block: LaneBlockView | null;
  readonly rows: readonly BatchListRow[];
  readonly status: StatusView;
  readonly onClear: () => void;
}

const titleOf = (selection: Selection, block: LaneBlockView | null): string => {
  if (selection.kind === 'batch') return `Batch ${groupDigits(selection.number)}`;
  if (selection.kind === 'l2') return `L2 block ${groupDigits(selection.number)}`;
  if (selection.kind === 'l1_number') return `L1 block ${groupDigits(selection.number)}`;
  return block === null ? 'L1 block' : `L1 block ${groupDigits(block.number)}`;
};

const batchOf = (selection: Selection, block: LaneBlockView | null) =>
  block?.batches.find(({ number, firstBlock, lastBlock }) =>
    selection.kind === 'l2'
      ? firstBlock !== null &&
        lastBlock !== null &&
        firstBlock <= selection.number &&
        selection.number <= lastBlock
      : selection.kind === 'batch' && number === selection.number,
  ) ?? null;

const headHash = (number: number, { unsafe, safe, finalized }: StatusView['heads']): string | null =>
  [unsafe, safe, finalized].find((head) => head?.number === number)?.hash ?? null;

const BatchLine = ({ number }: { number: number }) => (
  <Link href={`/batches/${number}`} prefetch={false} className="link num">
    {groupDigits(number)}
  </Link>
);

const L1Lines = ({ block, reorgs }: { block: LaneBlockView; reorgs: StatusView['reorgs'] }) => {
  const reorg = block.canonical
    ? undefined
    : reorgs.find(
        ({ layer, oldTip, commonAncestor }) =>
          layer === 'L1' && commonAncestor.number < block.number && block.number <= oldTip.number,
      );
  return (
    <>
      <Line name="State">
        {block.canonical ? block.label : 'orphaned'}{' '}
        {reorg === undefined ? null : (
          <Link href={`/reorgs/${encodeURIComponent(reorg.id)}`} prefetch={false} className="link">
            by reorg {reorg.id}
          </Link>
        )}
      </Line>
      <Line name="Hash">
        <Hash value={block.hash} what="hash of the L1 block" />
        <ExplorerLink kind="l1Block" id={block.number} what="L1 block" />
      </Line>
      <Line name="Time">
        <Moment at={block.timestamp * 1_000} />
      </Line>
      <Line name="Batches">
        {block.batches.length === 0
          ? 'none'
          : block.batches.map(({ number }) => <BatchLine key={number} number={number} />)}
      </Line>
    </>
  );
};

const L2Lines = ({
  selection,
  block,
  rows,
  status,
}: Omit<SelectionProps, 'onClear'> & { selection: Selection }) => {
  const batch = batchOf(selection, block);
  const row =
    batch === null
      ? undefined
      : rows.find(({ number, l1Block }) => number === batch.number && l1Block?.hash === block?.hash);
  const { heads, reorgs } = status;
  const number = selection.kind === 'l2' ? selection.number : null;
  const ours = number === null ? null : headHash(number, heads);
  const orphanedBy =
    number === null
      ? undefined
      : reorgs.find(({ droppedL2 }) => droppedL2.some((one) => one.number === number));
  const beyond = number !== null && heads.unsafe !== null && number > heads.unsafe.number;
  if (beyond) return <Line name="State">ahead of our head</Line>;
  return (
    <>
      <Line name="State">
        {batch !== null
          ? STATUS_WORDS[batch.progress].word
          : number !== null && heads.safe !== null && number > heads.safe.number
            ? 'unsafe: on no L1 block yet'
            : 'before what is loaded here'}
      </Line>
      {ours === null ? null : (
        <Line name="Hash">
          <Hash value={ours} what="hash of the L2 block" />
          <ExplorerLink kind="l2Block" id={number ?? 0} what="L2 block" />
        </Line>
      )}
      {batch === null ? null : (
        <>
          <Line name="Batch">
            <BatchLine number={batch.number} />
          </Line>
          <Line name="L2 blocks">
            <span className="num">
              {batch.firstBlock === null || batch.lastBlock === null ? (
                <NotKnown />
              ) : (
                spanDigits(batch.firstBlock, batch.lastBlock)
              )}
            </span>
          </Line>
        </>
      )}
      {block === null ? null : (
        <Line name="L1 origin">
          <span className="num">{groupDigits(block.number)}</span>{' '}
          <Hash value={block.hash} what="hash of the L1 origin" />
        </Line>
      )}
      {row?.poster == null ? null : (
        <Line name="Leader">
          <Hash value={row.poster} what="address of the leader" />
        </Line>
      )}
      {row?.transactions == null ? null : (
        <Line name="Transactions">
          <span className="num">{groupDigits(row.transactions)} in the batch</span>
        </Line>
      )}
      {orphanedBy === undefined ? null : (
        <Line name="Replaced">
          another block of this number was orphaned by{' '}
          <Link href={`/reorgs/${encodeURIComponent(orphanedBy.id)}`} prefetch={false} className="link">
            reorg {orphanedBy.id}
          </Link>
        </Line>
      )}
    </>
  );
};

/** What was chosen in the picture: its names, and what it hangs on. */
export const SelectionPanel = ({ selection, block, rows, status, onClear }: SelectionProps) => (
  <Panel
    title={selection === null ? 'Selected' : titleOf(selection, block)}
    className="selection-panel"
    aside={
      selection === null ? null : (
        <button type="button" className="button button-small" onClick={onClear}>
          Clear
        </button>
      )
    }
  >
    <div role="status">
      {selection === null ? (
        <p className="blank">Choose a block or a batch in the picture.</p>
      ) : (
        <dl className="rows">
          {selection.kind === 'l1' || selection.kind === 'l1_number' ? (
            block === null ? (
              <Line name="State">
                <NotKnown why="not among the blocks that are loaded here" />
              </Line>
            ) : (
              <L1Lines block={block} reorgs={status.reorgs} />
            )
          ) : (
            <L2Lines selection={selection} block={block} rows={rows} status={status} />
          )}
        </dl>
      )}
    </div>
  </Panel>
);
