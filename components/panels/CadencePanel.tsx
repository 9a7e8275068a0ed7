'use client';

import dynamic from 'next/dynamic';
import { memo, useMemo } from 'react';
import type { BatchView } from '../../server/api/views.ts';
import { cadenceOf } from '../cadence.ts';
import { duration } from '../format.ts';
import { Panel } from '../parts/Panel.tsx';

const CadenceChart = dynamic(() => import('./CadenceChart.tsx').then((module) => module.CadenceChart), {
  ssr: false,
});

/** Whether batches come regularly: a chain whose leader goes silent stands still (there is no timeout on L1). */
export const CadencePanel = memo(({ batches }: { batches: readonly BatchView[] }) => {
  const cadence = useMemo(() => cadenceOf(batches), [batches]);
  const summary =
    cadence === null
      ? null
      : `every ${duration(cadence.average * 1000)} on average, longest pause ${duration(cadence.longest * 1000)}`;
  return (
    <Panel
      title="Posting cadence"
      aside={summary === null ? null : <span className="quiet num">{summary}</span>}
    >
      {cadence === null ? (
        <p className="blank">Too few batches to tell a rhythm.</p>
      ) : (
        <div className="chart" aria-hidden="true">
          <CadenceChart cadence={cadence} />
        </div>
      )}
    </Panel>
  );
});
CadencePanel.displayName = 'CadencePanel';
