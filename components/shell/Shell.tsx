'use client';

import { usePathname, useRouter } from 'next/navigation';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import type { StatusAnswer } from '../../server/api/views.ts';
import { LiveProvider, useLive, useMounted, useNow } from '../live/LiveProvider.tsx';
import { ReorgBanner } from '../panels/ReorgBanner.tsx';
import { useSettings } from '../settings/SettingsProvider.tsx';
import { turnTheme } from '../theme.ts';
import { type Claim, claimOf, titleOf } from '../verdict.ts';
import { CommandPalette } from './CommandPalette.tsx';
import { ClaimContext } from './claim.ts';
import type { CommandContext } from './commands.ts';
import { faviconOf } from './favicon.ts';
import { Header } from './Header.tsx';
import { KeyHelp } from './KeyHelp.tsx';
import { type GoSince, type KeyAction, stepKeys } from './keys.ts';
import { PhoneNav } from './PhoneNav.tsx';
import { pageNameOf } from './places.ts';
import { StatusLine } from './StatusLine.tsx';

type Open = 'palette' | 'help' | null;

const FIELDS = 'input, textarea, select, [contenteditable]';

/** Hears the keys of the page, unless they are switched off. */
const useKeys = (act: (action: KeyAction) => void): void => {
  const { shortcuts } = useSettings();
  const since = useRef<GoSince>(null);
  const latest = useRef(act);
  latest.current = act;
  useEffect(() => {
    if (!shortcuts) return;
    const onKey = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.isComposing) return;
      const { key, ctrlKey, metaKey, altKey, target } = event;
      // The field of a dialog that was just closed has the focus until the browser draws again: nobody types there.
      const inField =
        target instanceof Element && target.closest(FIELDS) !== null && target.checkVisibility();
      const step = stepKeys(since.current, {
        key,
        ctrl: ctrlKey,
        meta: metaKey,
        alt: altKey,
        taken: inField || document.querySelector('dialog[open]') !== null,
        at: event.timeStamp,
      });
      since.current = step.since;
      if (step.action === null) return;
      event.preventDefault();
      latest.current(step.action);
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [shortcuts]);
};

/** The row of tabs shows the verdict: as a word in the title, as a shape in the icon. */
const useTabFace = (answer: StatusAnswer, claim: Claim, path: string): void => {
  const title = titleOf(answer, claim.stale, pageNameOf(path));
  const icon = faviconOf(claim.word.shape, claim.word.tone);
  useEffect(() => {
    document.title = title;
  }, [title]);
  useEffect(() => {
    for (const link of document.querySelectorAll<HTMLLinkElement>('link[rel="icon"]')) link.href = icon;
  }, [icon]);
};

const PausedNote = () => {
  const { paused, setPaused } = useLive();
  return (
    <div role="status" className="paused-place">
      {paused ? (
        <p className="banner tone-held">
          <span>
            <strong>Paused.</strong> The picture stands as it was; the node goes on.
          </span>
          <button type="button" className="button push" onClick={() => setPaused(false)}>
            Resume
          </button>
        </p>
      ) : null}
    </div>
  );
};

const Frame = ({ children }: { children: ReactNode }) => {
  const { answer, pill, paused, setPaused } = useLive();
  const now = useNow();
  const mounted = useMounted();
  const path = usePathname();
  const router = useRouter();
  const [open, setOpen] = useState<Open>(null);
  // Before the browser's clock is known nothing can be called old; and what stands still on purpose is not.
  const claim = claimOf(answer, paused ? { kind: 'live' } : pill, mounted ? now : answer.now);
  useTabFace(answer, claim, path);
  useKeys((action) => {
    if (action.kind === 'go') router.push(action.path);
    else if (action.kind === 'pause') setPaused(!paused);
    else setOpen(action.kind);
  });
  const context: CommandContext = {
    paused,
    setPaused,
    turnTheme,
    help: () => setOpen('help'),
    copyLink: () => void navigator.clipboard?.writeText(window.location.href).catch(() => undefined),
  };
  // Each closes itself alone: the browser tells of a closed dialog late, when a key may have opened the other one.
  const close = (one: Open) => (): void => setOpen((now) => (now === one ? null : now));
  return (
    <ClaimContext value={claim}>
      <Header answer={answer} claim={claim} onSearch={() => setOpen('palette')} />
      {path === '/' ? null : <StatusLine answer={answer} claim={claim} />}
      <main id="main" className="page" tabIndex={-1}>
        <PausedNote />
        {answer.kind === 'status' && !claim.stale ? <ReorgBanner status={answer.status} /> : null}
        {children}
      </main>
      <PhoneNav />
      <CommandPalette open={open === 'palette'} onClose={close('palette')} context={context} />
      <KeyHelp open={open === 'help'} onClose={close('help')} />
    </ClaimContext>
  );
};

/** What all pages share: one live status, one header, one set of keys. It stays while pages come and go. */
export const Shell = ({ initial, children }: { initial: StatusAnswer; children: ReactNode }) => (
  <LiveProvider initial={initial}>
    <Frame>{children}</Frame>
  </LiveProvider>
);
