'use client';

import dynamic from 'next/dynamic';
import type { ReorgSummary } from '../../server/api/historyViews.ts';
import { ChartPanel } from '../charts/ChartPanel.tsx';
import { count, duration, groupDigits } from '../format.ts';
import { Moment } from '../parts/Moment.tsx';

const DepthChart = dynamic(() => import('../charts/DepthChart.tsx').then((module) => module.DepthChart), {
  ssr: false,
});

const figures = ({
  count: all,
  open,
  maxDepth,
  medianLatencyMs,
  medianRecoveryMs,
  droppedL2,
  sharedL2,
  lost,
  of,
}: ReorgSummary): string[] => [
  count(all, 'reorg'),
  ...(open > 0 ? [`${groupDigits(open)} open`] : []),
  ...(all > 0 ? [`max depth ${groupDigits(maxDepth)}`] : []),
  ...(medianLatencyMs === null ? [] : [`median detection ${duration(medianLatencyMs)}`]),
  ...(medianRecoveryMs === null ? [] : [`median recovery ${duration(medianRecoveryMs)}`]),
  ...(all > 0 ? [`${count(droppedL2, 'L2 block')} orphaned`] : []),
  ...(sharedL2 > 0
    ? [`${groupDigits(sharedL2)} of them by an L1 reorg and the L2 reorg it caused, counted once`]
    : []),
  lost === null ? (all > 0 ? 'lost transactions not known' : '') : `${count(lost, 'transaction')} lost`,
  ...(of < all ? [`figures of the newest ${groupDigits(of)}`] : []),
];

export const Summary = ({ summary }: { summary: ReorgSummary }) => (
  <p className="figures num">
    {figures(summary)
      .filter(Boolean)
      .map((figure) => (
        <span key={figure}>{figure}</span>
      ))}
  </p>
);

export const Causes = ({ summary, change }: { summary: ReorgSummary; change: (cause: string) => void }) => (
  <ul className="causes" aria-label="By cause">
    {Object.entries(summary.byCause)
      .sort(([, a], [, b]) => b - a)
      .map(([cause, number]) => (
        <li key={cause}>
          <button type="button" className="chip" onClick={() => change(cause)} title="Show only these">
            <span className="mono">{cause}</span> <strong className="num">{number}</strong>
          </button>
        </li>
      ))}
  </ul>
);

const PointsTable = ({ points }: { points: ReorgSummary['points'] }) => (
  <table className="data-table">
    <caption className="sr-only">Depth of each reorg, newest first</caption>
    <thead>
      <tr>
        <th scope="col">Detected</th>
        <th scope="col">Layer</th>
        <th scope="col" className="right">
          Depth
        </th>
        <th scope="col">Cause</th>
      </tr>
    </thead>
    <tbody>
      {points.map((point) => (
        <tr key={point.id}>
          <td>
            <Moment at={point.at} />
          </td>
          <td>{point.layer}</td>
          <td className="right num">{groupDigits(point.depth)}</td>
          <td className="mono">{point.cause}</td>
        </tr>
      ))}
    </tbody>
  </table>
);

/** Fewer points than this are read in the list. */
const MIN_POINTS = 3;

/** How deep the reorgs of the filter were over time; nothing where there are too few to draw. */
export const Depths = ({ summary }: { summary: ReorgSummary }) =>
  summary.points.length < MIN_POINTS ? null : (
    <ChartPanel
      title="Depth over time"
      summary={`newest ${groupDigits(summary.of)}; circles are L2, diamonds L1`}
      chart={<DepthChart points={summary.points} />}
      table={<PointsTable points={summary.points} />}
      blank=""
    />
  );
