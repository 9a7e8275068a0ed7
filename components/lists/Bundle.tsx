'use client';

import { type ReactNode, useEffect, useRef, useState } from 'react';
import { Away, Chunk } from './Chunk.tsx';
import type { ChunkOfItems } from './gaps.ts';
import { FAR, watchFar, watchOpen } from './nearness.ts';

interface BundleProps<Row> {
  readonly columns: number;
  readonly chunks: readonly ChunkOfItems<Row>[];
  /** The newest rows are there: it is never put away, and its first chunk is always drawn. */
  readonly first: boolean;
  readonly draw: (items: ChunkOfItems<Row>['items']) => ReactNode;
}

/** A bundle far from the window: one empty row of its height. */
const Closed = ({
  columns,
  height,
  onNear,
}: {
  readonly columns: number;
  readonly height: number;
  readonly onNear: () => void;
}) => {
  const ref = useRef<HTMLTableSectionElement>(null);
  useEffect(() => {
    const element = ref.current;
    return element === null
      ? undefined
      : watchOpen(element, ({ isIntersecting }) => {
          if (isIntersecting) onNear();
        });
  }, [onNear]);
  return (
    <tbody ref={ref}>
      <Away columns={columns} height={height} />
    </tbody>
  );
};

/**
 * Chunks that stand together. Far from the window one element is there for all of them: with one for each chunk, a list
 * of 100,000 rows had a browser look at two thousand in each frame (15.6 ms of it, and every third frame late).
 */
export function Bundle<Row>({ columns, chunks, first, draw }: BundleProps<Row>) {
  const [open, setOpen] = useState(true);
  /** Of its chunks when it was put away, pixels. */
  const heights = useRef<ReadonlyMap<string, number>>(new Map());
  const elements = useRef(new Map<string, HTMLTableSectionElement>());
  const openIt = useRef(() => setOpen(true)).current;
  const keys = chunks.map(({ key }) => key).join('\n');
  useEffect(() => {
    if (!open || first) return;
    const there = keys.split('\n').flatMap((key) => elements.current.get(key) ?? []);
    const look = (): void => {
      if (!isFar(there) || there.some((element) => element.contains(document.activeElement))) return;
      heights.current = new Map(
        [...elements.current].map(([key, element]) => [key, element.getBoundingClientRect().height]),
      );
      setOpen(false);
    };
    // Each of them, and not the ends alone: of a bundle that is left by a jump neither end need ever have been near.
    const ignore = there.map((element) =>
      watchFar(element, ({ isIntersecting }) => {
        if (!isIntersecting) look();
      }),
    );
    return () => {
      for (const stop of ignore) stop();
    };
  }, [open, first, keys]);
  if (!open) {
    const height = chunks.reduce((sum, { key }) => sum + (heights.current.get(key) ?? 0), 0);
    return <Closed columns={columns} height={height} onNear={openIt} />;
  }
  return chunks.map(({ key, items }, i) => (
    <Chunk
      key={key}
      columns={columns}
      count={items.length}
      always={first && i === 0}
      known={heights.current.get(key)}
      onElement={(element) => {
        if (element === null) elements.current.delete(key);
        else elements.current.set(key, element);
      }}
      draw={(from, to) => draw(items.slice(from, to))}
    />
  ));
}

/** Whether all of them are further from the window than `FAR`; they follow one another. */
const isFar = (elements: readonly Element[]): boolean => {
  const ends = [elements[0]!, elements.at(-1)!].map((element) => element.getBoundingClientRect());
  return ends.every(({ bottom }) => bottom < -FAR) || ends.every(({ top }) => top > window.innerHeight + FAR);
};
