'use client';

import Link from 'next/link';
import { memo, useState } from 'react';
import type { ActivityListRow } from '../../server/api/historyViews.ts';
import { CopyButton } from '../parts/Hash.tsx';
import { Icon } from '../parts/Icon.tsx';
import { Moment } from '../parts/Moment.tsx';
import { Prose } from '../parts/Prose.tsx';
import type { Shape, Tone } from '../words.ts';

const SEVERITY: Readonly<Record<string, { shape: Shape; tone: Tone }>> = {
  info: { shape: 'ring', tone: 'mute' },
  notice: { shape: 'disc', tone: 'info' },
  warning: { shape: 'triangle', tone: 'warn' },
  critical: { shape: 'square', tone: 'stop' },
};

const Severity = ({ severity }: { severity: string }) => {
  const { shape, tone } = SEVERITY[severity] ?? SEVERITY['info']!;
  return (
    <span className={`state tone-${tone}`} data-severity={severity}>
      <Icon shape={shape} />
      <span>{severity}</span>
    </span>
  );
};

const Sentence = ({ row }: { row: ActivityListRow }) => {
  const { payload } = row;
  const reason = (payload as { reason?: unknown } | null)?.reason;
  return (
    <>
      {row.path === null ? (
        <Prose text={row.sentence} />
      ) : (
        <Link href={row.path} prefetch={false} className="quiet-link">
          <Prose text={row.sentence} />
        </Link>
      )}
      {row.actor !== null && typeof reason === 'string' && !row.sentence.includes(reason) ? (
        <q className="reason-words">{reason}</q>
      ) : null}
    </>
  );
};

/** The event as it was written, opened one at a time where somebody asks. */
const Payload = ({ row }: { row: ActivityListRow }) => {
  const text = JSON.stringify(row.payload, null, 2);
  return (
    <div className="payload">
      <p className="tile-facts num">
        <span>
          <span className="quiet">sequence</span> {row.seq}
        </span>
        <span>
          <span className="quiet">recorded</span> <Moment at={row.at} form="exact" />
        </span>
        {row.ref === null ? null : (
          <span>
            <span className="quiet">reference</span> <span className="mono">{row.ref}</span>
          </span>
        )}
        {row.actor === null ? null : (
          <span>
            <span className="quiet">actor</span> {row.actor}
          </span>
        )}
        <CopyButton value={text} what="the event" />
      </p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scroller must be reachable by keyboard (WCAG 2.1.1). */}
      <pre className="json" tabIndex={0}>
        {text}
      </pre>
    </div>
  );
};

export const EVENT_COLUMNS = ['Time', 'Severity', 'Kind', 'Actor', 'What happened', { right: 'Event' }];

const Toggle = ({ row, open, onToggle }: { row: ActivityListRow; open: boolean; onToggle: () => void }) => (
  <button
    type="button"
    className="button button-small"
    aria-expanded={open}
    aria-label={`${open ? 'Close details' : 'Details'} of event ${row.seq}`}
    onClick={onToggle}
  >
    {open ? 'Close' : 'Details'}
  </button>
);

export const EventRow = memo(({ row }: { row: ActivityListRow }) => {
  const [open, setOpen] = useState(false);
  return (
    <>
      <tr data-seq={row.seq} data-kind={row.kind} className={open ? 'has-reason' : ''}>
        <td>
          <Moment at={row.at} form="instant" />
        </td>
        <td>
          <Severity severity={row.severity} />
        </td>
        <td className="mono">{row.kind}</td>
        <td>{row.actor ?? <span className="quiet">node</span>}</td>
        <td className="wraps event-words">
          <Sentence row={row} />
        </td>
        <td className="right">
          <Toggle row={row} open={open} onToggle={() => setOpen(!open)} />
        </td>
      </tr>
      {open ? (
        <tr className="reason-row">
          <td colSpan={EVENT_COLUMNS.length}>
            <Payload row={row} />
          </td>
        </tr>
      ) : null}
    </>
  );
});

export const EventCard = memo(({ row }: { row: ActivityListRow }) => {
  const [open, setOpen] = useState(false);
  return (
    <li className="card" data-seq={row.seq} data-kind={row.kind}>
      <p className="card-top">
        <Severity severity={row.severity} />
        <Moment at={row.at} form="instant" className="quiet" />
      </p>
      <p className="card-line">
        <Sentence row={row} />
      </p>
      <p className="card-top card-line">
        <span className="mono quiet">
          {row.kind}
          {row.actor === null ? '' : ` · ${row.actor}`}
        </span>
        <Toggle row={row} open={open} onToggle={() => setOpen(!open)} />
      </p>
      {open ? <Payload row={row} /> : null}
    </li>
  );
});
