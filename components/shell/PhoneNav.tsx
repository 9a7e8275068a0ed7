'use client';

import Link from 'next/link';
import { usePathname } from 'next/navigation';
import { useState } from 'react';
import { useLive } from '../live/LiveProvider.tsx';
import { turnTheme } from '../theme.ts';
import { Dialog } from './Dialog.tsx';
import { OUTLINES, Outline } from './Outline.tsx';
import { PLACES, placeOf } from './places.ts';

const MORE = PLACES.filter((place) => !place.onPhone);

const MoreSheet = ({ open, onClose }: { open: boolean; onClose: () => void }) => {
  const { paused, setPaused } = useLive();
  const present = placeOf(usePathname());
  return (
    <Dialog open={open} onClose={onClose} title="More" className="sheet">
      <ul className="sheet-list">
        {MORE.map((place) => (
          <li key={place.path}>
            <Link
              href={place.path}
              prefetch={false}
              className="sheet-row"
              aria-current={place === present ? 'page' : undefined}
              onClick={onClose}
            >
              <Outline path={place.icon} />
              {place.name}
            </Link>
          </li>
        ))}
        <li>
          <button type="button" className="sheet-row" onClick={() => turnTheme()}>
            <Outline path="M10 3a7 7 0 1 1 0 14zM10 3a7 7 0 0 0 0 14" />
            Light or dark theme
          </button>
        </li>
        <li>
          <button
            type="button"
            className="sheet-row"
            onClick={() => {
              setPaused(!paused);
              onClose();
            }}
          >
            <Outline path={paused ? OUTLINES.play : OUTLINES.pause} />
            {paused ? 'Resume the live picture' : 'Pause the live picture'}
          </button>
        </li>
      </ul>
    </Dialog>
  );
};

/** At the foot of a phone, in reach of a thumb. */
export const PhoneNav = () => {
  const [open, setOpen] = useState(false);
  const present = placeOf(usePathname());
  return (
    <>
      <nav className="phone-nav" aria-label="Pages">
        {PLACES.filter((place) => place.onPhone).map((place) => (
          <Link
            key={place.path}
            href={place.path}
            prefetch={false}
            className="phone-link"
            aria-current={place === present ? 'page' : undefined}
          >
            <Outline path={place.icon} />
            <span>{place.name}</span>
          </Link>
        ))}
        <button
          type="button"
          className="phone-link"
          aria-haspopup="dialog"
          data-present={present !== null && !present.onPhone}
          onClick={() => setOpen(true)}
        >
          <Outline path={OUTLINES.more} className="more-dots" />
          <span>More</span>
        </button>
      </nav>
      <MoreSheet open={open} onClose={() => setOpen(false)} />
    </>
  );
};
