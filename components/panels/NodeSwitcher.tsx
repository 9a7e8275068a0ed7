'use client';

import { type FocusEvent, type KeyboardEvent, useId, useRef, useState } from 'react';
import type { FleetNodeView } from '../../server/api/views.ts';
import { safeLink } from '../links.ts';
import { Icon } from '../parts/Icon.tsx';

interface Row extends FleetNodeView {
  readonly present: boolean;
}

/** The node shown is in the menu whether its operator lists it or not. */
const rowsOf = (present: string, fleet: readonly FleetNodeView[]): readonly Row[] => {
  const rows = fleet.map((node) => ({ ...node, present: node.name === present }));
  return rows.some((row) => row.present) ? rows : [{ name: present, url: '', present: true }, ...rows];
};

const Place = ({ row: { name, url, present } }: { row: Row }) => {
  const href = present ? null : safeLink(url);
  if (present) {
    return (
      <span className="switcher-row" aria-current="true">
        <Icon shape="check" />
        <span>{name}</span>
        <span className="quiet">this node</span>
      </span>
    );
  }
  if (href === null) {
    return (
      <span className="switcher-row" title={url}>
        <span>{name}</span>
        <span className="quiet">has no web address</span>
      </span>
    );
  }
  return (
    <a className="switcher-row" href={href}>
      <span>{name}</span>
      <span className="quiet">{new URL(href).host}</span>
    </a>
  );
};

/** Other nodes of the same operator, as plain links to their dashboards; Escape and leaving close the list. */
export const NodeSwitcher = ({ present, fleet }: { present: string; fleet: readonly FleetNodeView[] }) => {
  const [open, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const id = useId();
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key !== 'Escape' || !open) return;
    setOpen(false);
    button.current?.focus();
  };
  const onBlur = (event: FocusEvent): void => {
    if (!event.currentTarget.contains(event.relatedTarget)) setOpen(false);
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: it hears the keys of the button and the links inside it.
    <div className="switcher" onKeyDown={onKeyDown} onBlur={onBlur}>
      <button
        ref={button}
        type="button"
        className="badge switcher-button"
        aria-expanded={open}
        aria-controls={id}
        onClick={() => setOpen(!open)}
      >
        <span className="sr-only">Switch node, now </span>
        <span className="switcher-name">{present}</span>
        <svg viewBox="0 0 10 6" className="switcher-chevron" aria-hidden="true" focusable="false">
          <path d="M1 1l4 4l4-4" fill="none" stroke="currentColor" strokeWidth="1.5" />
        </svg>
      </button>
      <ul id={id} className="switcher-list" hidden={!open} tabIndex={-1}>
        {rowsOf(present, fleet).map((row) => (
          <li key={`${row.name} ${row.url}`}>
            <Place row={row} />
          </li>
        ))}
      </ul>
    </div>
  );
};
