'use client';

import { usePathname } from 'next/navigation';
import { PageHead } from '../parts/PageHead.tsx';
import { placeOf } from './places.ts';

/** The boxes of a page, still empty, while its first data is on the way; its title is known before. */
export const PageSkeleton = () => {
  const place = placeOf(usePathname());
  return (
    <div className="numbers" aria-busy="true">
      <PageHead title={place?.name ?? 'Plumbline'} />
      <p className="sr-only" role="status">
        Loading
      </p>
      <div className="panel skeleton skeleton-list" />
    </div>
  );
};
