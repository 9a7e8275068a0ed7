import type { Metadata, Viewport } from 'next';
import localFont from 'next/font/local';
import { cookies } from 'next/headers';
import type { ReactNode } from 'react';
import { SettingsProvider } from '../components/settings/SettingsProvider.tsx';
import { readSettings, SETTINGS_COOKIE } from '../components/settings/settings.ts';
import { readTheme, THEME_COOKIE } from '../components/theme.ts';
import './globals.css';

const inter = localFont({
  src: '../node_modules/@fontsource-variable/inter/files/inter-latin-wght-normal.woff2',
  weight: '100 900',
  variable: '--font-inter',
  display: 'swap',
});

const mono = localFont({
  src: '../node_modules/@fontsource-variable/jetbrains-mono/files/jetbrains-mono-latin-wght-normal.woff2',
  weight: '100 800',
  variable: '--font-jetbrains-mono',
  display: 'swap',
});

export const metadata: Metadata = {
  title: 'Plumbline',
  description: 'A rollup driver and its control room: keeps an L2 node in plumb with L1.',
  robots: { index: false, follow: false },
};

export const viewport: Viewport = {
  width: 'device-width',
  initialScale: 1,
  themeColor: [
    { media: '(prefers-color-scheme: light)', color: '#f3f0e9' },
    { media: '(prefers-color-scheme: dark)', color: '#0c0f11' },
  ],
};

/** Theme and settings are cookies, so the first byte already has the right ones: no flash and no inline script. */
export default async function RootLayout({ children }: { children: ReactNode }) {
  const jar = await cookies();
  const theme = readTheme(jar.get(THEME_COOKIE)?.value);
  const settings = readSettings(jar.get(SETTINGS_COOKIE)?.value);
  return (
    <html
      lang="en"
      data-theme={theme ?? undefined}
      data-density={settings.density}
      data-motion={settings.motion}
      className={`${inter.variable} ${mono.variable}`}
    >
      <body>
        <SettingsProvider initial={settings}>{children}</SettingsProvider>
      </body>
    </html>
  );
}
