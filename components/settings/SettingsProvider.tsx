'use client';

import { createContext, type ReactNode, useCallback, useContext, useMemo, useRef, useState } from 'react';
import { DEFAULT_SETTINGS, SETTINGS_COOKIE, type Settings, writeSettings } from './settings.ts';

const YEAR_SECONDS = 31_536_000;

interface Held {
  readonly settings: Settings;
  readonly change: (part: Partial<Settings>) => void;
}

const SettingsContext = createContext<Held>({ settings: DEFAULT_SETTINGS, change: () => {} });

export const useSettings = (): Settings => useContext(SettingsContext).settings;
export const useChangeSettings = (): Held['change'] => useContext(SettingsContext).change;

/** The reader's own settings: `initial` as the server read them from the cookie, then as they are changed here. */
export const SettingsProvider = ({ initial, children }: { initial: Settings; children: ReactNode }) => {
  const [settings, setSettings] = useState(initial);
  const newest = useRef(initial);
  // Kept at once, not when React comes to it: the next page may be asked for in the same moment.
  const change = useCallback((part: Partial<Settings>): void => {
    const next = { ...newest.current, ...part };
    newest.current = next;
    // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is not in every browser.
    document.cookie = `${SETTINGS_COOKIE}=${encodeURIComponent(writeSettings(next))}; path=/; max-age=${YEAR_SECONDS}; samesite=lax`;
    document.documentElement.dataset['density'] = next.density;
    document.documentElement.dataset['motion'] = next.motion;
    setSettings(next);
  }, []);
  const held = useMemo(() => ({ settings, change }), [settings, change]);
  return <SettingsContext value={held}>{children}</SettingsContext>;
};
