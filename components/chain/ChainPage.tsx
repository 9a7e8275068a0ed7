'use client';

import { useEffect, useId, useMemo, useState } from 'react';
import type { BatchListAnswer } from '../../server/api/historyViews.ts';
import type { LaneBlockView, StatusView } from '../../server/api/views.ts';
import { count, groupDigits } from '../format.ts';
import { Legend } from '../lanes/AlignmentPanel.tsx';
import { LanesTable } from '../lanes/LanesTable.tsx';
import { Switch } from '../lists/Filters.tsx';
import { useAddress } from '../lists/useAddress.ts';
import { useNarrow } from '../lists/useNarrow.ts';
import { useApi, useLive } from '../live/LiveProvider.tsx';
import { PageHead } from '../parts/PageHead.tsx';
import { PanelBoundary } from '../parts/Panel.tsx';
import { Dimming, NoNode } from '../shell/Dimming.tsx';
import { ChainPicture } from './ChainPicture.tsx';
import { Minimap } from './Minimap.tsx';
import { PhoneLanes } from './PhoneLanes.tsx';
import { SelectionPanel } from './SelectionPanel.tsx';
import { useChain } from './useChain.ts';
import {
  blockOf,
  byHash,
  knownLanes,
  placeOfBatch,
  readSelection,
  readZoom,
  type Selection,
  selectionKey,
  windowOf,
  ZOOMS,
  type Zoom,
} from './window.ts';

/** How much the arrows beside the picture move: half of what is seen. */
const half = (zoom: number): number => Math.max(1, Math.floor(zoom / 2));

const wholeNumber = (text: string | null): number | null =>
  text !== null && /^\d{1,15}$/.test(text) ? Number(text) : null;

const tailOf = ({ unsafe, safe }: StatusView['heads']) =>
  unsafe === null || safe === null || unsafe.number <= safe.number
    ? null
    : { first: safe.number + 1, last: unsafe.number };

/** Where a jump leads: the search's first hit that has a place in the lanes. */
const useJump = (show: (selection: Selection) => void) => {
  const api = useApi();
  const [said, setSaid] = useState('');
  const jump = async (text: string): Promise<void> => {
    setSaid('');
    const answer = await api.search.query({ text }).catch(() => null);
    if (answer === null) return setSaid('The server did not answer.');
    if (answer.kind === 'no_node') return setSaid(answer.sentence);
    for (const { kind, path } of answer.hits) {
      const batch = /^\/batches\/(\d+)$/.exec(path);
      if (batch !== null) return show({ kind: 'batch', number: Number(batch[1]) });
      const selection =
        kind === 'l1_block' || kind === 'l2_block'
          ? readSelection(new URLSearchParams(path.split('?')[1]).get('sel'))
          : null;
      if (selection !== null) return show(selection);
    }
    const reorg = answer.hits.find(({ kind }) => kind === 'reorg');
    setSaid(
      reorg === undefined ? (answer.note ?? 'Nothing was found.') : `It was orphaned: see ${reorg.title}.`,
    );
  };
  return { said, jump };
};

const Jump = ({ onJump, said }: { onJump: (text: string) => void; said: string }) => {
  const id = useId();
  const [text, setText] = useState('');
  return (
    <form
      className="jump"
      onSubmit={(event) => {
        event.preventDefault();
        if (text.trim() !== '') onJump(text.trim());
      }}
    >
      <label htmlFor={id} className="sr-only">
        Jump to a block, batch or hash
      </label>
      <input
        id={id}
        className="field field-text"
        placeholder="jump to block, batch, hash"
        maxLength={100}
        autoComplete="off"
        spellCheck={false}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <button type="submit" className="button">
        Jump
      </button>
      <span role="status" className="jump-said">
        {said}
      </span>
    </form>
  );
};

interface ToolsProps {
  readonly zoom: Zoom;
  readonly following: boolean;
  readonly onZoom: (direction: -1 | 1) => void;
  readonly onFollow: () => void;
  readonly onMove: (by: number) => void;
  readonly canOlder: boolean;
  readonly canNewer: boolean;
}

const Tools = ({ zoom, following, onZoom, onFollow, onMove, canOlder, canNewer }: ToolsProps) => (
  <div className="chain-tools">
    <button type="button" className="button" aria-pressed={following} onClick={onFollow}>
      {following ? '◉ Following the head' : '⟲ Back to live'}
    </button>
    <span className="segmented">
      <button
        type="button"
        aria-label="Older blocks"
        aria-disabled={!canOlder}
        onClick={() => canOlder && onMove(-half(zoom))}
      >
        ‹ older
      </button>
      <button
        type="button"
        aria-label="Newer blocks"
        aria-disabled={!canNewer}
        onClick={() => canNewer && onMove(half(zoom))}
      >
        newer ›
      </button>
    </span>
    <span className="segmented zoom">
      <button
        type="button"
        aria-label="Zoom out"
        aria-disabled={zoom === ZOOMS.at(-1)}
        onClick={() => onZoom(1)}
      >
        −
      </button>
      <span className="zoom-word num">{zoom} blocks</span>
      <button type="button" aria-label="Zoom in" aria-disabled={zoom === ZOOMS[0]} onClick={() => onZoom(-1)}>
        +
      </button>
    </span>
  </div>
);

const NO_LANES: readonly LaneBlockView[] = [];

const Whole = ({ status, first }: { status: StatusView; first: BatchListAnswer }) => {
  const [search, change] = useAddress();
  const narrow = useNarrow();
  const chain = useChain(status, first);
  const [asTable, setAsTable] = useState(false);
  const [orphans, setOrphans] = useState(true);
  const [leaders, setLeaders] = useState(true);
  const zoom = readZoom(search.get('zoom'));
  const atBatch = wholeNumber(search.get('at'));
  const following = atBatch === null;
  const all = useMemo(() => knownLanes(status, chain.rows), [status, chain.rows]);
  const selection = byHash(all, readSelection(search.get('sel')));
  const place = atBatch === null ? Number.POSITIVE_INFINITY : placeOfBatch(all, atBatch);
  const cut = windowOf(all, place === -1 ? Number.POSITIVE_INFINITY : place, zoom);
  const posters = useMemo(
    () =>
      new Map([
        ...chain.rows
          .map((row) => [row.number, row.poster] as const)
          .filter((row): row is [number, string] => row[1] !== null),
        ...status.batches.map((batch) => [batch.number, batch.poster] as const),
      ]),
    [chain.rows, status.batches],
  );
  // A place further back than what is loaded is looked for page by page.
  const wanted = atBatch !== null && place === -1;
  const { more, loading, loadOlder } = chain;
  useEffect(() => {
    if (wanted && more && !loading) loadOlder();
  }, [wanted, more, loading, loadOlder]);

  const canonical = useMemo(() => all.filter((block) => block.canonical), [all]);
  const moveTo = (end: number): void => {
    const to = Math.max(Math.min(zoom, canonical.length) - 1, Math.min(canonical.length - 1, end));
    // The place is kept by a batch, which a reorg may move but not rename.
    const batch = canonical
      .slice(0, to + 1)
      .findLast(({ batches }) => batches.length > 0)
      ?.batches.at(-1);
    change({ at: to === canonical.length - 1 || batch === undefined ? null : String(batch.number) }, false);
  };
  const moveBy = (by: number): void => {
    if (by < 0 && cut.end + by < zoom && more) loadOlder();
    moveTo(cut.end + by);
  };
  const zoomBy = (direction: -1 | 1): void => {
    const next = ZOOMS[ZOOMS.indexOf(zoom) + direction];
    if (next !== undefined) change({ zoom: next === 12 ? null : String(next) }, false);
  };
  const follow = (): void => {
    const batch = cut.lanes
      .filter(({ canonical: ours }) => ours)
      .flatMap(({ batches }) => batches)
      .at(-1);
    change({ at: following && batch !== undefined ? String(batch.number) : null });
  };
  const select = (next: Selection): void => change({ sel: selectionKey(next) }, false);
  const show = (next: Selection): void => {
    const holder = blockOf(all, next);
    const batch = next.kind === 'batch' ? next.number : holder?.batches[0]?.number;
    change({ sel: selectionKey(next), at: batch === undefined ? null : String(batch) });
  };
  const { said, jump } = useJump(show);
  const block = selection === null ? null : blockOf(all, selection);
  const lanes = cut.lanes.length === 0 ? NO_LANES : cut.lanes;
  return (
    <>
      <PageHead title="Chain">
        <Jump onJump={(text) => void jump(text)} said={said} />
      </PageHead>
      <section className="panel chain-panel" aria-label="Alignment lanes">
        <div className="chain-head">
          <Tools
            zoom={zoom}
            following={following}
            onZoom={zoomBy}
            onFollow={follow}
            onMove={moveBy}
            canOlder={cut.end >= zoom || more}
            canNewer={!cut.atHead}
          />
          <div className="panel-tools">
            <Switch label="orphaned" on={orphans} onChange={setOrphans} />
            <Switch label="leaders" on={leaders} onChange={setLeaders} />
            <button
              type="button"
              className="button"
              aria-pressed={asTable}
              onClick={() => setAsTable(!asTable)}
            >
              {asTable ? 'View as picture' : 'View as table'}
            </button>
          </div>
        </div>
        <div role="status">
          {chain.problem === null ? null : (
            <p className="note">
              {chain.problem.replace(/\.?$/, '.')} Only the newest blocks are shown, as the node itself knows
              them.
            </p>
          )}
        </div>
        <p className="jump-said" role="status">
          {wanted
            ? more
              ? `Looking for batch ${groupDigits(atBatch)} …`
              : `Batch ${groupDigits(atBatch)} is not in this log; the newest blocks are shown.`
            : ''}
        </p>
        <PanelBoundary title="The lanes">
          {lanes.length === 0 ? (
            <p className="blank lanes-blank">No L1 block has been read yet.</p>
          ) : asTable ? (
            // biome-ignore lint/a11y/noNoninteractiveTabindex: a scroller must be reachable by keyboard (WCAG 2.1.1).
            <section className="scroller" aria-label="Alignment table" tabIndex={0}>
              <LanesTable lanes={lanes} shown={zoom} />
            </section>
          ) : narrow === true ? (
            <PhoneLanes
              lanes={orphans ? lanes : lanes.filter(({ canonical: ours }) => ours)}
              selectedHash={block?.hash ?? null}
              tail={cut.atHead ? tailOf(status.heads) : null}
              onSelect={select}
            />
          ) : (
            <div className="scroller">
              <ChainPicture
                lanes={lanes}
                heads={status.heads}
                reorgs={status.reorgs}
                posters={posters}
                zoom={zoom}
                atHead={cut.atHead}
                showOrphans={orphans}
                showLeaders={leaders}
                selected={selection}
                onSelect={select}
                onBeyond={(direction) => moveBy(direction)}
                onFollow={follow}
                onZoom={zoomBy}
              />
            </div>
          )}
        </PanelBoundary>
        {status.batches.length === 0 && lanes.length > 0 ? (
          <p className="blank">Only genesis so far.</p>
        ) : null}
        {cut.count > zoom ? <Minimap all={all} end={cut.end} zoom={zoom} onMove={moveTo} /> : null}
        <div className="chain-foot">
          <Legend />
          <span className="quiet num">
            {count(cut.count, 'L1 block')} loaded
            {more ? (
              <>
                {' '}
                <button type="button" className="link" aria-disabled={loading} onClick={loadOlder}>
                  {loading ? 'loading …' : 'load older'}
                </button>
              </>
            ) : null}
          </span>
        </div>
      </section>
      <SelectionPanel
        selection={selection}
        block={block}
        rows={chain.rows}
        status={status}
        onClear={() => change({ sel: null }, false)}
      />
    </>
  );
};

/** L1 above, L2 below, as far back as the journal remembers. */
export const ChainPage = ({ first }: { first: BatchListAnswer }) => {
  const { answer } = useLive();
  return (
    <Dimming>
      {answer.kind === 'status' ? (
        <Whole status={answer.status} first={first} />
      ) : (
        <>
          <PageHead title="Chain" />
          <NoNode />
        </>
      )}
    </Dimming>
  );
};
