'use client';

import { shortHash } from '../format.ts';
import { useCopy } from './useCopy.ts';

const CopyIcon = ({ done }: { done: boolean }) => (
  <svg viewBox="0 0 16 16" className="icon" aria-hidden="true" focusable="false">
    {done ? (
      <path d="M13.3 4.7l-6.8 7.4l-4-3.8" fill="none" stroke="currentColor" strokeWidth="1.8" />
    ) : (
      <path d="M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3" fill="none" stroke="currentColor" strokeWidth="1.3" />
    )}
  </svg>
);

/**
 * Copies `value`; says so by a tick, and politely to who does not see it. Where there is no clipboard the full value
 * stays in the title to be copied by hand.
 */
export const CopyButton = ({ value, what }: { value: string; what: string }) => {
  const { copied, copy } = useCopy();
  const done = copied === 'done';
  return (
    <>
      <button
        type="button"
        className="copy"
        onClick={() => void copy(value)}
        aria-label={`Copy ${what}`}
        title={`Copy ${what}`}
      >
        <CopyIcon done={done} />
      </button>
      <span className="sr-only" role="status">
        {done ? 'Copied' : ''}
      </span>
    </>
  );
};

interface HashProps {
  readonly value: string;
  /** What it is the hash of, for the copy button: "hash of L2 safe head". */
  readonly what: string;
  readonly copy?: boolean;
}

/** Both ends for the eye, the whole for the title, the clipboard and assistive technology. */
export const Hash = ({ value, what, copy = true }: HashProps) => (
  <span className="hash" data-hash={value}>
    <span className="mono" title={value} aria-hidden="true">
      {shortHash(value)}
    </span>
    <span className="sr-only">{value}</span>
    {copy ? <CopyButton value={value} what={what} /> : null}
  </span>
);
