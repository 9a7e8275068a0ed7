'use client';

import { type KeyboardEvent, useId, useRef, useState } from 'react';
import type { DevnetAnswer, DevnetVerb, StatusView } from '../../server/api/views.ts';
import { groupDigits } from '../format.ts';
import { Icon } from '../parts/Icon.tsx';
import { Panel } from '../parts/Panel.tsx';
import { Prose } from '../parts/Prose.tsx';
import { CHAOS_GROUPS } from '../words.ts';

type Argument = DevnetVerb['args'][number];
type Values = Readonly<Record<string, string>>;

const CHAOS_URL = '/api/v1/devnet/chaos';
const ASKED_TOO_SOON = 'The verb before is still at work.';

/** Arguments as the server takes them, or what is wrong with one, in a sentence. */
const readValues = (verb: DevnetVerb, values: Values): Record<string, string | number> | string => {
  const read: Record<string, string | number> = {};
  for (const one of verb.args) {
    const text = values[one.name] ?? String(one.default);
    const value = Number(text);
    if (one.kind === 'number' && (!/^\d+$/.test(text) || value < one.min || value > one.max)) {
      return `${verb.name}: ${one.name} is a whole number from ${groupDigits(one.min)} to ${groupDigits(one.max)}.`;
    }
    read[one.name] = one.kind === 'number' ? value : text;
  }
  return read;
};

const ask = async (verb: string, args: Record<string, string | number>): Promise<DevnetAnswer> => {
  try {
    const answer = await fetch(CHAOS_URL, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ verb, args }),
    });
    return (await answer.json()) as DevnetAnswer;
  } catch {
    return { ok: false, sentence: `${verb}: this page’s server did not answer.` };
  }
};

interface FieldProps {
  readonly verb: string;
  readonly argument: Argument;
  readonly names: readonly string[];
  readonly value: string;
  readonly onValue: (value: string) => void;
}

const NODE_WORDS: Values = { leader: 'the leader', all: 'all nodes' };

const choicesOf = (argument: Exclude<Argument, { kind: 'number' }>, names: readonly string[]) => {
  if (argument.kind === 'choice') return argument.choices;
  return [...new Set([argument.default, 'leader', ...names])];
};

const Field = ({ verb, argument, names, value, onValue }: FieldProps) => {
  const label = `${argument.name} for ${verb}`;
  if (argument.kind === 'number') {
    return (
      <span className="field-pair">
        <input
          className="field field-number num"
          inputMode="numeric"
          aria-label={`${label}, ${argument.min} to ${argument.max}`}
          value={value}
          maxLength={String(argument.max).length}
          onChange={(event) => onValue(event.target.value)}
        />
        <span className="field-unit" aria-hidden="true">
          {argument.name}
        </span>
      </span>
    );
  }
  return (
    <select
      className="field"
      aria-label={label}
      title={argument.name}
      value={value}
      onChange={(event) => onValue(event.target.value)}
    >
      {choicesOf(argument, names).map((choice) => (
        <option key={choice} value={choice}>
          {argument.kind === 'node' ? (NODE_WORDS[choice] ?? choice) : `${choice} ${argument.name}`}
        </option>
      ))}
    </select>
  );
};

interface VerbProps {
  readonly verb: DevnetVerb;
  readonly names: readonly string[];
  readonly off: boolean;
  readonly onRun: (verb: DevnetVerb, values: Values) => void;
}

/** A key that is held down asks once. */
const notRepeated = (event: KeyboardEvent): void => {
  if (event.repeat) event.preventDefault();
};

const Verb = ({ verb, names, off, onRun }: VerbProps) => {
  const [values, setValues] = useState<Values>({});
  const id = useId();
  return (
    <li className="verb">
      <div className="verb-row">
        <button
          type="button"
          className="button verb-button"
          aria-describedby={id}
          aria-disabled={off}
          onKeyDown={notRepeated}
          onClick={() => onRun(verb, values)}
        >
          {verb.name}
        </button>
        {verb.args.map((argument) => (
          <Field
            key={argument.name}
            verb={verb.name}
            argument={argument}
            names={names}
            value={values[argument.name] ?? String(argument.default)}
            onValue={(value) => setValues({ ...values, [argument.name]: value })}
          />
        ))}
      </div>
      <p id={id} className="verb-summary">
        {verb.summary}
      </p>
    </li>
  );
};

const grouped = (verbs: readonly DevnetVerb[]) => {
  const known = new Set(CHAOS_GROUPS.flatMap((group) => group.verbs));
  const rest = { title: 'More', verbs: verbs.map(({ name }) => name).filter((name) => !known.has(name)) };
  return [...CHAOS_GROUPS, rest].flatMap(({ title, verbs: names }) => {
    const here = names.flatMap((name) => verbs.filter((verb) => verb.name === name));
    return here.length === 0 ? [] : [{ title, verbs: here }];
  });
};

const Said = ({ said, working }: { said: DevnetAnswer | null; working: string | null }) => (
  <div className="said" role="status" aria-label="What became of it">
    {working !== null ? <p className="quiet">{working} …</p> : null}
    {working === null && said !== null ? (
      <p className={said.ok ? 'tone-ok' : 'tone-warn'}>
        <Icon shape={said.ok ? 'check' : 'triangle'} />
        <span>
          <Prose text={said.sentence} />
        </span>
      </p>
    ) : null}
    {working === null && said === null ? <p className="quiet">Nothing was disturbed from here yet.</p> : null}
  </div>
);

interface DevnetProps {
  readonly verbs: readonly DevnetVerb[];
  readonly status: Pick<StatusView, 'node' | 'fleet'>;
  /** False while this page cannot reach its server. */
  readonly reachable: boolean;
}

/** Disturbs the devnet that this node is part of. There is no shortcut: a verb runs when its own button is pressed. */
export const DevnetPanel = ({ verbs, status: { node, fleet }, reachable }: DevnetProps) => {
  const [said, setSaid] = useState<DevnetAnswer | null>(null);
  const [working, setWorking] = useState<string | null>(null);
  const busy = useRef(false);
  const names = fleet.length === 0 ? [node.name] : fleet.map(({ name }) => name);
  const run = async (verb: DevnetVerb, values: Values): Promise<void> => {
    if (!reachable) return setSaid({ ok: false, sentence: 'This page cannot reach its server.' });
    if (busy.current) return setSaid({ ok: false, sentence: ASKED_TOO_SOON });
    const args = readValues(verb, values);
    if (typeof args === 'string') return setSaid({ ok: false, sentence: args });
    busy.current = true;
    setWorking(verb.name);
    setSaid(await ask(verb.name, args));
    busy.current = false;
    setWorking(null);
  };
  return (
    <Panel
      title="Devnet"
      className="devnet"
      aside={<span className="quiet">Chaos for all its nodes; only a devnet has this panel</span>}
    >
      <Said said={said} working={working} />
      <div className="verb-groups">
        {grouped(verbs).map((group) => (
          <div key={group.title}>
            <h3 className="strip-name">{group.title}</h3>
            <ul>
              {group.verbs.map((verb) => (
                <Verb
                  key={verb.name}
                  verb={verb}
                  names={names}
                  off={!reachable || working !== null}
                  onRun={run}
                />
              ))}
            </ul>
          </div>
        ))}
      </div>
    </Panel>
  );
};
