'use client';

import { type ReactNode, useEffect, useState } from 'react';
import type { ReorgAnswer, ReorgDetail } from '../../server/api/historyViews.ts';
import { count, duration, groupDigits } from '../format.ts';
import { useApi, useLive } from '../live/LiveProvider.tsx';
import { Age } from '../parts/Age.tsx';
import { CopyLink } from '../parts/CopyLink.tsx';
import { NotKnown } from '../parts/Grouped.tsx';
import { Hash } from '../parts/Hash.tsx';
import { Icon } from '../parts/Icon.tsx';
import { Moment } from '../parts/Moment.tsx';
import { PageHead } from '../parts/PageHead.tsx';
import { Panel } from '../parts/Panel.tsx';
import { Prose } from '../parts/Prose.tsx';
import { Neighbours, RecordFrame } from '../records/RecordFrame.tsx';
import { useRecord } from '../records/useRecord.ts';
import { CAUSE_WORDS } from '../words.ts';
import { BranchTable } from './BranchTable.tsx';
import { explain, orphanedWords, recoveredWords, type Step, timelineOf } from './explain.ts';
import { HeadsTable, L1Context } from './ReorgContext.tsx';
import { Fates, fatesInWords, reorgName, reorgPath } from './ReorgRows.tsx';
import { TransactionsPanel } from './TransactionsPanel.tsx';

/** An open reorg is looked at this often. Milliseconds. */
const WHILE_OPEN_MS = 2_000;
/** Each step of a replay stays this long. Milliseconds. */
const STEP_MS = 1_100;

const Fact = ({ name, hint, children }: { name: string; hint?: string; children: ReactNode }) => (
  <div className="fact" title={hint}>
    <dt>
      {name}
      {hint === undefined ? null : <span className="sr-only">: {hint}</span>}
    </dt>
    <dd>{children}</dd>
  </div>
);

const Facts = ({ reorg }: { reorg: ReorgDetail }) => (
  <dl className="facts">
    <Fact name="Detected">
      <Moment at={reorg.detectedAt} form="exact" />{' '}
      <span className="quiet">
        (<Age at={reorg.detectedAt} />)
      </span>
    </Fact>
    <Fact name="Latency" hint="From the first evidence that reached this node until it was recorded">
      {reorg.latencyMs === null ? <NotKnown /> : <span className="num">{duration(reorg.latencyMs)}</span>}
    </Fact>
    <Fact
      name="Recovery"
      hint="From the record until the unsafe head was as high as before, on the new branch"
    >
      {reorg.recoveryMs === null ? (
        <NotKnown why={reorg.recoveredAt === null ? 'not yet' : 'the old height was not reached again'} />
      ) : (
        <span className="num">{duration(reorg.recoveryMs)}</span>
      )}
    </Fact>
    <Fact name="Orphaned">
      <span className="num">{orphanedWords(reorg)}</span>
    </Fact>
    <Fact name="Transactions">
      <Fates row={reorg} />
    </Fact>
  </dl>
);

const LeaderName = ({ address }: { address: string | null }) =>
  address === null ? <NotKnown /> : <Hash value={address} what="address of the leader" />;

const Cause = ({ reorg: { cause, evidence, leader } }: { reorg: ReorgDetail }) => (
  <Panel
    title="Cause"
    aside={
      <span className="quiet">
        {evidence.length === 0
          ? 'no evidence'
          : count(evidence.length, 'piece of evidence', 'pieces of evidence')}
      </span>
    }
  >
    <p className="cause">
      <strong className="mono">{cause}</strong> <span>{CAUSE_WORDS[cause]}</span>
    </p>
    {evidence.length === 0 ? (
      <p className="blank">Nothing was seen that would prove a cause, so none is claimed.</p>
    ) : (
      <ol className="evidence">
        {evidence.map((one) => (
          <li key={one}>
            <Prose text={one} />
          </li>
        ))}
      </ol>
    )}
    {leader.before === null && leader.after === null ? null : (
      <p className="quiet">
        {leader.before === leader.after ? (
          <>
            leader unchanged: <LeaderName address={leader.before} />
          </>
        ) : (
          <>
            leader <LeaderName address={leader.before} /> before, <LeaderName address={leader.after} /> after
          </>
        )}
      </p>
    )}
  </Panel>
);

const usePlay = (steps: readonly Step[]) => {
  const [step, setStep] = useState<number | null>(null);
  useEffect(() => {
    if (step === null) return;
    const timer = setTimeout(() => setStep(step + 1 < steps.length ? step + 1 : null), STEP_MS);
    return () => clearTimeout(timer);
  }, [step, steps.length]);
  return { step, play: () => setStep(step === null ? 0 : null) };
};

const Timeline = ({ steps, step }: { steps: readonly Step[]; step: number | null }) => {
  const from = steps[0]?.at ?? 0;
  return (
    <Panel title="Timeline">
      <ol className="timeline">
        {steps.map(({ at, what }, i) => (
          <li key={what} data-step={step === null ? 'all' : i < step ? 'past' : i === step ? 'now' : 'later'}>
            <Moment at={at} form="exact" />
            <span className="num timeline-offset">
              {i === 0 ? 'begin' : `+${((at - from) / 1_000).toFixed(at - from < 10_000 ? 2 : 1)} s`}
            </span>
            <span>{what}</span>
          </li>
        ))}
      </ol>
    </Panel>
  );
};

const State = ({ reorg }: { reorg: ReorgDetail }) =>
  reorg.recoveredAt === null ? (
    <span className="state tone-reorg">
      <Icon shape="quarter" />
      <span>recovering</span>
    </span>
  ) : (
    <span className="state tone-ok">
      <Icon shape="check" />
      <span>{recoveredWords(reorg)}</span>
    </span>
  );

const neighbour = (id: string | null, what: string) =>
  id === null ? null : { path: reorgPath(id), text: reorgName(id), name: `${what}, ${id}` };

const Whole = ({ answer }: { answer: Extract<ReorgAnswer, { kind: 'reorg' }> }) => {
  const { reorg, older, newer } = answer;
  const steps = timelineOf(reorg);
  const { step, play } = usePlay(steps);
  return (
    <>
      <PageHead
        title={
          <>
            <span className="tone-reorg toned">
              <Icon shape="bolt" />
            </span>{' '}
            {reorg.layer} reorg, depth {reorg.exact ? '' : '≥ '}
            <span className="num">{groupDigits(reorg.depth)}</span>
          </>
        }
        note={
          <>
            <span className="mono">{reorg.id}</span> <State reorg={reorg} />
          </>
        }
      >
        <Neighbours
          label="Other reorgs"
          older={neighbour(older, 'Older reorg')}
          newer={neighbour(newer, 'Newer reorg')}
        />
        <button type="button" className="button" aria-pressed={step !== null} onClick={play}>
          {step === null ? 'Play' : 'Stop'}
        </button>
        <CopyLink />
        <a
          className="button"
          href={`/api/v1/reorgs/${encodeURIComponent(reorg.id)}`}
          download={`reorg-${reorg.id}.json`}
        >
          JSON
        </a>
      </PageHead>
      <section className="panel" aria-label="What happened">
        <p className="lead">
          <Prose text={explain(reorg)} />
        </p>
        <Facts reorg={reorg} />
      </section>
      <BranchTable reorg={reorg} step={step} steps={steps.length} />
      <div className="halves">
        <Cause reorg={reorg} />
        <Timeline steps={steps} step={step} />
      </div>
      <TransactionsPanel reorg={reorg} summary={fatesInWords(reorg)} />
      <div className="halves">
        <HeadsTable heads={reorg.heads} />
        <L1Context reorg={reorg} causedBy={answer.causedBy} caused={answer.caused} />
      </div>
    </>
  );
};

/** Everything that is known of one reorg; it goes on changing until the reorg is over. */
export const ReorgPage = ({ id, first }: { id: string; first: ReorgAnswer }) => {
  const api = useApi();
  const { answer } = useLive();
  const reorgs = answer.kind === 'status' ? answer.status.reorgs : [];
  const marker = JSON.stringify(reorgs.find((one) => one.id === id) ?? reorgs.length);
  const { data, asOf } = useRecord({
    queryKey: ['reorg', id],
    load: () => api.reorg.query({ id }),
    first,
    marker,
    every: (record) => (record.kind === 'reorg' && record.reorg.recoveredAt !== null ? false : WHILE_OPEN_MS),
  });
  return (
    <RecordFrame
      list={{ path: '/reorgs', name: 'Reorgs' }}
      asOf={asOf}
      missing={
        data.kind === 'reorg'
          ? null
          : { title: `Reorg ${id}`, label: 'No such reorg', sentence: data.sentence }
      }
    >
      {data.kind === 'reorg' ? <Whole key={data.reorg.id} answer={data} /> : null}
    </RecordFrame>
  );
};
