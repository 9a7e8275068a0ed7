import type { NodeHandle } from '../runtime.ts';
import { checksOf, NOT_FOR_READINESS } from './checks.ts';
import type { Check } from './views.ts';

/** What the process knows of itself, whatever the node does. */
export interface ProcessHealth {
  /** Median delay of the event loop lately, milliseconds. */
  readonly loopLagMs: number;
}

export interface ProbeAnswer {
  readonly status: 200 | 503;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A loop that is later than this for half of the time serves nobody. Milliseconds. */
export const LOOP_LAG_LIMIT_MS = 1_000;

const answer = (ok: boolean, body: Readonly<Record<string, unknown>>): ProbeAnswer => ({
  status: ok ? 200 : 503,
  body,
});

/** `/healthz`: should this process be left running? Its loop turns and its journal takes events. */
export function answerHealth(node: NodeHandle | null, { loopLagMs }: ProcessHealth): ProbeAnswer {
  const lag = Math.round(loopLagMs);
  const journal = node?.ops?.journal() ?? null;
  const checks: Check[] = [
    {
      id: 'event_loop',
      label: 'Event loop turns',
      state: lag < LOOP_LAG_LIMIT_MS ? 'pass' : 'fail',
      value: `${lag} ms`,
      limit: `< ${LOOP_LAG_LIMIT_MS} ms`,
      reason:
        lag < LOOP_LAG_LIMIT_MS ? null : 'the process is busy all the time: restart it, or give it more CPU',
    },
    {
      id: 'journal',
      label: 'Journal takes events',
      state: journal === null ? 'skip' : journal.ok ? 'pass' : 'fail',
      value: journal === null ? 'not graded' : journal.ok ? 'writable' : 'not writable',
      limit: 'writable',
      reason: journal === null ? 'no node is running in this process' : journal.detail,
    },
  ];
  const ok = checks.every(({ state }) => state !== 'fail');
  return answer(ok, { ok, checks });
}

/** `/readyz`: should this node be asked? Every criterion with value, limit and reason; 503 with the verdict's reason. */
export function answerReady(node: NodeHandle | null, now: number): ProbeAnswer {
  if (node === null) {
    const reason = 'No node is running in this process.';
    return answer(false, { ready: false, verdict: 'unknown', reason, checks: [] });
  }
  const status = node.status();
  const checks = checksOf(status, now);
  const failed = checks.find(({ id, state }) => state === 'fail' && !NOT_FOR_READINESS.includes(id));
  const { kind, sentence } = status.verdict;
  const reason = failed === undefined || failed.id === 'verdict' ? sentence : failed.reason;
  return answer(failed === undefined, { ready: failed === undefined, verdict: kind, reason, checks });
}

/** `/startupz`: is it under way? Once L1 and the engine have answered, liveness and readiness can be asked instead. */
export function answerStartup(node: NodeHandle | null): ProbeAnswer {
  const status = node?.status() ?? null;
  const waitsFor =
    status === null
      ? 'the node'
      : status.heads.l1 === null
        ? 'the first L1 block'
        : status.freshness.engine.at === null
          ? 'the execution engine'
          : null;
  return answer(waitsFor === null, {
    started: waitsFor === null,
    reason: waitsFor === null ? null : `Waiting for ${waitsFor}.`,
  });
}
