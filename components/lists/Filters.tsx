'use client';

import { type ReactNode, useEffect, useId, useRef, useState } from 'react';
import type { Changes } from './useAddress.ts';

type Change = (changes: Changes, push?: boolean) => void;

interface ChoiceProps {
  readonly name: string;
  readonly label: string;
  readonly value: string;
  /** The first is for no filter. */
  readonly choices: readonly { readonly id: string; readonly word: string }[];
  readonly change: Change;
}

export const Choice = ({ name, label, value, choices, change }: ChoiceProps) => {
  const id = useId();
  const known = choices.some((choice) => choice.id === value);
  return (
    <span className="filter">
      <label htmlFor={id}>{label}</label>
      <select
        id={id}
        className={value === '' ? 'field' : 'field is-set'}
        value={known ? value : ''}
        onChange={(event) => change({ [name]: event.target.value })}
      >
        {choices.map((choice) => (
          <option key={choice.id} value={choice.id}>
            {choice.word}
          </option>
        ))}
      </select>
    </span>
  );
};

/** Typing changes the address without a step of history; a pause in typing is a wish. Milliseconds. */
const REST_MS = 250;

export const TextFilter = ({
  name,
  label,
  value,
  hint,
  change,
}: {
  name: string;
  label: string;
  value: string;
  hint: string;
  change: Change;
}) => {
  const id = useId();
  const [text, setText] = useState(value);
  const said = useRef(value);
  useEffect(() => {
    // The address changed by other ways (back, Clear): the field follows.
    if (value !== said.current) {
      said.current = value;
      setText(value);
    }
  }, [value]);
  useEffect(() => {
    if (text.trim() === said.current) return;
    const timer = setTimeout(() => {
      said.current = text.trim();
      change({ [name]: text.trim() }, false);
    }, REST_MS);
    return () => clearTimeout(timer);
  }, [text, name, change]);
  return (
    <span className="filter">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        type="search"
        className={text === '' ? 'field field-text' : 'field field-text is-set'}
        placeholder={hint}
        value={text}
        maxLength={100}
        autoComplete="off"
        spellCheck={false}
        onChange={(event) => setText(event.target.value)}
      />
    </span>
  );
};

export const Switch = ({
  label,
  on,
  onChange,
}: {
  label: string;
  on: boolean;
  onChange: (on: boolean) => void;
}) => (
  <label className="switch">
    <input type="checkbox" checked={on} onChange={(event) => onChange(event.target.checked)} />
    <span>{label}</span>
  </label>
);

interface FilterBarProps {
  readonly label: string;
  /** How many are set: said where the filters themselves are folded away. */
  readonly set: number;
  readonly children: ReactNode;
}

/**
 * Filters in a row; on a phone behind one line, so that the list is what one sees. The style tells which, so that the
 * server's first picture has it right already.
 */
export const FilterBar = ({ label, set, children }: FilterBarProps) => {
  const [open, setOpen] = useState(false);
  return (
    <search aria-label={label} className="filter-place">
      <button
        type="button"
        className="button filter-fold"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        {set === 0 ? 'Filters' : `Filters (${set} set)`}
      </button>
      <div className="filters">{children}</div>
    </search>
  );
};
