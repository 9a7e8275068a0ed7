import type { OperatorView, PreviewView, Refused, ResyncTargetInput, StatusView } from '../api/views.ts';
import { createOperator, type Operator, type OperatorActs } from '../operator/operator.ts';
import { parseTokens } from '../operator/tokens.ts';

const DROPPED = 12;
const PREVIEW_VALID_MS = 30_000;

export const SCRIPTED_OPERATOR_TOKEN = 'b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9';
export const SCRIPTED_VIEWER_TOKEN = '6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b';

/** What going back would do, as the scripted node tells it: 12 unsafe blocks go. */
export function scriptedPreview(
  now: number,
  heads: StatusView['heads'],
  target: ResyncTargetInput = { kind: 'safe' },
  duty: PreviewView['duty'] = { kind: 'none' },
): PreviewView {
  const hash = (number: number): string => `0x${number.toString(16).padStart(64, '0')}`;
  const at = (number: number) => ({ number, hash: hash(number) });
  const safe = heads.safe?.number ?? 0;
  const point = target.kind === 'genesis' ? 0 : safe;
  return {
    id: `rs-preview-${now}`,
    target,
    point: { batch: target.kind === 'genesis' ? 0 : 901, block: at(point), origin: heads.currentL1 },
    impact: {
      dropped: DROPPED,
      unsafe: DROPPED,
      transactions: 41,
      blocks: Array.from({ length: DROPPED }, (_, i) => at(safe + 1 + i)),
      batches: 2,
      l1Blocks: 3,
      estimateMs: 4_000,
      lowersFinalized: target.kind === 'genesis',
    },
    expected: {
      unsafe: at(safe + DROPPED),
      safe: at(safe),
      finalized: heads.finalized && at(heads.finalized.number),
    },
    l1Head: at(heads.l1?.number ?? 0),
    duty,
    confirm: 'scripted',
    madeAt: now,
    validUntil: now + PREVIEW_VALID_MS,
  };
}

export interface ScriptedOperator extends Operator {
  view(): OperatorView;
  /** The next execute is refused with this. */
  refuseNext(refused: Omit<Refused, 'ok'>): void;
  setDuty(duty: PreviewView['duty']): void;
  /** Sessions are older by so much, milliseconds. */
  age(ms: number): void;
  /** Goes on to the next phase of a resync under way. */
  advanceResync(to: 'rederiving' | 'verifying' | 'done' | 'failed'): void;
}

const NOTES = {
  rederiving: 'deriving batch 1 of 2',
  verifying: 'verifying: 1 of 2 looks agree',
  done: 'in plumb with L1 again after 4.2 s, 2 batches derived',
  failed: 'failed: the engine keeps its head and its safe label: it does not go back',
} as const;

/** Number in the id of the first resync. */
const FIRST_RESYNC = 31;

/** A real operator over a node that only says what it was told to do. */
export function scriptedOperator(
  status: () => StatusView,
  now: () => number,
  onChange: () => void,
  happened: (kind: string, payload: unknown) => void,
): ScriptedOperator {
  let view: OperatorView = {
    enabled: true,
    sequencer: true,
    paused: { driver: null, sequencer: null },
    resync: null,
  };
  let duty: PreviewView['duty'] = { kind: 'none' };
  let refused: Omit<Refused, 'ok'> | null = null;
  let resyncs = 0;
  const change = (next: Partial<OperatorView>): void => {
    view = { ...view, ...next };
    onChange();
  };
  const acts: OperatorActs = {
    preview: async (target) => ({ ok: true, preview: scriptedPreview(now(), status().heads, target, duty) }),
    execute: async ({ reason, confirm }, { name }) => {
      const no =
        refused ??
        (confirm === 'scripted'
          ? null
          : { code: 'wrong_confirmation', message: 'The confirmation does not match.', retryAfterMs: null });
      refused = null;
      if (no !== null) return { ok: false, ...no };
      const { heads } = status();
      const preview = scriptedPreview(now(), heads);
      const id = `rs-${FIRST_RESYNC + resyncs++}`;
      happened('operator.resync_accepted', { actor: name, reason, point: preview.point });
      change({
        resync: {
          id,
          phase: 'rewinding',
          target: { kind: 'safe' },
          toBlock: preview.point.block,
          by: name,
          reason,
          startedAt: now(),
          endedAt: null,
          done: 0,
          of: 2,
          matches: 0,
          resumed: false,
          note: `going back to block ${preview.point.block.number}`,
        },
      });
      return { ok: true, id };
    },
    setPaused: async (paused, { part, reason }, { name }) => {
      change({ paused: { ...view.paused, [part]: paused ? { by: name, reason, since: now() } : null } });
      return { ok: true };
    },
  };
  let aged = 0;
  const holders = parseTokens(`operator ana ${SCRIPTED_OPERATOR_TOKEN}\nviewer bob ${SCRIPTED_VIEWER_TOKEN}`);
  if (!holders.ok) throw new Error(holders.error);
  const operator = createOperator(
    { nodeName: 'scripted', holders: holders.value },
    {
      acts,
      clock: { now: () => now() + aged },
      journal: { append: async (kind, payload) => happened(kind, payload) },
    },
  );
  return {
    ...operator,
    view: () => view,
    refuseNext: (next) => {
      refused = next;
    },
    setDuty: (next) => {
      duty = next;
    },
    age: (ms) => {
      aged += ms;
    },
    advanceResync: (to) => {
      if (view.resync === null) return;
      const ended = to === 'done' || to === 'failed';
      const matches = to === 'done' ? 2 : to === 'verifying' ? 1 : 0;
      const done = to === 'rederiving' ? 1 : 2;
      change({
        resync: { ...view.resync, phase: to, matches, done, note: NOTES[to], endedAt: ended ? now() : null },
      });
    },
  };
}
