'use client';

import { type ReactNode, type RefObject, useEffect, useRef, useState } from 'react';

/** Chunks this far above and below the window are drawn. */
const MARGIN = '1200px';

interface Nearness<Element> {
  readonly ref: RefObject<Element | null>;
  readonly near: boolean;
  /** Of what was drawn when it was last near, pixels. */
  readonly height: RefObject<number>;
}

/** Whether a chunk is near the window. What has the focus is always near, and so is what is `always` so. */
const useNear = <Element extends HTMLElement>(always: boolean): Nearness<Element> => {
  const ref = useRef<Element>(null);
  const height = useRef(0);
  const [near, setNear] = useState(true);
  useEffect(() => {
    const element = ref.current;
    if (element === null || always) return;
    const observer = new IntersectionObserver(
      (entries) => {
        // A busy page is told of several turns at once, oldest first: how it is now stands last.
        const entry = entries.at(-1);
        if (entry === undefined) return;
        if (!entry.isIntersecting && !element.contains(document.activeElement)) {
          if (entry.boundingClientRect.height > 0) height.current = entry.boundingClientRect.height;
          setNear(false);
        } else setNear(true);
      },
      { rootMargin: MARGIN },
    );
    observer.observe(element);
    return () => observer.disconnect();
  }, [always]);
  return { ref, near: near || always, height };
};

interface ChunkProps {
  readonly always: boolean;
  /** Asked only while the chunk is near: a list of 100,000 rows makes elements for those in sight alone. */
  readonly draw: () => ReactNode;
}

/**
 * A chunk of rows that is drawn only near the window; elsewhere one empty row of the same height stands for it, so
 * that a list of any length scrolls alike.
 */
export const Chunk = ({ columns, always, draw }: ChunkProps & { readonly columns: number }) => {
  const { ref, near, height } = useNear<HTMLTableSectionElement>(always);
  return (
    <tbody ref={ref}>
      {near ? (
        draw()
      ) : (
        <tr>
          <td
            colSpan={columns}
            className="chunk-away"
            ref={(cell) => {
              if (cell !== null) cell.style.height = `${height.current}px`;
            }}
          />
        </tr>
      )}
    </tbody>
  );
};

/** The same for cards: one list a chunk, whose place an empty one of its height keeps. */
export const CardChunk = ({ label, always, draw }: ChunkProps & { readonly label: string }) => {
  const { ref, near, height } = useNear<HTMLOListElement>(always);
  return (
    <ol
      ref={(list) => {
        ref.current = list;
        if (list !== null) list.style.height = near ? '' : `${height.current}px`;
      }}
      className="cards narrow-only"
      aria-label={label}
    >
      {near ? draw() : null}
    </ol>
  );
};
