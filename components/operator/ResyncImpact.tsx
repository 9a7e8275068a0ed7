'use client';

import type { PreviewView } from '../../server/api/views.ts';
import { duration, groupDigits } from '../format.ts';
import { useNow } from '../live/LiveProvider.tsx';
import { Hash } from '../parts/Hash.tsx';
import { Icon } from '../parts/Icon.tsx';

const plural = (count: number, one: string, many = `${one}s`): string =>
  `${groupDigits(count)} ${count === 1 ? one : many}`;

/** What the duty of this node has to do with it; null when it has none. */
export function dutyInWords({ duty }: PreviewView): string | null {
  if (duty.kind === 'leading') {
    return 'This node leads now: its blocks that L1 does not have yet would be dropped, and no block is built meanwhile.';
  }
  if (duty.kind === 'soon') {
    const when =
      duty.batches === 0 ? 'with the next batch' : `in ${plural(duty.batches, 'batch', 'batches')}`;
    return `This node leads ${when}: it could miss the beginning of its term.`;
  }
  return null;
}

const Warning = ({ text }: { text: string }) => (
  <p className="impact-warning tone-warn">
    <Icon shape="triangle" />
    <span>{text}</span>
  </p>
);

interface ImpactProps {
  readonly preview: PreviewView;
  readonly busy: boolean;
  readonly onLookAgain: () => void;
}

/** What going back would drop and derive again, as the server computed it just now. */
export const ResyncImpact = ({ preview, busy, onLookAgain }: ImpactProps) => {
  const { impact, point } = preview;
  const now = useNow();
  // The two clocks differ a little: never more than the preview is valid for.
  const left = Math.max(0, Math.min(preview.validUntil - preview.madeAt, preview.validUntil - now));
  const duty = dutyInWords(preview);
  return (
    <section className="impact" aria-label="Impact">
      <dl className="impact-list">
        <dt>Back to</dt>
        <dd>
          block <strong className="num">{groupDigits(point.block.number)}</strong>{' '}
          <Hash value={point.block.hash} what="target block" />
          <span className="quiet">
            {' '}
            {point.batch === 0 ? 'genesis' : `end of batch ${groupDigits(point.batch)}`}
          </span>
        </dd>
        <dt>Dropped</dt>
        <dd>
          <strong className="num">{plural(impact.dropped, 'L2 block')}</strong>
          {impact.transactions === null ? '' : `, ${plural(impact.transactions, 'transaction')}`}
          {impact.transactions === null ? <span className="quiet"> (transactions not known)</span> : null}
        </dd>
        <dt>Not on L1</dt>
        <dd>
          {impact.unsafe === 0
            ? 'none of them: L1 gives all of it back'
            : `${plural(impact.unsafe, 'block')}: L1 cannot give these back, peers may`}
        </dd>
        <dt>Derived again</dt>
        <dd>
          {plural(impact.batches, 'batch', 'batches')} from {plural(impact.l1Blocks, 'L1 block')}
          <span className="quiet">
            {' '}
            {impact.estimateMs === null ? '(no estimate yet)' : `≈ ${duration(impact.estimateMs)}`}
          </span>
        </dd>
      </dl>
      {impact.lowersFinalized ? (
        <Warning text="The finalized label of the engine goes back too: what relied on it sees blocks replaced." />
      ) : null}
      {duty === null ? null : <Warning text={`${duty} It takes an override.`} />}
      {impact.blocks.length === 0 ? null : (
        <details className="impact-blocks">
          <summary>
            {impact.blocks.length < impact.dropped
              ? `${impact.blocks.length} of the dropped blocks`
              : 'The dropped blocks'}
          </summary>
          <ul>
            {impact.blocks.map((block) => (
              <li key={block.hash}>
                <span className="num">{groupDigits(block.number)}</span>{' '}
                <Hash value={block.hash} what={`L2 block ${block.number}`} />
              </li>
            ))}
          </ul>
        </details>
      )}
      <p className="quiet order-hint">
        Computed by the server, valid for {Math.ceil(left / 1000)} s{' '}
        <button type="button" className="link" aria-disabled={busy} onClick={onLookAgain}>
          look again
        </button>
      </p>
    </section>
  );
};
