'use client';

import { useId } from 'react';

interface FieldsProps {
  readonly reason: string;
  readonly onReason: (reason: string) => void;
  readonly name: string;
  readonly onName: (name: string) => void;
  /** What has to be typed. */
  readonly nodeName: string;
}

/** What every order says of itself: why, and which node is meant. */
export const OrderFields = ({ reason, onReason, name, onName, nodeName }: FieldsProps) => {
  const ids = { reason: useId(), name: useId(), hint: useId() };
  return (
    <div className="order-fields">
      <div>
        <label htmlFor={ids.reason} className="order-label">
          Reason, kept in the journal
        </label>
        <input
          id={ids.reason}
          className="field order-field"
          maxLength={200}
          value={reason}
          autoComplete="off"
          onChange={(event) => onReason(event.target.value)}
        />
      </div>
      <div>
        <label htmlFor={ids.name} className="order-label">
          Name of this node
        </label>
        <input
          id={ids.name}
          className="field order-field mono"
          maxLength={64}
          value={name}
          autoComplete="off"
          autoCapitalize="off"
          spellCheck={false}
          aria-describedby={ids.hint}
          onChange={(event) => onName(event.target.value)}
        />
        <p id={ids.hint} className="quiet order-hint">
          Type <strong className="mono">{nodeName}</strong>, so that no other node is meant.
        </p>
      </div>
    </div>
  );
};

/** Why the order cannot be given yet; null when it can. */
export function lackOf(reason: string, name: string, nodeName: string): string | null {
  if (reason.trim().length < 3) return 'Say why: at least three characters.';
  if (name !== nodeName) return `Type the name of this node, ${nodeName}.`;
  return null;
}

/** For a button that must not be the first to be pressed by a held Enter: the browser focuses what carries this. */
export const focusFirst = (element: HTMLElement | null): void => element?.setAttribute('autofocus', '');
