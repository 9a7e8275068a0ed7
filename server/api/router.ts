import { tracked } from '@trpc/server';
import { z } from 'zod';
import { sleep } from '../lib/sleep.ts';
import { currentNode, type NodeHandle } from '../runtime.ts';
import {
  answerBatches,
  answerCheckRun,
  answerFleet,
  answerHeads,
  answerLag,
  answerStatus,
} from './answers.ts';
import { isBatchCursor } from './batchPage.ts';
import { type FeedDeps, statusFeed } from './feed.ts';
import { activityInput, batchListInput, leadersInput, reorgsInput } from './historyViews.ts';
import { updatesInput } from './live/updates.ts';
import { operatorRouter } from './operatorRouter.ts';
import {
  answerActivity,
  answerBatch,
  answerBatchList,
  answerLeaders,
  answerReorg,
  answerReorgs,
} from './queries.ts';
import { answerSearch } from './search.ts';
import { t } from './trpc.ts';
import type { FeedItem } from './views.ts';

const FEED: FeedDeps = { node: currentNode, now: () => Date.now(), sleep };

const batchesInput = z
  .object({
    limit: z.number().int().min(1).max(100).default(25),
    cursor: z.string().refine(isBatchCursor, 'not a cursor of this list').nullish(),
  })
  .default({ limit: 25 });

/** Everything here is read-only; what acts is in a router of its own, behind authentication. */
export const appRouter = t.router({
  status: t.procedure.query(() => answerStatus(currentNode(), Date.now())),
  heads: t.procedure.query(() => answerHeads(currentNode(), Date.now())),
  batches: t.procedure
    .input(batchesInput)
    .query(({ input }) => answerBatches(currentNode(), Date.now(), input.limit, input.cursor ?? null)),
  reorgs: t.procedure.input(reorgsInput).query(({ input }) => answerReorgs(currentNode(), Date.now(), input)),
  reorg: t.procedure
    .input(z.object({ id: z.string().min(1).max(100) }))
    .query(({ input }) => answerReorg(currentNode(), Date.now(), input.id)),
  batchList: t.procedure
    .input(batchListInput)
    .query(({ input }) => answerBatchList(currentNode(), Date.now(), input)),
  batch: t.procedure
    .input(z.object({ number: z.number().int().nonnegative() }))
    .query(({ input }) => answerBatch(currentNode(), Date.now(), input.number)),
  leaders: t.procedure
    .input(leadersInput)
    .query(({ input }) => answerLeaders(currentNode(), Date.now(), input)),
  activity: t.procedure
    .input(activityInput)
    .query(({ input }) => answerActivity(currentNode(), Date.now(), input)),
  lag: t.procedure.query(() => answerLag(currentNode(), Date.now())),
  fleet: t.procedure.query(() => answerFleet(currentNode(), Date.now())),
  runChecks: t.procedure.query(() => answerCheckRun(currentNode(), Date.now())),
  search: t.procedure
    .input(z.object({ text: z.string().trim().min(1).max(100) }))
    .query(({ input }) => answerSearch(currentNode(), Date.now(), input.text)),
  onUpdate: t.procedure.input(updatesInput).subscription(async function* ({ input, signal }) {
    const feed = statusFeed(input?.lastEventId ?? null, signal ?? new AbortController().signal, FEED);
    for await (const { id, item } of feed) yield tracked<FeedItem>(id, item);
  }),
});

/** With what an operator may order. */
export const operatedRouter = t.mergeRouters(appRouter, t.router({ operator: operatorRouter }));

/** Without a token the write procedures do not exist. */
export const routerOf = (node: NodeHandle | null): typeof appRouter | typeof operatedRouter =>
  node?.operator === undefined ? appRouter : operatedRouter;

export type AppRouter = typeof operatedRouter;

/** For server code and tests: the same procedures without HTTP. */
export const createCaller = t.createCallerFactory(appRouter);
