import type { ReorgDetail } from '../../server/api/historyViews.ts';
import { count, groupDigits } from '../format.ts';
import { NotKnown } from '../parts/Grouped.tsx';
import { Hash } from '../parts/Hash.tsx';
import { Icon } from '../parts/Icon.tsx';
import { Panel } from '../parts/Panel.tsx';
import { allCameBack, type BranchRow, branchRows } from './explain.ts';
import { ForkPicture } from './ForkPicture.tsx';

/** Drawn as in the picture above: no font has to have a sign for it. */
const Mark = ({ orphaned }: { orphaned: boolean }) =>
  orphaned ? (
    <Icon shape="cross" />
  ) : (
    <svg viewBox="0 0 16 16" className="icon lane-safe" aria-hidden="true" focusable="false">
      <rect x="2" y="2" width="12" height="12" rx="2.500" className="lane-cell" />
    </svg>
  );

type Block = { readonly number: number; readonly hash: string };

const Cell = ({ block, orphaned, layer }: { block: Block | null; orphaned: boolean; layer: string }) =>
  block === null ? (
    <span className="quiet">–</span>
  ) : (
    <span className={orphaned ? 'branch-old' : 'branch-new'}>
      <Mark orphaned={orphaned} />{' '}
      <Hash
        value={block.hash}
        what={`hash of ${orphaned ? 'orphaned' : 'new'} ${layer} block ${block.number}`}
      />
    </span>
  );

const Row = ({ row, layer, complete }: { row: BranchRow; layer: string; complete: boolean }) => {
  if (row.kind === 'hidden') {
    return (
      <tr className="gap-row">
        <td colSpan={3}>
          « {count(row.count, 'block')} hidden, {groupDigits(row.first)} – {groupDigits(row.last)} »
        </td>
      </tr>
    );
  }
  return (
    <tr data-number={row.number}>
      <th scope="row" className="num">
        {groupDigits(row.number)}
      </th>
      <td>
        <Cell block={row.old} orphaned layer={layer} />
      </td>
      <td>
        {row.now === null && !complete ? (
          <NotKnown why="not yet" />
        ) : (
          <Cell block={row.now} orphaned={false} layer={layer} />
        )}
      </td>
    </tr>
  );
};

interface BranchProps {
  readonly reorg: ReorgDetail;
  /** Of the replay: the branch grows with it. Null when none runs. */
  readonly step: number | null;
  readonly steps: number;
}

const noBlocks = (reorg: ReorgDetail): string => {
  if (reorg.layer === 'L1') return 'No L2 block was replaced by it.';
  return allCameBack(reorg) ? 'Every block came back as it was.' : 'Which blocks these were is not known.';
};

/** Old chain and new chain, block by block, from where they part. */
export const BranchTable = ({ reorg, step, steps }: BranchProps) => {
  const { droppedL2, adoptedL2, l2Ancestor, commonAncestor, layer } = reorg;
  const ancestor = l2Ancestor ?? (layer === 'L2' ? commonAncestor : null);
  const rows = branchRows(droppedL2, adoptedL2);
  return (
    <Panel
      title="Old and new chain"
      aside={
        <span className="quiet num">
          {allCameBack(reorg)
            ? `all ${count(reorg.depth, 'block')} came back as they were`
            : `${count(reorg.droppedL2Count, 'block')} orphaned, ${count(reorg.adoptedL2Count, 'block')} in their place`}
        </span>
      }
    >
      {rows.length === 0 ? (
        <p className="blank">{noBlocks(reorg)}</p>
      ) : (
        <div className="branches">
          <ForkPicture reorg={reorg} share={step === null ? 1 : (step + 1) / steps} />
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scroller must be reachable by keyboard (WCAG 2.1.1). */}
          <section className="scroller" aria-label="Old and new chain, table" tabIndex={0}>
            <table className="data-table snug">
              <caption className="sr-only">
                Orphaned L2 blocks and what stands in their place, by number
              </caption>
              <thead>
                <tr>
                  <th scope="col">L2 block</th>
                  <th scope="col">Old chain, orphaned</th>
                  <th scope="col">New chain, canonical</th>
                </tr>
              </thead>
              <tbody>
                <tr>
                  <th scope="row" className="num">
                    {ancestor === null ? <NotKnown /> : groupDigits(ancestor.number)}
                  </th>
                  <td colSpan={2}>
                    <span className="quiet">common ancestor</span>{' '}
                    {ancestor === null ? (
                      <NotKnown />
                    ) : (
                      <Hash value={ancestor.hash} what="hash of the common ancestor" />
                    )}
                  </td>
                </tr>
                {rows.map((row) => (
                  <Row
                    key={row.kind === 'pair' ? row.number : 'hidden'}
                    row={row}
                    layer="L2"
                    complete={reorg.recoveredAt !== null}
                  />
                ))}
              </tbody>
            </table>
          </section>
        </div>
      )}
    </Panel>
  );
};
