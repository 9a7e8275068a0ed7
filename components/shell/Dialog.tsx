'use client';

import { type ReactNode, type SyntheticEvent, useEffect, useId, useRef, useState } from 'react';
import { OUTLINES, Outline } from './Outline.tsx';

interface DialogProps {
  readonly open: boolean;
  readonly onClose: () => void;
  readonly title: string;
  readonly className?: string;
  /** The title is for assistive technology alone. */
  readonly quiet?: boolean;
  /** What is typed in it is work: no press beside it and no first Escape throws that away. */
  readonly keepsTyped?: boolean;
  readonly children: ReactNode;
}

const KEPT = 'What you typed is kept. Cancel, or Escape once more, discards it.';

/** Whether somebody typed into one of the fields. Choices do not count: they are made again in no time. */
const holdsText = (dialog: HTMLDialogElement): boolean =>
  [...dialog.querySelectorAll<HTMLInputElement | HTMLTextAreaElement>('input, textarea')].some(
    (field) => field.type !== 'radio' && field.type !== 'checkbox' && field.value.trim() !== '',
  );

/**
 * A modal dialog of the browser's own kind: the rest of the page is inert, Escape closes it, and the focus goes back
 * to where it came from. A press that begins and ends beside it closes it too.
 */
export const Dialog = (props: DialogProps) => {
  const { open, onClose, title, className = '', quiet = false, keepsTyped = false, children } = props;
  const ref = useRef<HTMLDialogElement>(null);
  const pressed = useRef<EventTarget | null>(null);
  const [warned, setWarned] = useState(false);
  const id = useId();
  useEffect(() => {
    const element = ref.current;
    if (element === null || element.open === open) return;
    setWarned(false);
    if (open) element.showModal();
    else element.close();
  }, [open]);
  const isKept = (): boolean => keepsTyped && ref.current !== null && holdsText(ref.current);
  const onCancel = (event: SyntheticEvent<HTMLDialogElement>): void => {
    if (event.target !== ref.current || warned || !isKept()) return;
    event.preventDefault();
    setWarned(true);
  };
  const onPressBeside = (): void => {
    if (isKept()) setWarned(true);
    else onClose();
  };
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the browser closes a modal dialog on Escape by itself.
    <dialog
      ref={ref}
      className={`dialog ${className}`}
      aria-labelledby={id}
      onClose={onClose}
      onCancel={onCancel}
      onPointerDown={(event) => {
        pressed.current = event.target;
      }}
      onClick={(event) => {
        // A selection that was dragged out of a field ends here too, and means nothing.
        if (event.target === ref.current && pressed.current === ref.current) onPressBeside();
      }}
    >
      {open ? (
        <div className="dialog-body">
          <div className={quiet ? 'sr-only' : 'dialog-head'}>
            <h2 id={id}>{title}</h2>
            {quiet ? null : (
              <button type="button" className="icon-button" aria-label="Close" onClick={onClose}>
                <Outline path={OUTLINES.close} />
              </button>
            )}
          </div>
          {children}
          {keepsTyped ? (
            <p className="dialog-kept" role="status">
              {warned ? KEPT : ''}
            </p>
          ) : null}
        </div>
      ) : null}
    </dialog>
  );
};
