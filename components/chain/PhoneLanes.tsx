'use client';

import type { LaneBlockView } from '../../server/api/views.ts';
import { count, spanDigits, tailDigits } from '../format.ts';
import { useZone } from '../parts/useZone.ts';
import { STATUS_WORDS } from '../words.ts';
import type { Selection } from './window.ts';

interface PhoneLanesProps {
  readonly lanes: readonly LaneBlockView[];
  readonly selectedHash: string | null;
  readonly tail: { readonly first: number; readonly last: number } | null;
  readonly onSelect: (selection: Selection) => void;
}

const spanOf = ({ batches }: LaneBlockView): string => {
  const [first, last] = [batches[0], batches.at(-1)];
  if (first === undefined || last === undefined) return '';
  if (first.firstBlock === null || last.lastBlock === null) return '?';
  return spanDigits(first.firstBlock, last.lastBlock);
};

const Row = ({
  lane,
  selected,
  onSelect,
}: {
  lane: LaneBlockView;
  selected: boolean;
  onSelect: PhoneLanesProps['onSelect'];
}) => {
  const { clock } = useZone();
  const state = lane.canonical ? lane.label : 'orphaned';
  const first = lane.batches[0];
  const word = first === undefined ? 'no batch' : STATUS_WORDS[first.progress].word;
  return (
    <li>
      <button
        type="button"
        className={`phone-lane lane-${state} ${selected ? 'is-selected' : ''}`}
        aria-pressed={selected}
        data-l1={lane.number}
        data-hash={lane.hash}
        onClick={() =>
          onSelect(
            first === undefined ? { kind: 'l1', hash: lane.hash } : { kind: 'batch', number: first.number },
          )
        }
      >
        <span className="phone-l1 num" data-state={state}>
          {lane.canonical ? '' : '✖ '}
          {tailDigits(lane.number)}
        </span>
        <span className="phone-tie" data-held={lane.batches.length > 0} aria-hidden="true" />
        <span className="phone-l2 num" data-state={first?.progress ?? 'none'}>
          {spanOf(lane)}
        </span>
        <span className="phone-words quiet num">
          {clock(lane.timestamp * 1_000)} ·{' '}
          {lane.batches.length > 1
            ? count(lane.batches.length, 'batch', 'batches')
            : first === undefined
              ? 'no batch'
              : `batch ${first.number}`}
          {first === undefined || !lane.canonical ? '' : ` · ${word}`}
          {lane.canonical ? '' : ' · orphaned L1 block'}
        </span>
      </button>
    </li>
  );
};

/** The lanes of a phone: time runs up, L1 at the left, L2 at the right. */
export const PhoneLanes = ({ lanes, selectedHash, tail, onSelect }: PhoneLanesProps) => (
  <ol className="phone-lanes" aria-label="L1 blocks and what they carry, newest first">
    {tail === null ? null : (
      <li>
        <button
          type="button"
          className="phone-lane lane-unsafe"
          onClick={() => onSelect({ kind: 'l2', number: tail.first })}
        >
          <span className="phone-l1 quiet">not posted</span>
          <span className="phone-tie" data-held="false" aria-hidden="true" />
          <span className="phone-l2 num" data-state="unsafe">
            {spanDigits(tail.first, tail.last)}
          </span>
          <span className="phone-words quiet num">{count(tail.last - tail.first + 1, 'unsafe block')}</span>
        </button>
      </li>
    )}
    {[...lanes]
      .sort((a, b) => b.number - a.number || Number(b.canonical) - Number(a.canonical))
      .map((lane) => (
        <Row key={lane.hash} lane={lane} selected={lane.hash === selectedHash} onSelect={onSelect} />
      ))}
  </ol>
);
