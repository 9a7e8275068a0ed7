import type { CheckRun, RanCheck } from './api/checkRunViews.ts';
import type { Engine, EngineLabels } from './engine/engine.ts';
import { CLIENT_CAPABILITIES, methodsOf } from './engine/methods.ts';
import type { JournalStore } from './journal/journal.ts';
import type { L1, L1Heads } from './l1/l1.ts';
import { withDeadline } from './lib/abort.ts';
import type { Clock } from './lib/clock.ts';
import type { RollupConfig } from './protocol/rollupConfig.ts';

/** What does not answer in this time is said not to. Milliseconds. */
const DEADLINE_MS = 5_000;
/** Whoever asks again so soon gets the run before: a page can cost the endpoints no more than this. Milliseconds. */
const FRESH_MS = 5_000;
/** L1 makes a block in 12 s; its head may be this old, and no newer than this machine's clock but for so much. */
const OLD_HEAD_S = 60;
const AHEAD_S = 2;

/** The engine's part: one that is only observed answers less. */
export type CheckedEngine = Pick<Engine, 'name' | 'chainId' | 'labels'> &
  Partial<Pick<Engine, 'exchangeCapabilities' | 'version' | 'clockSkewMs'>>;

export interface CheckRunDeps {
  readonly config: Pick<RollupConfig, 'l1ChainId' | 'l2ChainId'>;
  readonly l1: Pick<L1, 'chainId' | 'heads' | 'beacon'>;
  readonly engine: CheckedEngine;
  readonly journal: Pick<JournalStore, 'tryWrite'>;
  readonly clock: Clock;
  /** Its L1 keeps its own time. */
  readonly devnet: boolean;
}

type Found = Pick<RanCheck, 'state' | 'value' | 'sentence'>;
interface Ask {
  readonly id: string;
  readonly label: string;
  readonly ask: () => Promise<Found>;
}

const found = (state: Found['state'], value: string, sentence: string): Found => ({ state, value, sentence });

const chain = (what: string, expected: number, ask: () => Promise<number>) => async (): Promise<Found> => {
  const id = await ask();
  return id === expected
    ? found('pass', String(id), `${what} serves chain ${id}, as configured.`)
    : found('fail', String(id), `${what} serves chain ${id}, and chain ${expected} is configured.`);
};

const named = (name: string, block: { readonly number: number } | null): string =>
  block === null ? `no ${name} label` : `${name} ${block.number}`;

const l1Head = ({ latest, safe, finalized }: L1Heads): Found => {
  const sentence = `The head is block ${latest.number} (${latest.hash}); ${named('safe', safe)}, ${named('finalized', finalized)}.`;
  return found(finalized === null ? 'warn' : 'pass', String(latest.number), sentence);
};

const engineHead = ({ latest, safe, finalized }: EngineLabels): Found => {
  const sentence = `Its head is block ${latest.number} (${latest.hash}); ${named('safe', safe)}, ${named('finalized', finalized)}.`;
  const low = latest.number < (safe?.number ?? 0) || (safe?.number ?? 0) < (finalized?.number ?? 0);
  return low
    ? found('fail', String(latest.number), `${sentence} These labels are not in their order.`)
    : found('pass', String(latest.number), sentence);
};

/** Of the newest hardfork that a batch may carry; older ones are the engine's own matter. */
const NEEDED = Object.values(methodsOf('prague'));

const capabilities = async (engine: CheckedEngine): Promise<Found> => {
  const offered = await engine.exchangeCapabilities?.();
  if (offered === undefined)
    return found('skip', '', `${engine.name} is only observed: its Engine API is not used.`);
  const ours = CLIENT_CAPABILITIES.filter((method) => offered.includes(method)).length;
  const missing = NEEDED.filter((method) => !offered.includes(method));
  const value = `${ours} of ${CLIENT_CAPABILITIES.length}`;
  return missing.length === 0
    ? found('pass', value, `It offers every method that a block of today needs, ${offered.length} in all.`)
    : found('warn', value, `It does not offer ${missing.join(', ')}, which a block of today needs.`);
};

const version = async (engine: CheckedEngine): Promise<Found> => {
  const said = (await engine.version?.()) ?? null;
  return said === null
    ? found('skip', '', `${engine.name} does not say which program and version it is.`)
    : found('pass', said, `It calls itself ${said}.`);
};

const beacon = async (l1: CheckRunDeps['l1']): Promise<Found> => {
  const said = (await l1.beacon?.()) ?? null;
  if (said === null)
    return found('skip', '', 'No beacon endpoint is configured: batches in blobs cannot be read.');
  const who = said.version === null ? 'without saying what it is' : `as ${said.version}`;
  return found('pass', said.version ?? 'answers', `The beacon endpoint ${said.host} answers, ${who}.`);
};

/** This machine against L1: a block is never made in the future, and not long ago where L1 makes blocks. */
const clockSkew = async (deps: CheckRunDeps): Promise<Found> => {
  const { l1, engine, clock, devnet } = deps;
  const skew = Math.round((engine.clockSkewMs?.() ?? 0) / 1_000);
  if (Math.abs(skew) > AHEAD_S)
    return found(
      'warn',
      `${skew} s`,
      `The engine's clock and this machine's differ by ${Math.abs(skew)} s: set both by NTP.`,
    );
  if (devnet) return found('skip', '', 'The L1 of a devnet keeps its own time.');
  const { latest } = await l1.heads();
  const age = Math.round(clock.now() / 1_000 - latest.timestamp);
  if (age < -AHEAD_S)
    return found(
      'fail',
      `${age} s`,
      `The newest L1 block is ${-age} s in the future: this machine's clock is slow.`,
    );
  return age > OLD_HEAD_S
    ? found(
        'warn',
        `${age} s`,
        `The newest L1 block is ${age} s old: this machine's clock is fast, or L1 makes no blocks.`,
      )
    : found('pass', `${age} s`, `The newest L1 block is ${age} s old by this machine's clock, as it may be.`);
};

const written = async (journal: CheckRunDeps['journal']): Promise<Found> => {
  await journal.tryWrite();
  return found('pass', '', 'What is there was written once more and is on disk; nothing was changed.');
};

const asksOf = (deps: CheckRunDeps): readonly Ask[] => {
  const { config, l1, engine, journal } = deps;
  return [
    {
      id: 'l1_chain',
      label: 'L1 chain',
      ask: chain('The L1 endpoint', config.l1ChainId, () => l1.chainId()),
    },
    { id: 'l1_head', label: 'L1 head', ask: async () => l1Head(await l1.heads()) },
    { id: 'beacon', label: 'Beacon endpoint', ask: () => beacon(l1) },
    { id: 'engine_version', label: 'Engine version', ask: () => version(engine) },
    {
      id: 'engine_chain',
      label: 'Engine chain',
      ask: chain('The engine', config.l2ChainId, () => engine.chainId()),
    },
    { id: 'engine_capabilities', label: 'Engine API', ask: () => capabilities(engine) },
    { id: 'engine_head', label: 'Engine head', ask: async () => engineHead(await engine.labels()) },
    { id: 'journal_write', label: 'Journal takes a write', ask: () => written(journal) },
    { id: 'clock', label: 'Clock', ask: () => clockSkew(deps) },
  ];
};

const messageOf = (error: unknown): string => {
  const text = error instanceof Error ? error.message : String(error);
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`;
};

/**
 * Asks everything that the node rests on, at once, when somebody wants to know now and not at the driver's next look.
 * Nothing is changed by it. One run at a time and at most one in 5 s, however many ask; what still owes the answer to an
 * earlier run is not asked again. Never rejects: what fails is a row.
 */
export function checkRunner(deps: CheckRunDeps): () => Promise<CheckRun> {
  const { clock } = deps;
  const asks = asksOf(deps);
  const owed = new Map<string, Promise<Found>>();
  const answerOf = ({ id, ask }: Ask): Promise<Found> => {
    const before = owed.get(id);
    if (before !== undefined) return before;
    const answer = ask().finally(() => owed.delete(id));
    owed.set(id, answer);
    return answer;
  };
  const runOne = async (one: Ask): Promise<RanCheck> => {
    const began = performance.now();
    const what = await withDeadline({ ms: DEADLINE_MS, what: one.label }, () => answerOf(one)).catch(
      (error) => found('fail', '', messageOf(error)),
    );
    return { id: one.id, label: one.label, ...what, tookMs: Math.round(performance.now() - began) };
  };
  const runAll = async (): Promise<CheckRun> => {
    const startedAt = clock.now();
    const began = performance.now();
    const checks = await Promise.all(asks.map(runOne));
    return { startedAt, tookMs: Math.round(performance.now() - began), checks };
  };
  let last: { readonly at: number; readonly run: Promise<CheckRun> } | null = null;
  return () => {
    const now = clock.now();
    // A clock that was set back must not keep an old run for ever.
    if (last === null || Math.abs(now - last.at) >= FRESH_MS) last = { at: now, run: runAll() };
    return last.run;
  };
}
