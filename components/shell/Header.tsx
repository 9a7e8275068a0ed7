'use client';

import Link from 'next/link';
import { usePathname } from 'next/navigation';
import { useEffect, useState } from 'react';
import type { StatusAnswer } from '../../server/api/views.ts';
import { OperatorBadge } from '../operator/OperatorBadge.tsx';
import { NodeSwitcher } from '../panels/NodeSwitcher.tsx';
import { BrandMark } from '../parts/BrandMark.tsx';
import { Icon } from '../parts/Icon.tsx';
import { turnTheme } from '../theme.ts';
import type { Claim } from '../verdict.ts';
import { LivePill } from './LivePill.tsx';
import { OUTLINES, Outline } from './Outline.tsx';
import { PLACES, type Place, placeOf } from './places.ts';

/** Turns to the other theme and remembers it; without a click the system decides. */
const ThemeToggle = () => {
  const [said, setSaid] = useState('');
  return (
    <>
      <button
        type="button"
        className="icon-button theme-button"
        onClick={() => setSaid(`${turnTheme()} theme`)}
        aria-label="Change between light and dark theme"
      >
        <svg viewBox="0 0 20 20" className="icon" aria-hidden="true" focusable="false">
          <circle cx="10" cy="10" r="7" fill="none" stroke="currentColor" strokeWidth="1.5" />
          <path d="M10 3a7 7 0 0 1 0 14z" fill="currentColor" />
        </svg>
      </button>
      <span className="sr-only" role="status">
        {said}
      </span>
    </>
  );
};

const Badge = ({ answer }: { answer: StatusAnswer }) => {
  if (answer.kind === 'no_node') return <span className="badge">no node</span>;
  const { node, fleet } = answer.status;
  if (fleet.length > 0) return <NodeSwitcher present={node.name} fleet={fleet} />;
  return (
    <span
      className="badge"
      title={`L1 chain ${node.l1ChainId ?? 'not known yet'} → L2 chain ${node.l2ChainId}`}
    >
      <span>{node.name}</span>
      {node.mode === node.name ? null : <span className="badge-mode">{node.mode}</span>}
    </span>
  );
};

/**
 * True when the element is above or below what is seen, so that its words are wanted elsewhere. It is looked for anew
 * each time: React may have replaced the one that was there, and an observer would go on watching that.
 */
const useOutOfSight = (selector: string, path: string): boolean => {
  const [out, setOut] = useState(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another page has another element, or none.
  useEffect(() => {
    const look = (): void => {
      const box = document.querySelector(selector)?.getBoundingClientRect();
      const drawn = box !== undefined && box.height > 0;
      setOut(drawn && (box.bottom <= 0 || box.top >= window.innerHeight));
    };
    look();
    window.addEventListener('scroll', look, { passive: true });
    window.addEventListener('resize', look);
    return () => {
      window.removeEventListener('scroll', look);
      window.removeEventListener('resize', look);
    };
  }, [selector, path]);
  return out;
};

const NavLink = ({ place, present }: { place: Place; present: boolean }) => (
  <Link href={place.path} prefetch={false} className="nav-link" aria-current={present ? 'page' : undefined}>
    {place.name}
  </Link>
);

export const PageNav = () => {
  const present = placeOf(usePathname());
  return (
    <nav className="nav" aria-label="Pages">
      <ul>
        {PLACES.map((place) => (
          <li key={place.path} className={place.inRow ? '' : 'nav-late'}>
            <NavLink place={place} present={place === present} />
          </li>
        ))}
      </ul>
    </nav>
  );
};

interface HeaderProps {
  readonly answer: StatusAnswer;
  readonly claim: Claim;
  readonly onSearch: () => void;
}

/** On every page: where one is, whose node it is, what it claims, and the way to everything else. */
export const Header = ({ answer, claim, onSearch }: HeaderProps) => {
  const verdictOutOfSight = useOutOfSight('.verdict, .line-claim', usePathname());
  return (
    <header className="masthead">
      <a className="skip" href="#main">
        Skip to the content
      </a>
      <div className="masthead-row">
        <Link href="/" prefetch={false} className="brand" aria-label="Plumbline, overview">
          <BrandMark className="brand-mark" />
          <span className="brand-name">Plumbline</span>
        </Link>
        <Badge answer={answer} />
        <PageNav />
        <span
          className={`masthead-verdict tone-${claim.word.tone} ${verdictOutOfSight ? 'is-shown' : ''}`}
          aria-hidden="true"
        >
          <Icon shape={claim.word.shape} />
          <span>{claim.word.word}</span>
        </span>
        <span className="masthead-end">
          <LivePill />
          <button type="button" className="search-button" onClick={onSearch} aria-label="Search">
            <Outline path={OUTLINES.search} />
            <span className="search-word">Search</span>
            <span className="kbd" aria-hidden="true">
              /
            </span>
          </button>
          <OperatorBadge />
          <ThemeToggle />
        </span>
      </div>
    </header>
  );
};
