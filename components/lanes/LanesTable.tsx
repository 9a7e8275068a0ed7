'use client';

import { memo } from 'react';
import type { LaneBlockView } from '../../server/api/views.ts';
import { groupDigits } from '../format.ts';
import { Hash } from '../parts/Hash.tsx';
import { useZone } from '../parts/useZone.ts';
import { STATUS_WORDS } from '../words.ts';
import { shownBlocks, shownOrphans } from './layout.ts';

type LaneBatch = LaneBlockView['batches'][number];

const span = ({ firstBlock, lastBlock }: LaneBatch): string =>
  firstBlock === null || lastBlock === null
    ? 'missing'
    : `${groupDigits(firstBlock)} – ${groupDigits(lastBlock)}`;

const Row = ({ block, clock }: { block: LaneBlockView; clock: (ms: number) => string }) => {
  const label = block.canonical ? block.label : 'orphaned';
  const [first, last] = [block.batches[0], block.batches.at(-1)];
  return (
    <tr data-l1={block.number} data-hash={block.hash}>
      <th scope="row" className="num">
        {groupDigits(block.number)}
      </th>
      <td>
        <Hash value={block.hash} what={`hash of L1 block ${block.number}`} copy={false} />
      </td>
      <td className="num">{clock(block.timestamp * 1000)}</td>
      <td>{label}</td>
      {first === undefined || last === undefined ? (
        <td colSpan={3} className="quiet">
          no batch
        </td>
      ) : (
        <>
          <td className="num">
            {first === last
              ? groupDigits(first.number)
              : `${groupDigits(first.number)} – ${groupDigits(last.number)} (${block.batches.length})`}
          </td>
          <td className="num">
            {first === last ? span(first) : span({ ...first, lastBlock: last.lastBlock })}
          </td>
          <td>{[...new Set(block.batches.map((batch) => STATUS_WORDS[batch.progress].word))].join(', ')}</td>
        </>
      )}
    </tr>
  );
};

/** The picture in words: the same blocks, newest first. */
export const LanesTable = memo(({ lanes, shown }: { lanes: readonly LaneBlockView[]; shown?: number }) => {
  const zone = useZone();
  return (
    <table className="data-table lanes-table">
      <caption className="sr-only">
        L1 blocks with the batches they hold and the L2 blocks these carry, newest first
      </caption>
      <colgroup>
        <col className="col-l1" />
        <col className="col-hash" />
        <col className="col-time" />
        <col className="col-state" />
        <col className="col-batch" />
        <col className="col-l2" />
        <col />
      </colgroup>
      <thead>
        <tr>
          <th scope="col">L1 block</th>
          <th scope="col">Hash</th>
          <th scope="col">Time ({zone.word})</th>
          <th scope="col">State</th>
          <th scope="col">Batch</th>
          <th scope="col">L2 blocks</th>
          <th scope="col">Progress</th>
        </tr>
      </thead>
      <tbody>
        {[...shownBlocks(lanes, shown), ...shownOrphans(lanes, shown)]
          .sort((a, b) => b.number - a.number)
          .map((block) => (
            <Row key={block.hash} block={block} clock={zone.clock} />
          ))}
      </tbody>
    </table>
  );
});
LanesTable.displayName = 'LanesTable';
