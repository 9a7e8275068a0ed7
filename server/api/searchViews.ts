import { z } from 'zod';
import { noNodeAnswer } from './views.ts';

export const SEARCH_KINDS = ['reorg', 'batch', 'l1_block', 'l2_block', 'sequencer', 'transaction'] as const;

/** One thing that was found, and the page that shows it. */
export const searchHit = z.object({
  kind: z.enum(SEARCH_KINDS),
  title: z.string(),
  detail: z.string(),
  /** A path of the dashboard. */
  path: z.string(),
});

export const searchAnswer = z.discriminatedUnion('kind', [
  noNodeAnswer,
  z.object({
    kind: z.literal('search'),
    now: z.number(),
    query: z.string(),
    /** Best first. */
    hits: z.array(searchHit),
    /** Why nothing was found; null when something was. */
    note: z.string().nullable(),
  }),
]);

export type SearchHit = z.infer<typeof searchHit>;
export type SearchAnswer = z.infer<typeof searchAnswer>;
