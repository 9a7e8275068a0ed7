import type { Check, StatusView } from '../../server/api/views.ts';
import { duration, utc } from '../format.ts';

/** How many checks are in each state, in the order in which people ask. */
export const tally = (
  checks: readonly Check[],
): readonly { readonly state: Check['state']; readonly count: number }[] =>
  (['pass', 'warn', 'fail', 'info', 'skip'] as const)
    .map((state) => ({ state, count: checks.filter((check) => check.state === state).length }))
    .filter(({ state, count }) => count > 0 || ['pass', 'warn', 'fail'].includes(state));

const row = ({ state, label, value, limit, reason }: Check): string =>
  `  [${state}] ${label}: ${value} (limit: ${limit})${reason === null ? '' : ` — ${reason}`}`;

const head = (name: string, block: { number: number; hash: string } | null): string =>
  `  ${name}: ${block === null ? 'not known' : `${block.number} ${block.hash}`}`;

/** The state of the node as text, for a ticket or a chat: nothing in it that is secret. Pure. */
export const reportOf = (status: StatusView, checks: readonly Check[], now: number): string => {
  const { node, verdict, heads, trouble } = status;
  return [
    `${node.name} (${node.software}, ${node.mode}) at ${utc(now)}`,
    `Verdict: ${verdict.kind}, for ${duration(now - verdict.since)}. ${verdict.sentence}`,
    `Up for ${duration(now - node.startedAt)}; L1 chain ${node.l1ChainId ?? 'not known'} at ${node.l1Host}, L2 chain ${node.l2ChainId}, engine ${node.engine}`,
    'Heads:',
    head('L1', heads.l1),
    head('L2 unsafe', heads.unsafe),
    head('L2 safe', heads.safe),
    head('L2 finalized', heads.finalized),
    'Checks:',
    ...checks.map(row),
    trouble === null
      ? 'Trouble: none'
      : `Trouble: ${trouble.code} (${trouble.severity}), ${trouble.count} times since ${utc(trouble.since)}: ${trouble.message}`,
    '',
  ].join('\n');
};

export interface Speed {
  /** L1 blocks a second. */
  readonly replay: number;
  readonly growth: number;
  /** Measured over this time. Milliseconds. */
  readonly overMs: number;
}

/** Below this a speed says nothing. Milliseconds. */
const ENOUGH_MS = 10_000;
/** Only what was lately counts. Milliseconds. */
const LATELY_MS = 120_000;

interface Sample {
  readonly at: number;
  readonly current: number | null;
  readonly target: number | null;
}

/** How fast L1 is derived and how fast it grows, from samples of where both were; null when too little is known. */
export const speedOf = (samples: readonly Sample[]): Speed | null => {
  const known = samples.filter(
    (sample): sample is Sample & { current: number; target: number } =>
      sample.current !== null && sample.target !== null,
  );
  const last = known.at(-1);
  if (last === undefined) return null;
  const first = known.find(({ at }) => last.at - at <= LATELY_MS) ?? last;
  const overMs = last.at - first.at;
  if (overMs < ENOUGH_MS) return null;
  const perSecond = (blocks: number): number => (blocks * 1_000) / overMs;
  return {
    replay: perSecond(last.current - first.current),
    growth: perSecond(last.target - first.target),
    overMs,
  };
};
