import type { StatusView } from './api/views.ts';
import type { Journal, JournalEvent } from './journal/journal.ts';
import type { ReadModels } from './journal/readModels.ts';
import type { Address } from './protocol/refs.ts';
import type { RollupConfig } from './protocol/rollupConfig.ts';
import { sentenceOf } from './status/activity.ts';
import type { Identity } from './status/present.ts';

/** What a node of any kind says of itself. */
export interface NodeDescription {
  readonly name: string;
  readonly mode: StatusView['node']['mode'];
  readonly software: string;
  readonly config: RollupConfig;
  /** Host of the L1 endpoint, without path or credentials. */
  readonly l1Host: string;
  /** Look at L1 at least this often, milliseconds. */
  readonly pollIntervalMs: number;
  readonly ourSequencer: Address | null;
  /** Other nodes of the same operator, for the page to switch to. */
  readonly fleet?: readonly StatusView['fleet'][number][];
}

export const identityOf = (
  described: NodeDescription,
  { name: engine }: { readonly name: string },
  startedAt: number,
): Identity => ({
  node: {
    name: described.name,
    mode: described.mode,
    startedAt,
    software: described.software,
    engine,
    l1ChainId: described.config.l1ChainId,
    l2ChainId: described.config.l2ChainId,
    l1Host: described.l1Host,
  },
  fleet: [...(described.fleet ?? [])],
  batchesPerSequencer: described.config.batchesPerSequencer,
  ourSequencer: described.ourSequencer,
  expectedEveryMs: described.pollIntervalMs,
});

/** The past as pages and API read it. */
export const historyOf = (journal: Pick<Journal, 'since'> & { readonly models: ReadModels }) => ({
  models: journal.models,
  sentenceOf,
  beganAt: async () => (await journal.since(0, 1))[0]?.at ?? null,
});

/** From the last sign of the process before: nobody saw what happened since. Milliseconds since 1970. */
export const gapSince = (last: JournalEvent | null, now: number): { from: number; to: number } | null =>
  last && { from: last.at, to: now };
