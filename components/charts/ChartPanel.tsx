'use client';

import { type ReactNode, useState } from 'react';
import { Panel } from '../parts/Panel.tsx';

interface ChartPanelProps {
  readonly title: string;
  readonly summary: ReactNode;
  /** Null where there is too little to draw; `blank` then says so. */
  readonly chart: ReactNode | null;
  readonly table: ReactNode;
  readonly blank: string;
  /** When the figures were read, while a later look at them failed. Milliseconds, server clock. */
  readonly asOf?: number | null;
  readonly className?: string;
}

/** A picture of figures, and the same figures as a table for who cannot or would not see it. */
export const ChartPanel = ({
  title,
  summary,
  chart,
  table,
  blank,
  asOf = null,
  className = '',
}: ChartPanelProps) => {
  const [asTable, setAsTable] = useState(false);
  return (
    <Panel
      title={title}
      asOf={asOf}
      className={className}
      aside={
        <div className="panel-tools">
          {summary === null ? null : <span className="quiet num chart-summary">{summary}</span>}
          {chart === null ? null : (
            <button
              type="button"
              className="button button-small"
              aria-pressed={asTable}
              onClick={() => setAsTable(!asTable)}
            >
              {asTable ? 'View as picture' : 'View as table'}
            </button>
          )}
        </div>
      }
    >
      {chart === null ? (
        <p className="blank">{blank}</p>
      ) : asTable ? (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scroller must be reachable by keyboard (WCAG 2.1.1).
        <section className="chart-table" aria-label={`${title}, table`} tabIndex={0}>
          {table}
        </section>
      ) : (
        <div className="chart" aria-hidden="true">
          {chart}
        </div>
      )}
    </Panel>
  );
};
