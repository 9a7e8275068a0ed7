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
  const [newest, oldest] = [chunks[0]!.key, chunks.at(-1)!.key];
  useEffect(() => {
    if (!open || first) return;
    const ends = [newest, oldest].flatMap((key) => elements.current.get(key) ?? []);
    const look = (): void => {
      const all = [...elements.current.values()];
      if (!isFar(ends) || all.some((element) => element.contains(document.activeElement))) return;
      heights.current = new Map(
        [...elements.current].map(([key, element]) => [key, element.getBoundingClientRect().height]),
      );
      setOpen(false);
    };
    const ignore = ends.map((end) =>
      watchFar(end, ({ isIntersecting }) => {
        if (!isIntersecting) look();
      }),
    );
    return () => {
      for (const stop of ignore) stop();
    };
  }, [open, first, newest, oldest]);
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

/** Whether all between the two ends is further from the window than `FAR`. */
const isFar = (ends: readonly Element[]): boolean => {
  const boxes = ends.map((end) => end.getBoundingClientRect());
  return (
    boxes.every(({ bottom }) => bottom < -FAR) || boxes.every(({ top }) => top > window.innerHeight + FAR)
  );
};
