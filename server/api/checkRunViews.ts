import { z } from 'zod';
import { noNodeAnswer } from './views.ts';

/** One thing that was asked when an operator had the checks run: what came back, in a sentence, and how long it took. */
export const ranCheck = z.object({
  id: z.string(),
  label: z.string(),
  state: z.enum(['pass', 'warn', 'fail', 'skip']),
  /** The measured value, short; empty where there is none. */
  value: z.string(),
  sentence: z.string(),
  tookMs: z.number().nonnegative(),
});

export const checkRun = z.object({
  /** Milliseconds since 1970. */
  startedAt: z.number(),
  tookMs: z.number().nonnegative(),
  checks: z.array(ranCheck),
});

export const checkRunAnswer = z.discriminatedUnion('kind', [
  noNodeAnswer,
  /** A node that has nothing to ask. */
  z.object({ kind: z.literal('no_checks'), now: z.number(), sentence: z.string() }),
  z.object({ kind: z.literal('check_run'), now: z.number(), run: checkRun }),
]);

export type RanCheck = z.infer<typeof ranCheck>;
export type CheckRun = z.infer<typeof checkRun>;
export type CheckRunAnswer = z.infer<typeof checkRunAnswer>;
