import type { Check } from '../../server/api/views.ts';
import { Icon } from '../parts/Icon.tsx';
import { Prose } from '../parts/Prose.tsx';
import { CHECK_WORDS } from '../words.ts';

const State = ({ state }: { state: Check['state'] }) => {
  const { word, shape, tone } = CHECK_WORDS[state];
  return (
    <span className={`state tone-${tone}`}>
      <Icon shape={shape} />
      <span>{word}</span>
    </span>
  );
};

const ORDER: readonly Check['state'][] = ['fail', 'warn', 'info', 'pass', 'skip'];

interface ChecksProps {
  readonly checks: readonly Check[];
  /** The check that the address points at. */
  readonly pointed: string | null;
}

/** Each criterion with what was measured, what is allowed, and what to do where they part. Worst first. */
export const ChecksTable = ({ checks, pointed }: ChecksProps) => (
  <ul className="checks">
    {[...checks]
      .sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state))
      .map((check) => (
        <li
          key={check.id}
          id={`check-${check.id}`}
          className={check.id === pointed ? 'check is-pointed' : 'check'}
          data-check={check.id}
          data-state={check.state}
        >
          <State state={check.state} />
          <span className="check-label">{check.label}</span>
          {/* A chain id is a name, not a quantity: its digits are not grouped. */}
          <span className="check-value num">
            {check.id === 'chains' ? check.value : <Prose text={check.value} />}
          </span>
          <span className="check-limit quiet num">{check.limit}</span>
          <span className="check-reason">{check.reason === null ? '' : <Prose text={check.reason} />}</span>
        </li>
      ))}
  </ul>
);
