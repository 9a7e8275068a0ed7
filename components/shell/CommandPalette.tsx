'use client';

import { useQuery } from '@tanstack/react-query';
import { useRouter } from 'next/navigation';
import { type KeyboardEvent, useEffect, useId, useMemo, useState } from 'react';
import type { SearchAnswer, SearchHit } from '../../server/api/searchViews.ts';
import { useApi } from '../live/LiveProvider.tsx';
import { Prose } from '../parts/Prose.tsx';
import { type Command, commandsFor } from './commands.ts';
import { Dialog } from './Dialog.tsx';
import { Outline } from './Outline.tsx';

/** Typing rests this long before the server is asked. Milliseconds. */
const REST_MS = 140;

const useRested = (text: string): string => {
  const [rested, setRested] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setRested(text), REST_MS);
    return () => clearTimeout(timer);
  }, [text]);
  return rested;
};

/** A number or the beginning of a hash: worth asking the server for. */
const isForServer = (text: string): boolean => /^\s*(\d|0x[0-9a-f]{4})/i.test(text);

const useFound = (text: string): { readonly hits: readonly SearchHit[]; readonly note: string | null } => {
  const api = useApi();
  const rested = useRested(text.trim());
  const wanted = isForServer(rested);
  const { data, isError, isFetching } = useQuery({
    queryKey: ['search', rested],
    queryFn: () => api.search.query({ text: rested.slice(0, 100) }),
    enabled: wanted,
    staleTime: 5_000,
    retry: false,
    networkMode: 'always',
    placeholderData: (old: SearchAnswer | undefined) => old,
  });
  if (!wanted || !isForServer(text)) return { hits: [], note: null };
  if (isError) return { hits: [], note: 'The search did not reach the server: try again.' };
  if (data?.kind === 'no_node') return { hits: [], note: data.sentence };
  if (data === undefined) return { hits: [], note: isFetching ? 'Searching …' : null };
  return data;
};

interface Row {
  readonly id: string;
  readonly title: string;
  readonly detail: string;
  readonly icon: string;
  readonly run: () => void;
}

const HIT_ICON: Record<SearchHit['kind'], string> = {
  reorg: 'M3 10h4l3-4h7M7 10l3 5h4',
  batch: 'M10 3l7 3.500l-7 3.500l-7-3.500zM3 10l7 3.500l7-3.500',
  l1_block: 'M4 5h12v10h-12z',
  l2_block: 'M4 5h12v10h-12zM10 5v10',
  sequencer: 'M3 15l-1-9l4.500 4l3.500-6l3.500 6l4.500-4l-1 9z',
  transaction: 'M3 7h12l-3-3M17 13h-12l3 3',
};

const Option = ({ row, active, onPoint }: { row: Row; active: boolean; onPoint: () => void }) => (
  // biome-ignore lint/a11y/useKeyWithClickEvents: the combobox above it hears the keys.
  <div
    id={row.id}
    role="option"
    aria-selected={active}
    tabIndex={-1}
    className={active ? 'option is-active' : 'option'}
    onPointerMove={onPoint}
    onMouseDown={(event) => event.preventDefault()}
    onClick={row.run}
  >
    <Outline path={row.icon} />
    <span className="option-title">
      <Prose text={row.title} />
    </span>
    <span className="option-detail">
      <Prose text={row.detail} />
    </span>
  </div>
);

interface BodyProps {
  readonly onClose: () => void;
  readonly context: Parameters<typeof commandsFor>[1];
}

const Body = ({ onClose, context }: BodyProps) => {
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const list = useId();
  const router = useRouter();
  const { hits, note } = useFound(text);
  const go = (path: string): void => {
    onClose();
    router.push(path);
  };
  const commands = useMemo(() => commandsFor(text, context), [text, context]);
  const rows: Row[] = [
    ...hits.map((hit, i) => ({
      ...hit,
      id: `${list}-hit-${i}`,
      icon: HIT_ICON[hit.kind],
      run: () => go(hit.path),
    })),
    ...commands.map((command: Command) => ({
      ...command,
      id: `${list}-${command.id}`,
      run: () => {
        if (command.path !== null) return go(command.path);
        onClose();
        command.act();
      },
    })),
  ];
  const active = Math.min(at, rows.length - 1);
  const onKeyDown = (event: KeyboardEvent): void => {
    const moves: Record<string, number> = {
      ArrowDown: active + 1,
      ArrowUp: active - 1,
      Home: 0,
      End: rows.length - 1,
    };
    const to = moves[event.key];
    if (event.key === 'Enter') {
      event.preventDefault();
      rows[active]?.run();
    } else if (to !== undefined && rows.length > 0 && (text === '' || !['Home', 'End'].includes(event.key))) {
      event.preventDefault();
      setAt((to + rows.length) % rows.length);
    }
  };
  useEffect(() => {
    const id = rows[active]?.id;
    if (id !== undefined) document.getElementById(id)?.scrollIntoView({ block: 'nearest' });
  });
  return (
    <>
      <input
        className="palette-input"
        role="combobox"
        aria-expanded={rows.length > 0}
        aria-controls={list}
        aria-activedescendant={rows[active]?.id}
        aria-label="Search, or choose an action"
        placeholder="Block, batch, hash, address, page …"
        autoComplete="off"
        spellCheck={false}
        maxLength={100}
        // biome-ignore lint/a11y/noAutofocus: the dialog was opened to type into it.
        autoFocus
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setAt(0);
        }}
        onKeyDown={onKeyDown}
      />
      <p className="palette-note" role="status">
        {note ?? ''}
      </p>
      <div className="options" id={list} role="listbox" aria-label="Found">
        {rows.map((row, i) => (
          <Option key={row.id} row={row} active={i === active} onPoint={() => setAt(i)} />
        ))}
      </div>
      <p className="palette-foot" aria-hidden="true">
        <kbd>↑</kbd>
        <kbd>↓</kbd> choose <kbd>Enter</kbd> open <kbd>Esc</kbd> close
      </p>
    </>
  );
};

/** Finds what is on the chains and what the page can do. It opens things and changes nothing on the node. */
export const CommandPalette = ({ open, onClose, context }: BodyProps & { open: boolean }) => (
  <Dialog open={open} onClose={onClose} title="Search and actions" className="palette" quiet>
    <Body onClose={onClose} context={context} />
  </Dialog>
);
