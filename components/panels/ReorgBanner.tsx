'use client';

import Link from 'next/link';
import { useState } from 'react';
import type { ReorgView, StatusView } from '../../server/api/views.ts';
import { count, groupDigits } from '../format.ts';
import { useNow } from '../live/LiveProvider.tsx';
import { Age } from '../parts/Age.tsx';
import { Icon } from '../parts/Icon.tsx';
import { recoveredWords } from '../reorgs/explain.ts';

/** A recovery is news for this long. */
const RECOVERED_SHOWN_MS = 30_000;

const lost = (reorg: ReorgView): string => {
  const l2 = reorg.layer === 'L2' ? '' : `, ${count(reorg.droppedL2Count, 'L2 block')} to be replaced`;
  return `${count(reorg.depth, `${reorg.layer} block`)} dropped${l2}`;
};

const Running = ({ reorg, sentence }: { reorg: ReorgView | null; sentence: string }) =>
  reorg === null ? (
    <span>Reorg: {sentence}</span>
  ) : (
    <span>
      <strong>
        Reorg after {reorg.layer} <span className="num">{groupDigits(reorg.commonAncestor.number)}</span>
      </strong>
      : {lost(reorg)}, started <Age at={reorg.detectedAt} />, deriving again.
    </span>
  );

/** Above everything while a reorg runs; green for a while when it is over. */
export const ReorgBanner = ({ status }: { status: StatusView }) => {
  const now = useNow();
  const [dismissed, setDismissed] = useState<string | null>(null);
  const reorg = status.reorgs[0] ?? null;
  const running = status.verdict.kind === 'reorg';
  const recoveredAt = reorg?.recoveredAt ?? null;
  const justRecovered = !running && recoveredAt !== null && now - recoveredAt < RECOVERED_SHOWN_MS;
  const id = `${reorg?.id ?? status.verdict.since}:${running}`;
  if ((!running && !justRecovered) || dismissed === id) return null;
  return (
    <div
      className={`banner tone-${running ? 'reorg' : 'ok'}`}
      role={running ? 'alert' : 'status'}
      data-testid="reorg-banner"
    >
      <Icon shape={running ? 'bolt' : 'check'} />
      {running ? (
        <Running reorg={reorg?.recoveredAt === null ? reorg : null} sentence={status.verdict.sentence} />
      ) : (
        <span>
          {reorg === null || recoveredAt === null
            ? ''
            : `${reorg.layer} reorg of depth ${reorg.depth} ${recoveredWords(reorg)}.`}
        </span>
      )}
      {reorg === null ? null : (
        <Link href={`/reorgs/${encodeURIComponent(reorg.id)}`} prefetch={false} className="button push">
          {running ? 'Follow' : 'Details'}
        </Link>
      )}
      <button
        type="button"
        className={reorg === null ? 'button push' : 'button'}
        onClick={() => setDismissed(id)}
      >
        Dismiss
      </button>
    </div>
  );
};
