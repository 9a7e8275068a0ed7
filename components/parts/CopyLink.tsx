'use client';

import { useCopy } from './useCopy.ts';

/** Copies the address of the view as it is. Where there is no clipboard it is in the browser's own bar. */
export const CopyLink = () => {
  const { copied, copy } = useCopy();
  const done = copied === 'done';
  return (
    <>
      <button type="button" className="button" onClick={() => void copy(window.location.href)}>
        {done ? 'Copied' : 'Copy link'}
      </button>
      <span className="sr-only" role="status">
        {done ? 'Link copied' : ''}
      </span>
    </>
  );
};
