'use client';

import { useLayoutEffect, useRef, useState } from 'react';
import type { HeadsView, LaneBlockView } from '../../server/api/views.ts';
import { MoreLink } from '../parts/MoreLink.tsx';
import { Panel } from '../parts/Panel.tsx';
import { BLOCK_LEGEND } from '../words.ts';
import { LanesPicture } from './LanesPicture.tsx';
import { LanesTable } from './LanesTable.tsx';

export const Legend = () => (
  <ul className="legend" aria-label="Legend">
    {BLOCK_LEGEND.map(({ kind, word, sentence }) => (
      <li key={kind} title={sentence}>
        <svg
          viewBox="0 0 18 14"
          className={`legend-swatch lane-${kind}`}
          aria-hidden="true"
          focusable="false"
        >
          <rect x="1" y="1" width="16" height="12" rx="2.5" className="lane-cell" />
          {kind === 'finalized' ? (
            <path
              d="M5 6h1v-1a3 3 0 0 1 6 0v1h1v5h-8zM7.3 6h3.4v-1a1.7 1.7 0 0 0-3.4 0z"
              className="lane-lock"
            />
          ) : null}
          {kind === 'orphaned' ? <path d="M6 4l6 6M12 4l-6 6" className="orphan-cross" /> : null}
        </svg>
        <span>{word}</span>
        <span className="sr-only">: {sentence}</span>
      </li>
    ))}
  </ul>
);

const NewestFirst = ({ lanes, heads }: { lanes: readonly LaneBlockView[]; heads: HeadsView }) => {
  const scroller = useRef<HTMLElement>(null);
  // Where the picture is wider than the page, the newest blocks are at its right end.
  useLayoutEffect(() => {
    const element = scroller.current;
    if (element !== null) element.scrollLeft = element.scrollWidth;
  }, []);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a scroller must be reachable by keyboard (WCAG 2.1.1).
    <section ref={scroller} className="scroller" aria-label="Alignment picture" tabIndex={0}>
      <LanesPicture lanes={lanes} heads={heads} />
    </section>
  );
};

/** L1 above, L2 below, and between them what ties the one to the other. */
export const AlignmentPanel = ({ lanes, heads }: { lanes: readonly LaneBlockView[]; heads: HeadsView }) => {
  const [asTable, setAsTable] = useState(false);
  const toggle = (
    <fieldset className="segmented" aria-label="Form of the alignment">
      <button type="button" aria-pressed={!asTable} onClick={() => setAsTable(false)}>
        Picture
      </button>
      <button type="button" aria-pressed={asTable} onClick={() => setAsTable(true)}>
        Table
      </button>
    </fieldset>
  );
  const body =
    lanes.length === 0 ? (
      <p className="blank lanes-blank">No L1 block has been read yet.</p>
    ) : asTable ? (
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a scroller must be reachable by keyboard (WCAG 2.1.1).
      <section className="scroller" aria-label="Alignment table" tabIndex={0}>
        <LanesTable lanes={lanes} />
      </section>
    ) : (
      <NewestFirst lanes={lanes} heads={heads} />
    );
  return (
    <Panel
      title="Alignment"
      aside={
        <div className="panel-tools">
          <Legend />
          <MoreLink to="/chain">Open chain</MoreLink>
          {toggle}
        </div>
      }
    >
      {body}
    </Panel>
  );
};
