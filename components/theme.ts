/** Null follows the system's preference. */
export type Theme = 'light' | 'dark' | null;

export const THEME_COOKIE = 'plumbline-theme';

const YEAR_SECONDS = 31_536_000;

export const readTheme = (value: string | undefined): Theme =>
  value === 'light' || value === 'dark' ? value : null;

const isDark = (theme: Theme): boolean =>
  theme === null ? window.matchMedia('(prefers-color-scheme: dark)').matches : theme === 'dark';

/** The theme that the page was told to have; in a browser only. */
export const presentTheme = (): Theme => readTheme(document.documentElement.dataset['theme']);

/** Changes the page to a theme and remembers it; null follows the system again. */
export const setTheme = (theme: Theme): void => {
  if (theme === null) delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = theme;
  const age = theme === null ? 0 : YEAR_SECONDS;
  // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is not in every browser.
  document.cookie = `${THEME_COOKIE}=${theme ?? ''}; path=/; max-age=${age}; samesite=lax`;
};

/** Turns to the other of the two, whatever decided the present one. Returns it. */
export const turnTheme = (): 'light' | 'dark' => {
  const next = isDark(presentTheme()) ? 'light' : 'dark';
  setTheme(next);
  return next;
};
