'use client';

import { useId, useState } from 'react';
import { Switch } from '../lists/Filters.tsx';
import { useMounted } from '../live/LiveProvider.tsx';
import { askLeave } from '../live/sayNotices.ts';
import { PageHead } from '../parts/PageHead.tsx';
import { Panel } from '../parts/Panel.tsx';
import { presentTheme, setTheme, type Theme } from '../theme.ts';
import { useChangeSettings, useSettings } from './SettingsProvider.tsx';
import { EXPLORER_KINDS, type ExplorerKind, explorerProblem } from './settings.ts';

interface OneOfProps<T extends string> {
  readonly legend: string;
  readonly value: T;
  readonly choices: readonly { readonly id: T; readonly word: string }[];
  readonly onChange: (value: T) => void;
}

function OneOf<T extends string>({ legend, value, choices, onChange }: OneOfProps<T>) {
  const name = useId();
  return (
    <fieldset className="one-of">
      <legend>{legend}</legend>
      {choices.map(({ id, word }) => (
        <label key={id} className="choice">
          <input type="radio" name={name} checked={value === id} onChange={() => onChange(id)} />
          <span>{word}</span>
        </label>
      ))}
    </fieldset>
  );
}

const ThemeChoice = () => {
  const mounted = useMounted();
  const [, redraw] = useState(0);
  const theme: Theme = mounted ? presentTheme() : null;
  return (
    <OneOf
      legend="Theme"
      value={theme ?? 'system'}
      choices={[
        { id: 'system', word: 'as the system' },
        { id: 'light', word: 'light' },
        { id: 'dark', word: 'dark' },
      ]}
      onChange={(value) => {
        setTheme(value === 'system' ? null : value);
        redraw((n) => n + 1);
      }}
    />
  );
};

const Looks = () => {
  const settings = useSettings();
  const change = useChangeSettings();
  return (
    <Panel title="Looks">
      <div className="setting-grid">
        <ThemeChoice />
        <OneOf
          legend="Density"
          value={settings.density}
          choices={[
            { id: 'comfortable', word: 'comfortable' },
            { id: 'compact', word: 'compact' },
          ]}
          onChange={(density) => change({ density })}
        />
        <OneOf
          legend="Motion"
          value={settings.motion}
          choices={[
            { id: 'system', word: 'as the system' },
            { id: 'reduced', word: 'reduced' },
          ]}
          onChange={(motion) => change({ motion })}
        />
      </div>
    </Panel>
  );
};

const Times = () => {
  const settings = useSettings();
  const change = useChangeSettings();
  return (
    <Panel title="Time">
      <div className="setting-grid">
        <OneOf
          legend="Zone"
          value={settings.zone}
          choices={[
            { id: 'utc', word: 'UTC' },
            { id: 'local', word: 'local' },
          ]}
          onChange={(zone) => change({ zone })}
        />
        <OneOf
          legend="Ages"
          value={settings.time}
          choices={[
            { id: 'relative', word: 'relative (9 s ago)' },
            { id: 'absolute', word: 'absolute (14:02:31)' },
          ]}
          onChange={(time) => change({ time })}
        />
      </div>
      <p className="setting-hint">Whatever is chosen, each time says both on hover.</p>
    </Panel>
  );
};

const Keys = () => {
  const settings = useSettings();
  const change = useChangeSettings();
  return (
    <Panel title="Keys">
      <Switch
        label="Single keys do something (/, ?, p, g …)"
        on={settings.shortcuts}
        onChange={(shortcuts) => change({ shortcuts })}
      />
      <p className="setting-hint">No key does anything that changes the node.</p>
    </Panel>
  );
};

const Notifications = () => {
  const { notify } = useSettings();
  const change = useChangeSettings();
  const [said, setSaid] = useState('');
  const set = (part: Partial<typeof notify>): void => change({ notify: { ...notify, ...part } });
  const desktop = async (on: boolean): Promise<void> => {
    if (on && !(await askLeave())) {
      setSaid('The browser does not allow notifications from this page.');
      return;
    }
    setSaid('');
    set({ desktop: on });
  };
  const depth = useId();
  return (
    <Panel title="Notifications">
      <fieldset className="one-of setting-stack">
        <legend>How</legend>
        <Switch
          label="On the desktop, also while this page is hidden"
          on={notify.desktop}
          onChange={(on) => void desktop(on)}
        />
        <Switch label="With a sound" on={notify.sound} onChange={(sound) => set({ sound })} />
        <p role="status" className="note-line">
          {said}
        </p>
      </fieldset>
      <fieldset className="one-of setting-stack">
        <legend>Of what</legend>
        <p className="setting-line">
          <label htmlFor={depth}>of a reorg of depth at least</label>{' '}
          <select
            id={depth}
            className="field"
            value={String(notify.reorgDepth)}
            onChange={(event) => set({ reorgDepth: Number(event.target.value) })}
          >
            <option value="0">none</option>
            {[1, 2, 3, 5, 10].map((n) => (
              <option key={n} value={n}>
                {n}
              </option>
            ))}
          </select>
        </p>
        <Switch
          label="of a verdict of Degraded or worse"
          on={notify.verdict}
          onChange={(verdict) => set({ verdict })}
        />
        <Switch
          label="when this node’s turn to lead comes"
          on={notify.ownTurn}
          onChange={(ownTurn) => set({ ownTurn })}
        />
      </fieldset>
      <p className="setting-hint">
        For alerts that do not hang on an open page use the webhook or the Prometheus rules.
      </p>
    </Panel>
  );
};

const EXPLORER_WORDS: Record<ExplorerKind, string> = {
  l1Block: 'L1 block',
  l1Tx: 'L1 transaction',
  l1Address: 'L1 address',
  l2Block: 'L2 block',
  l2Tx: 'L2 transaction',
  l2Address: 'L2 address',
};

const ExplorerField = ({ kind }: { kind: ExplorerKind }) => {
  const { explorers } = useSettings();
  const change = useChangeSettings();
  const [text, setText] = useState(explorers[kind]);
  const id = useId();
  const problem = explorerProblem(text);
  return (
    <div className="setting-line">
      <label htmlFor={id}>{EXPLORER_WORDS[kind]}</label>
      <input
        id={id}
        type="url"
        className="field field-url"
        placeholder="https://…/{id}"
        maxLength={200}
        value={text}
        aria-invalid={problem !== null}
        aria-describedby={`${id}-problem`}
        onChange={(event) => {
          const next = event.target.value.trim();
          setText(next);
          if (explorerProblem(next) === null) change({ explorers: { ...explorers, [kind]: next } });
        }}
      />
      <span id={`${id}-problem`} className="note-line" role="status">
        {problem ?? ''}
      </span>
    </div>
  );
};

const Explorers = () => (
  <Panel title="Explorers" aside={<span className="quiet">links appear where an address is given</span>}>
    <div className="setting-stack">
      {EXPLORER_KINDS.map((kind) => (
        <ExplorerField key={kind} kind={kind} />
      ))}
    </div>
    <p className="setting-hint">
      {'{id}'} stands for the hash, number or address. They open in a new tab, without a referrer.
    </p>
  </Panel>
);

/** What a reader may choose; kept in this browser, unknown to the node. */
export const SettingsPage = () => (
  <div className="numbers">
    <PageHead title="Settings" note="Kept in this browser alone." />
    <div className="halves">
      <Looks />
      <Times />
      <Notifications />
      <Explorers />
      <Keys />
    </div>
  </div>
);
