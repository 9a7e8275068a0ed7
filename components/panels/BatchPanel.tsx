import { memo } from 'react';
import type { BatchView } from '../../server/api/views.ts';
import { BatchSpan, StatusPips } from '../batches/BatchRows.tsx';
import { groupDigits } from '../format.ts';
import { Age } from '../parts/Age.tsx';
import { NotKnown } from '../parts/Grouped.tsx';
import { Hash } from '../parts/Hash.tsx';
import { MoreLink } from '../parts/MoreLink.tsx';
import { Panel } from '../parts/Panel.tsx';
import { Prose } from '../parts/Prose.tsx';

const SHOWN = 8;

const Transactions = ({ batch }: { batch: BatchView }) =>
  batch.transactionCount === null ? (
    <NotKnown />
  ) : (
    <span
      className="num"
      title={batch.privilegedCount === null ? undefined : `${batch.privilegedCount} of them deposits from L1`}
    >
      {groupDigits(batch.transactionCount)}
    </span>
  );

const keyOf = (batch: BatchView): string => `${batch.number}-${batch.l1Block.hash}-${batch.txHash}`;

const Row = ({ batch }: { batch: BatchView }) => (
  <>
    <tr
      data-batch={batch.number}
      data-progress={batch.progress}
      className={batch.reason === null ? '' : 'has-reason'}
    >
      <th scope="row" className="num">
        {groupDigits(batch.number)}
      </th>
      <td>
        <span className="num">{groupDigits(batch.l1Block.number)}</span>{' '}
        <span className="quiet">
          · <Age at={batch.l1Block.timestamp * 1000} />
        </span>
      </td>
      <td>
        <Hash value={batch.poster} what={`poster of batch ${batch.number}`} copy={false} />
      </td>
      <td>
        <BatchSpan row={batch} />
      </td>
      <td className="right">
        <Transactions batch={batch} />
      </td>
      <td>{batch.source ?? <NotKnown />}</td>
      <td>
        <StatusPips status={batch.progress} />
      </td>
    </tr>
    {batch.reason === null ? null : (
      <tr className="reason-row">
        <td colSpan={7}>
          <p className="reason">
            <Prose text={batch.reason} />
          </p>
        </td>
      </tr>
    )}
  </>
);

const Card = ({ batch }: { batch: BatchView }) => (
  <li className="card" data-batch={batch.number} data-progress={batch.progress}>
    <p className="card-top">
      <strong className="num">{groupDigits(batch.number)}</strong>
      <StatusPips status={batch.progress} />
    </p>
    <p className="card-line">
      <span className="quiet">L2</span> <BatchSpan row={batch} />
    </p>
    <p className="card-line quiet">
      L1 <span className="num">{groupDigits(batch.l1Block.number)}</span> ·{' '}
      <Age at={batch.l1Block.timestamp * 1000} />
      {batch.transactionCount === null ? null : ` · ${groupDigits(batch.transactionCount)} txs`}
      {batch.source === null ? null : ` · ${batch.source}`}
    </p>
    {batch.reason === null ? null : (
      <p className="reason">
        <Prose text={batch.reason} />
      </p>
    )}
  </li>
);

/** The last batches on L1 and how far each came here. */
export const BatchPanel = memo(({ batches }: { batches: readonly BatchView[] }) => {
  const shown = batches.slice(0, SHOWN);
  return (
    <Panel title="Last batches" aside={<MoreLink to="/batches">All batches</MoreLink>}>
      {batches.length === 0 ? (
        <p className="blank">No batch has been seen on L1 yet.</p>
      ) : (
        <>
          <table className="data-table batch-table wide-only">
            <caption className="sr-only">Last batches, newest first</caption>
            <colgroup>
              <col className="col-batch" />
              <col className="col-l1" />
              <col className="col-poster" />
              <col className="col-l2" />
              <col className="col-txs" />
              <col className="col-source" />
              <col />
            </colgroup>
            <thead>
              <tr>
                <th scope="col">Batch</th>
                <th scope="col">L1 block</th>
                <th scope="col">Poster</th>
                <th scope="col">L2 blocks</th>
                <th scope="col" className="right">
                  Txs
                </th>
                <th scope="col">Carried by</th>
                <th scope="col">Progress</th>
              </tr>
            </thead>
            <tbody>
              {shown.map((batch) => (
                <Row key={keyOf(batch)} batch={batch} />
              ))}
            </tbody>
          </table>
          <ol className="cards narrow-only" aria-label="Last batches, newest first">
            {shown.map((batch) => (
              <Card key={keyOf(batch)} batch={batch} />
            ))}
          </ol>
        </>
      )}
    </Panel>
  );
});
BatchPanel.displayName = 'BatchPanel';
