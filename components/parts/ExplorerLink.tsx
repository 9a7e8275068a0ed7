'use client';

import { useSettings } from '../settings/SettingsProvider.tsx';
import { type ExplorerKind, explorerLink } from '../settings/settings.ts';
import { OUTLINES, Outline } from '../shell/Outline.tsx';

/** Leads to the explorer that the reader configured for this kind of thing; nothing where there is none. */
export const ExplorerLink = ({
  kind,
  id,
  what,
}: {
  kind: ExplorerKind;
  id: string | number;
  what: string;
}) => {
  const href = explorerLink(useSettings(), kind, id);
  if (href === null) return null;
  return (
    <a
      className="copy"
      href={href}
      target="_blank"
      rel="noreferrer noopener"
      aria-label={`Open ${what} in the explorer (new tab)`}
      title={`Open ${what} in the explorer (new tab)`}
    >
      <Outline path={OUTLINES.out} />
    </a>
  );
};
