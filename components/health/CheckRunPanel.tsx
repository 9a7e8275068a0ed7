'use client';

import { useState } from 'react';
import type { CheckRun, RanCheck } from '../../server/api/checkRunViews.ts';
import { elapsed } from '../format.ts';
import { useApi } from '../live/LiveProvider.tsx';
import { Icon } from '../parts/Icon.tsx';
import { Moment } from '../parts/Moment.tsx';
import { Panel } from '../parts/Panel.tsx';
import { Prose } from '../parts/Prose.tsx';
import { CHECK_WORDS } from '../words.ts';

type Run =
  | { readonly kind: 'never' }
  | { readonly kind: 'running' }
  | { readonly kind: 'refused'; readonly sentence: string }
  | { readonly kind: 'ran'; readonly run: CheckRun };

export interface CheckRunState {
  readonly state: Run;
  readonly start: () => void;
}

const NOT_REACHED = 'The checks were not run: this page’s server did not answer.';

/** Has the server ask everything that the node rests on, now. One run at a time. */
export const useCheckRun = (): CheckRunState => {
  const api = useApi();
  const [state, setState] = useState<Run>({ kind: 'never' });
  const run = async (): Promise<void> => {
    setState({ kind: 'running' });
    const answer = await api.runChecks.query().catch(() => null);
    if (answer === null) setState({ kind: 'refused', sentence: NOT_REACHED });
    else if (answer.kind === 'check_run') setState({ kind: 'ran', run: answer.run });
    else setState({ kind: 'refused', sentence: answer.sentence });
  };
  return { state, start: () => (state.kind === 'running' ? undefined : void run()) };
};

const Row = ({ check }: { check: RanCheck }) => {
  const { word, shape, tone } = CHECK_WORDS[check.state];
  return (
    <li className="check is-ran" data-ran={check.id} data-state={check.state}>
      <span className={`state tone-${tone}`}>
        <Icon shape={shape} />
        <span>{word}</span>
      </span>
      <span className="check-label">{check.label}</span>
      <span className="check-reason">
        <Prose text={check.sentence} />
      </span>
      <span className="check-took quiet num">{elapsed(check.tookMs)}</span>
    </li>
  );
};

/** What the last run found; nothing before the first. */
export const CheckRunPanel = ({ state }: Pick<CheckRunState, 'state'>) => {
  if (state.kind === 'never') return null;
  return (
    <Panel
      title="Run of the checks"
      aside={
        <span className="quiet num" role="status">
          {state.kind === 'running' ? 'asking …' : null}
          {state.kind === 'ran' ? (
            <>
              at <Moment at={state.run.startedAt} form="clock" />, took {elapsed(state.run.tookMs)}; nothing
              was changed
            </>
          ) : null}
        </span>
      }
    >
      {state.kind === 'running' ? <div className="skeleton run-skeleton" aria-busy="true" /> : null}
      {state.kind === 'refused' ? (
        <p className="blank" role="alert">
          {state.sentence}
        </p>
      ) : null}
      {state.kind === 'ran' ? (
        <ul className="checks">
          {state.run.checks.map((check) => (
            <Row key={check.id} check={check} />
          ))}
        </ul>
      ) : null}
    </Panel>
  );
};
