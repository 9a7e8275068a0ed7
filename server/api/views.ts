import { z } from 'zod';
import {
  type BATCH_STATUSES,
  batchView,
  headsView,
  laneBlockView,
  leaderView,
  reorgView,
  syncView,
} from './chainViews.ts';
import {
  type devnetAnswer,
  type devnetVerbView,
  engineView,
  fleetNodeView,
  l1ProviderView,
  observedView,
  sequencerView,
} from './nodeViews.ts';
import { operatorView } from './operatorViews.ts';
import { webhookView } from './webhookView.ts';

/**
 * What the API says and the page draws: plain data, validated at the seam between the node and Next, which
 * share a process but not module instances. Times are milliseconds since 1970 on the server's clock, block
 * timestamps are seconds. Words are those of the dashboard's vocabulary (README, "Words").
 */
export const VERDICTS = [
  'aligned',
  'catching_up',
  'degraded',
  'stalled',
  'reorg',
  'diverged',
  'halted',
  'unknown',
] as const;
export const verdictView = z.object({
  kind: z.enum(VERDICTS),
  /** One sentence an operator can act on. */
  sentence: z.string(),
  /** What the claim is measured against. */
  reference: z.string(),
  since: z.number(),
});

/** One layer of "how fresh is this": when it last answered, and what it said if it failed. */
export const freshnessView = z.object({
  /** Last success; null before the first. */
  at: z.number().nullable(),
  ok: z.boolean(),
  /** Two of these without an answer is stale. Milliseconds. */
  expectedEvery: z.number(),
  detail: z.string().nullable(),
});

export const statusView = z.object({
  /** Server time. */
  at: z.number(),
  /** Rises with every change of anything below. */
  version: z.number().int(),
  node: z.object({
    name: z.string(),
    mode: z.enum(['drive', 'observe', 'devnet']),
    startedAt: z.number(),
    software: z.string(),
    engine: z.string(),
    /** Null until the L1 node has answered for the first time. */
    l1ChainId: z.number().int().nullable(),
    l2ChainId: z.number().int(),
    l1Host: z.string(),
  }),
  verdict: verdictView,
  freshness: z.object({
    driver: freshnessView,
    l1: freshnessView,
    engine: freshnessView,
    blobs: freshnessView,
  }),
  /** How the execution engine is; null where nobody keeps track. */
  engine: engineView.nullable(),
  heads: headsView,
  leader: leaderView,
  sequencer: sequencerView.nullable(),
  /** Null where an engine is driven. */
  observed: observedView.nullable(),
  /** In the order of the configuration. */
  l1Providers: z.array(l1ProviderView),
  fleet: z.array(fleetNodeView),
  operator: operatorView,
  lanes: z.array(laneBlockView),
  /** Newest first. */
  batches: z.array(batchView),
  /** Newest first. */
  reorgs: z.array(reorgView),
  sync: syncView.nullable(),
  /** Null where none is configured. */
  webhook: webhookView.nullable(),
  /** Newest first. */
  activity: z.array(
    z.object({ seq: z.number().int(), at: z.number(), kind: z.string(), sentence: z.string() }),
  ),
  /** Last error of the loop: class, code, count in a row and age. Null when the last step was clean. */
  trouble: z
    .object({
      severity: z.enum(['temporary', 'reset', 'degraded', 'halt']),
      code: z.string(),
      message: z.string(),
      count: z.number().int(),
      /** How many of them made the driver find its start again. */
      resets: z.number().int(),
      since: z.number(),
      nextTryAt: z.number().nullable(),
    })
    .nullable(),
});

/** One criterion of health. A `skip` always has its reason; `limit` says when it warns or fails. */
export const checkView = z.object({
  id: z.string(),
  label: z.string(),
  state: z.enum(['pass', 'warn', 'fail', 'info', 'skip']),
  value: z.string(),
  limit: z.string(),
  reason: z.string().nullable(),
});

/** A process without a node says so, in words; it never answers with an empty status. */
export const noNodeAnswer = z.object({ kind: z.literal('no_node'), now: z.number(), sentence: z.string() });

/** Id of the pages' build that this server serves; left out where it serves none. */
const build = { build: z.string().optional() };

/** `now` is the server's clock when it answered, from which a page computes ages (it differs from `at`). */
export const statusAnswer = z.discriminatedUnion('kind', [
  noNodeAnswer.extend(build),
  z.object({ kind: z.literal('status'), now: z.number(), status: statusView, ...build }),
]);

export const headsAnswer = z.discriminatedUnion('kind', [
  noNodeAnswer,
  z.object({ kind: z.literal('heads'), now: z.number(), version: z.number().int(), heads: headsView }),
]);

/** One page of batches, newest first. `nextCursor` is null on the last page. */
export const batchesAnswer = z.discriminatedUnion('kind', [
  noNodeAnswer,
  z.object({
    kind: z.literal('batches'),
    now: z.number(),
    version: z.number().int(),
    batches: z.array(batchView),
    nextCursor: z.string().nullable(),
  }),
]);

/** What `onUpdate` sends: a whole status when it changed, or a sign of life when it did not. */
export const feedItem = z.discriminatedUnion('kind', [
  ...statusAnswer.options,
  z.object({ kind: z.literal('unchanged'), now: z.number() }),
]);

export type { OperatorView, PreviewView, Refused, ResyncTargetInput, SessionView } from './operatorViews.ts';
export type Verdict = z.infer<typeof verdictView>;
export type VerdictKind = (typeof VERDICTS)[number];
export type BatchStatus = (typeof BATCH_STATUSES)[number];
export type BatchView = z.infer<typeof batchView>;
export type HeadsView = z.infer<typeof headsView>;
export type LaneBlockView = z.infer<typeof laneBlockView>;
export type LeaderView = z.infer<typeof leaderView>;
export type ReorgView = z.infer<typeof reorgView>;
export type StatusView = z.infer<typeof statusView>;
export type FreshnessView = z.infer<typeof freshnessView>;
export type SequencerView = z.infer<typeof sequencerView>;
export type ObservedView = z.infer<typeof observedView>;
export type L1ProviderView = z.infer<typeof l1ProviderView>;
export type FleetNodeView = z.infer<typeof fleetNodeView>;
export type DevnetVerb = z.infer<typeof devnetVerbView>;
export type DevnetAnswer = z.infer<typeof devnetAnswer>;
export type SyncView = z.infer<typeof syncView>;
export type Check = z.infer<typeof checkView>;
export type StatusAnswer = z.infer<typeof statusAnswer>;
export type HeadsAnswer = z.infer<typeof headsAnswer>;
export type BatchesAnswer = z.infer<typeof batchesAnswer>;
export type FeedItem = z.infer<typeof feedItem>;
export type NoNodeAnswer = z.infer<typeof noNodeAnswer>;
