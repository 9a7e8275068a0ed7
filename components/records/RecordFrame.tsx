'use client';

import Link from 'next/link';
import type { ReactNode } from 'react';
import { PageHead } from '../parts/PageHead.tsx';
import { Prose } from '../parts/Prose.tsx';
import { Updated } from '../parts/Updated.tsx';
import { Dimming } from '../shell/Dimming.tsx';
import { OUTLINES, Outline } from '../shell/Outline.tsx';

interface FrameProps {
  /** The list that it belongs to. */
  readonly list: { readonly path: string; readonly name: string };
  readonly asOf: number | null;
  /** Null where the record is there; else how it was asked for, and why it is not there. */
  readonly missing: { readonly title: string; readonly label: string; readonly sentence: string } | null;
  readonly children: ReactNode;
}

/** The page of one record: the way back to its list, and the record or why there is none. */
export const RecordFrame = ({ list, asOf, missing, children }: FrameProps) => (
  <Dimming>
    <p className="crumb">
      <Link href={list.path} prefetch={false} className="link">
        ← {list.name}
      </Link>{' '}
      <Updated asOf={asOf} />
    </p>
    {missing === null ? (
      children
    ) : (
      <>
        <PageHead title={missing.title} />
        <section className="panel list-blank" aria-label={missing.label}>
          <p>
            <Prose text={missing.sentence} />
          </p>
        </section>
      </>
    )}
  </Dimming>
);

interface Neighbour {
  readonly path: string;
  readonly text: string;
  /** What it is to the present one: "Batch before, 900". */
  readonly name: string;
}

/** The records before and after this one. */
export const Neighbours = ({
  label,
  older,
  newer,
}: {
  label: string;
  older: Neighbour | null;
  newer: Neighbour | null;
}) => (
  <nav aria-label={label} className="neighbours">
    {older === null ? null : (
      <Link href={older.path} prefetch={false} className="button num" aria-label={older.name}>
        <Outline path={OUTLINES.back} /> {older.text}
      </Link>
    )}
    {newer === null ? null : (
      <Link href={newer.path} prefetch={false} className="button num" aria-label={newer.name}>
        {newer.text} <Outline path={OUTLINES.forward} />
      </Link>
    )}
  </nav>
);
