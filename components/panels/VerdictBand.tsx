'use client';

import type { StatusAnswer, StatusView } from '../../server/api/views.ts';
import { type Layer as Fresh, layersOf } from '../freshness.ts';
import { useLive, useNow } from '../live/LiveProvider.tsx';
import { Age } from '../parts/Age.tsx';
import { ClockNotice } from '../parts/ClockNotice.tsx';
import { Icon } from '../parts/Icon.tsx';
import { PanelBoundary } from '../parts/Panel.tsx';
import { Prose } from '../parts/Prose.tsx';
import type { Claim } from '../verdict.ts';
import { PlumbGauge } from './PlumbGauge.tsx';
import { Vitals } from './Vitals.tsx';

const Layer = ({ name, of, shape, tone, text, detail }: Fresh) => (
  <li className="layer" data-layer={name}>
    <span className="layer-name">{name}</span>
    <span className={`layer-state tone-${tone}`}>
      <Icon shape={shape} />
      <span className="num">{text}</span>
    </span>
    <span className="layer-of" title={detail ?? of}>
      {detail ?? of}
    </span>
  </li>
);

/** The three layers of freshness, apart: page to server, server to driver, driver to what it reads. */
const Freshness = ({ status }: { status: StatusView | null }) => {
  const now = useNow();
  const { pill } = useLive();
  return (
    <ul className="layers" aria-label="Freshness">
      {layersOf(status, pill, now).map((layer) => (
        <Layer key={layer.name} {...layer} />
      ))}
    </ul>
  );
};

/** The one claim of the page, what it is measured against, and how fresh each thing is that it rests on. */
export const VerdictBand = ({ answer, claim }: { answer: StatusAnswer; claim: Claim }) => {
  const status = answer.kind === 'status' ? answer.status : null;
  const kind = claim.stale || status === null ? 'unknown' : status.verdict.kind;
  const since =
    status === null || claim.stale
      ? null
      : status.heads.l1 === null
        ? status.node.startedAt
        : status.verdict.since;
  return (
    <section className={`band tone-${claim.word.tone}`} aria-label="Verdict" data-verdict={kind}>
      <div className="band-top">
        <PlumbGauge kind={kind} />
        <div className="band-words">
          <p className="verdict">
            <Icon shape={claim.word.shape} className="verdict-icon" />
            <span>{claim.word.word}</span>
          </p>
          {claim.lastKnown === null ? null : (
            <p className="verdict-last">(last known: {claim.lastKnown.word})</p>
          )}
          <p className="verdict-sentence">
            <Prose text={claim.sentence} />
          </p>
          <p className="verdict-meta">
            {since === null ? null : (
              <span>
                for <Age at={since} suffix="" />
              </span>
            )}
            {status === null || status.verdict.kind === 'unknown' ? null : (
              <span>measured against {status.verdict.reference}</span>
            )}
          </p>
          <ClockNotice />
        </div>
        {status === null ? null : (
          <PanelBoundary title="Key figures">
            <Vitals status={status} stale={claim.stale} />
          </PanelBoundary>
        )}
      </div>
      <Freshness status={status} />
      <p className="sr-only" role="status" aria-live="polite">
        Verdict: {claim.word.word}
      </p>
    </section>
  );
};
