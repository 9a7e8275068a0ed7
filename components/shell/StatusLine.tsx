'use client';

import type { StatusAnswer } from '../../server/api/views.ts';
import { layersOf } from '../freshness.ts';
import { useLive, useNow } from '../live/LiveProvider.tsx';
import { ClockNotice } from '../parts/ClockNotice.tsx';
import { Icon } from '../parts/Icon.tsx';
import { Prose } from '../parts/Prose.tsx';
import type { Claim } from '../verdict.ts';

/** The overview's band in one line, on every other page: the claim, and the layers that it rests on. */
export const StatusLine = ({ answer, claim }: { answer: StatusAnswer; claim: Claim }) => {
  const now = useNow();
  const { pill } = useLive();
  const status = answer.kind === 'status' ? answer.status : null;
  const kind = claim.stale || status === null ? 'unknown' : status.verdict.kind;
  return (
    <section className={`line tone-${claim.word.tone}`} aria-label="Verdict" data-verdict={kind}>
      <p className="line-claim">
        <Icon shape={claim.word.shape} className="line-icon" />
        <strong>{claim.word.word}</strong>
        {claim.lastKnown === null ? null : (
          <span className="quiet">(last known: {claim.lastKnown.word})</span>
        )}
        <span className="line-sentence">
          <Prose text={claim.sentence} />
        </span>
      </p>
      <ul className="line-layers" aria-label="Freshness">
        {layersOf(status, pill, now).map((layer) => (
          <li
            key={layer.name}
            className={`tone-${layer.tone}`}
            title={layer.detail ?? layer.of}
            data-layer={layer.name}
          >
            <Icon shape={layer.shape} />
            <span className="line-layer">{layer.name}</span> <span className="num">{layer.text}</span>
          </li>
        ))}
      </ul>
      <ClockNotice />
      <p className="sr-only" role="status" aria-live="polite">
        Verdict: {claim.word.word}
      </p>
    </section>
  );
};
