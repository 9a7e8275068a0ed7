import { currentBuild, type NodeHandle } from '../runtime.ts';
import { pageOfBatches } from './batchPage.ts';
import type { CheckRunAnswer } from './checkRunViews.ts';
import type { FleetAnswer, LagAnswer } from './historyViews.ts';
import type { BatchesAnswer, HeadsAnswer, NoNodeAnswer, StatusAnswer } from './views.ts';

/** Reads of one handle at one instant, as the API says them. Nothing here waits, retries or throws. */

const noNode = (now: number): NoNodeAnswer => ({
  kind: 'no_node',
  now,
  sentence: 'No node is running in this process.',
});

/** A status is sent up to four times a second, so it carries the newest batches only; `batches` pages the rest. */
const BATCHES_IN_STATUS = 48;

export const answerStatus = (node: NodeHandle | null, now: number): StatusAnswer => {
  const build = currentBuild();
  const served = build === null ? {} : { build };
  if (node === null) return { ...noNode(now), ...served };
  const status = node.status();
  const batches = status.batches.slice(0, BATCHES_IN_STATUS);
  const whole = batches.length === status.batches.length;
  return { kind: 'status', now, status: whole ? status : { ...status, batches }, ...served };
};

export const answerHeads = (node: NodeHandle | null, now: number): HeadsAnswer => {
  if (node === null) return noNode(now);
  const { heads, version } = node.status();
  return { kind: 'heads', now, version, heads };
};

/** @param limit rows per page, 1 to 100 @param cursor `nextCursor` of the page before, null for the first */
export const answerBatches = (
  node: NodeHandle | null,
  now: number,
  limit: number,
  cursor: string | null,
): BatchesAnswer => {
  if (node === null) return noNode(now);
  const { batches, version } = node.status();
  return { kind: 'batches', now, version, ...pageOfBatches(batches, limit, cursor) };
};

export const answerLag = (node: NodeHandle | null, now: number): LagAnswer =>
  node === null ? noNode(now) : { kind: 'lag', now, samples: [...(node.lag?.() ?? [])] };

/** Empty where this node knows of no other. */
export const answerFleet = async (node: NodeHandle | null, now: number): Promise<FleetAnswer> =>
  node === null ? noNode(now) : { kind: 'fleet', now, rows: [...((await node.fleet?.()) ?? [])] };

/** Runs the checks, or answers with the run of a moment ago. */
export const answerCheckRun = async (node: NodeHandle | null, now: number): Promise<CheckRunAnswer> => {
  if (node === null) return noNode(now);
  if (node.runChecks === undefined)
    return {
      kind: 'no_checks',
      now,
      sentence: 'Nothing can be asked yet: this node still waits for its L1 or its engine.',
    };
  return { kind: 'check_run', now, run: await node.runChecks() };
};
