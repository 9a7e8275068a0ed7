'use client';

import { useQuery } from '@tanstack/react-query';
import dynamic from 'next/dynamic';
import { useSearchParams } from 'next/navigation';
import { checksOf } from '../../server/api/checks.ts';
import type { LagAnswer, LagSample } from '../../server/api/historyViews.ts';
import type { StatusView } from '../../server/api/views.ts';
import { ChartPanel } from '../charts/ChartPanel.tsx';
import { groupDigits } from '../format.ts';
import { useApi, useLive, useNow } from '../live/LiveProvider.tsx';
import { OperatorPanel } from '../operator/OperatorPanel.tsx';
import { ObservedPanel } from '../panels/ObservedPanel.tsx';
import { TroublePanel } from '../panels/TroublePanel.tsx';
import { Age } from '../parts/Age.tsx';
import { NotKnown } from '../parts/Grouped.tsx';
import { Icon } from '../parts/Icon.tsx';
import { Moment } from '../parts/Moment.tsx';
import { PageHead } from '../parts/PageHead.tsx';
import { Panel } from '../parts/Panel.tsx';
import { useCopy } from '../parts/useCopy.ts';
import { Dimming, NoNode } from '../shell/Dimming.tsx';
import { CHECK_WORDS } from '../words.ts';
import { CheckRunPanel, useCheckRun } from './CheckRunPanel.tsx';
import { ChecksTable } from './ChecksTable.tsx';
import { ProvidersPanel } from './ProvidersPanel.tsx';
import { reportOf, tally } from './report.ts';
import { SyncPanel } from './SyncPanel.tsx';

const LagChart = dynamic(() => import('../charts/LagChart.tsx').then((module) => module.LagChart), {
  ssr: false,
});

const SAMPLE_MS = 5_000;

const SAID = { not_yet: '', done: 'Copied', refused: 'The browser gives no clipboard here' } as const;

const CopyReport = ({ text }: { text: () => string }) => {
  const { copied, copy } = useCopy();
  return (
    <>
      <button type="button" className="button" onClick={() => void copy(text())}>
        {copied === 'not_yet' ? 'Copy report' : SAID[copied]}
      </button>
      <span className="sr-only" role="status">
        {SAID[copied]}
      </span>
    </>
  );
};

const LagTable = ({ samples }: { samples: readonly LagSample[] }) => (
  <table className="data-table">
    <caption className="sr-only">Lag over the last half hour, newest first</caption>
    <thead>
      <tr>
        <th scope="col">Time</th>
        <th scope="col" className="right">
          L1 blocks behind
        </th>
        <th scope="col" className="right">
          L2 blocks past safe
        </th>
      </tr>
    </thead>
    <tbody>
      {samples
        .toReversed()
        .filter((_, i) => i % 6 === 0)
        .map(({ at, l1Blocks, l2Blocks }) => (
          <tr key={at}>
            <td>
              <Moment at={at} form="clock" />
            </td>
            <td className="right num">{l1Blocks === null ? <NotKnown /> : groupDigits(l1Blocks)}</td>
            <td className="right num">{l2Blocks === null ? <NotKnown /> : groupDigits(l2Blocks)}</td>
          </tr>
        ))}
    </tbody>
  </table>
);

const Tally = ({ checks }: { checks: ReturnType<typeof checksOf> }) => (
  <span className="tally">
    {tally(checks).map(({ state, count }) => (
      <span key={state} className={`state tone-${count === 0 ? 'mute' : CHECK_WORDS[state].tone}`}>
        <Icon shape={CHECK_WORDS[state].shape} />
        <span className="num">
          {count} {CHECK_WORDS[state].word}
        </span>
      </span>
    ))}
  </span>
);

interface HealthProps {
  readonly lag: LagAnswer;
}

const Whole = ({ status, lag }: HealthProps & { status: StatusView }) => {
  const api = useApi();
  const now = useNow();
  const { paused } = useLive();
  const pointed = useSearchParams().get('check');
  const run = useCheckRun();
  const checks = checksOf(status, now);
  const { data, isError } = useQuery({
    queryKey: ['lag'],
    queryFn: () => api.lag.query(),
    initialData: lag,
    staleTime: SAMPLE_MS,
    refetchInterval: paused ? false : SAMPLE_MS,
    retry: false,
    networkMode: 'always',
  });
  const samples = data.kind === 'lag' ? data.samples : [];
  const last = samples.at(-1);
  return (
    <>
      <PageHead title="Health" note={<Tally checks={checks} />}>
        <span className="quiet num">
          up for <Age at={status.node.startedAt} suffix="" /> · {status.node.software}
        </span>
        <button
          type="button"
          className="button"
          aria-disabled={run.state.kind === 'running'}
          onClick={run.start}
        >
          {run.state.kind === 'running' ? 'Running …' : 'Run checks'}
        </button>
        <CopyReport text={() => reportOf(status, checks, now)} />
      </PageHead>
      <SyncPanel status={status} samples={samples} />
      <CheckRunPanel state={run.state} />
      <Panel title="Checks" aside={<span className="quiet">judged anew every second</span>}>
        <ChecksTable checks={checks} pointed={pointed} />
      </Panel>
      <TroublePanel status={status} linked={false} />
      <ObservedPanel observed={status.observed} />
      <ProvidersPanel status={status} />
      <ChartPanel
        title="Lag, last half hour"
        asOf={isError ? data.now : null}
        summary={
          last === undefined
            ? null
            : `now ${last.l1Blocks ?? '?'} L1 blocks behind, ${last.l2Blocks ?? '?'} L2 blocks past the safe head`
        }
        chart={samples.length < 3 ? null : <LagChart samples={samples} />}
        table={<LagTable samples={samples} />}
        blank="Measured for too short a time to draw."
      />
      <div id="danger">
        <OperatorPanel status={status} />
      </div>
    </>
  );
};

/** Whether the node can be trusted, criterion by criterion, and what to do where it cannot. */
export const HealthPage = ({ lag }: HealthProps) => {
  const { answer } = useLive();
  return (
    <Dimming>
      {answer.kind === 'status' ? (
        <Whole status={answer.status} lag={lag} />
      ) : (
        <>
          <PageHead title="Health" />
          <NoNode />
        </>
      )}
    </Dimming>
  );
};
