'use client';

import { type ReactNode, type RefObject, useEffect, useRef, useState } from 'react';
import { watchNear } from './nearness.ts';

/** Where a chunk came from when it came near: only its rows at that side are about to be seen. */
type Side = 'above' | 'below';

interface Nearness<Element> {
  readonly ref: RefObject<Element | null>;
  /** Null while it is away. */
  readonly near: Side | null;
  /** Of what was drawn when it was last near, pixels. */
  readonly height: RefObject<number>;
  /** Set by who draws: whether all of it is there, and its height worth remembering. */
  readonly whole: RefObject<boolean>;
}

/**
 * Whether a chunk is near the window. What has the focus is always near, and so is what is `always` so. One whose
 * height is known from before begins away.
 */
const useNear = <Element extends HTMLElement>(always: boolean, known?: number): Nearness<Element> => {
  const ref = useRef<Element>(null);
  const height = useRef(known ?? 0);
  const whole = useRef(true);
  const [near, setNear] = useState<Side | null>(known === undefined ? 'below' : null);
  useEffect(() => {
    const element = ref.current;
    if (element === null || always) return;
    return watchNear(element, ({ isIntersecting, boundingClientRect: place }) => {
      if (isIntersecting || element.contains(document.activeElement)) {
        return setNear((was) => was ?? (place.top < 0 ? 'above' : 'below'));
      }
      if (place.height > 0 && whole.current) height.current = place.height;
      setNear(null);
    });
  }, [always]);
  return { ref, near: always ? 'below' : near, height, whole };
};

/** Rows that are drawn in one frame: what it has time for. */
const ROWS_A_FRAME = 10;

/**
 * How many rows of a chunk are drawn: all at first, so that its height is known, and a few more with each frame when
 * it comes back.
 */
const useDrawn = (near: boolean, count: number): number => {
  const [drawn, setDrawn] = useState(Number.POSITIVE_INFINITY);
  useEffect(() => {
    if (!near) return setDrawn(ROWS_A_FRAME);
    if (drawn >= count) return;
    const frame = requestAnimationFrame(() => setDrawn(drawn + ROWS_A_FRAME));
    return () => cancelAnimationFrame(frame);
  }, [near, drawn, count]);
  return Math.min(drawn, count);
};

interface ChunkProps {
  readonly always: boolean;
}

/** One empty row in place of others. */
export const Away = ({ columns, height }: { readonly columns: number; readonly height: number }) => (
  <tr>
    <td
      colSpan={columns}
      className="chunk-away"
      ref={(cell) => {
        if (cell !== null) cell.style.height = `${height}px`;
      }}
    />
  </tr>
);

/**
 * A chunk of rows that is drawn only near the window; elsewhere one empty row of the same height stands for it, so
 * that a list of any length scrolls alike.
 */
export const Chunk = ({
  columns,
  always,
  count,
  known,
  onElement,
  draw,
}: ChunkProps & {
  readonly columns: number;
  /** Of its items. */
  readonly count: number;
  /** Its height when it was last there, pixels. */
  readonly known: number | undefined;
  readonly onElement: (element: HTMLTableSectionElement | null) => void;
  /** Asked only for what is near: a list of 100,000 rows makes elements for those in sight alone. */
  readonly draw: (from: number, to: number) => ReactNode;
}) => {
  const { ref, near, height, whole } = useNear<HTMLTableSectionElement>(always, known);
  const drawn = useDrawn(near !== null, count);
  const left = near === null ? count : count - drawn;
  useEffect(() => {
    whole.current = left === 0;
  }, [left, whole]);
  const away = left === 0 ? null : <Away columns={columns} height={(height.current * left) / count} />;
  return (
    <tbody
      ref={(element) => {
        ref.current = element;
        onElement(element);
      }}
    >
      {near === 'above' ? away : null}
      {near === null ? away : near === 'above' ? draw(left, count) : draw(0, drawn)}
      {near === 'below' ? away : null}
    </tbody>
  );
};

/** The same for cards: one list a chunk, whose place an empty one of its height keeps. */
export const CardChunk = ({
  label,
  always,
  draw,
}: ChunkProps & { readonly label: string; readonly draw: () => ReactNode }) => {
  const { ref, near, height } = useNear<HTMLOListElement>(always);
  return (
    <ol
      ref={(list) => {
        ref.current = list;
        if (list !== null) list.style.height = near !== null ? '' : `${height.current}px`;
      }}
      className="cards narrow-only"
      aria-label={label}
    >
      {near !== null ? draw() : null}
    </ol>
  );
};
