import { groupDigits } from '../format.ts';

/** A block number with thin groups and figures of one width. */
export const Grouped = ({ value, className = '' }: { value: number; className?: string }) => (
  <span className={`num ${className}`} data-number={value}>
    {groupDigits(value)}
  </span>
);

/** Said wherever the node does not know; never a zero and never a guess. */
export const NotKnown = ({ why }: { why?: string }) => (
  <span className="not-known">{why ?? 'not known'}</span>
);
