import type { OperatorView } from '../api/operatorViews.ts';
import type {
  BatchStatus,
  BatchView,
  HeadsView,
  LaneBlockView,
  LeaderView,
  StatusView,
  SyncView,
  Verdict,
} from '../api/views.ts';
import type { Trouble, TroubleLayer } from '../driver/plan/failure.ts';
import type {
  AppliedBatch,
  ContractState,
  EngineCondition,
  L1Heads,
  ProviderStatus,
} from '../driver/ports.ts';
import type { BlockedBatch, DriverState } from '../driver/state.ts';
import type { JournalEvent } from '../journal/journal.ts';
import type { JournalTrouble } from '../journal/lasting.ts';
import { type Address, type L1BlockRef, type L2BlockRef, ZERO_ADDRESS } from '../protocol/refs.ts';
import { sentenceOf } from './activity.ts';
import { l1ProviderView } from './l1Providers.ts';
import { observedView } from './observed.ts';
import { reorgViewOf } from './reorgs.ts';
import { type SequencingFacts, sequencerView, upcomingOf } from './sequencing.ts';
import { lostAfter } from './verdict.ts';

const LANE_BLOCKS = 12;
const LISTED_BATCHES = 50;
const LISTED_REORGS = 20;
/** Speed is worth a promise only after this long. Milliseconds. */
const ETA_AFTER_MS = 5_000;

export interface Identity extends Pick<StatusView, 'node' | 'fleet'> {
  readonly batchesPerSequencer: number;
  /** Our own sequencer address, if this node has one. */
  readonly ourSequencer: Address | null;
  readonly expectedEveryMs: number;
}

export interface Presented {
  readonly identity: Identity;
  readonly state: DriverState;
  readonly verdict: Verdict;
  /** Null for a node that only follows. */
  readonly sequencing: SequencingFacts | null;
  readonly activity: readonly JournalEvent[];
  readonly journalTrouble?: JournalTrouble | null;
  readonly l1Providers?: readonly ProviderStatus[];
  readonly engine?: EngineCondition | null;
  /** Null in a node that nobody wired for operators. */
  readonly operator?: OperatorView | null;
  readonly webhook?: StatusView['webhook'];
  readonly now: number;
  readonly version: number;
}

const NO_OPERATOR: OperatorView = {
  enabled: false,
  sequencer: false,
  paused: { driver: null, sequencer: null },
  resync: null,
};

/** The driver's state in the words of the API. Pure: same facts, same view. */
export function present({
  identity,
  state,
  verdict,
  sequencing,
  activity,
  journalTrouble,
  l1Providers,
  engine,
  operator,
  webhook,
  now,
  version,
}: Presented): StatusView {
  return {
    at: now,
    version,
    node: identity.node,
    verdict,
    freshness: freshness(state, identity.expectedEveryMs, now),
    engine: engine ?? null,
    heads: heads(state),
    leader: { ...leader(state.contracts, identity), ...upcomingOf(sequencing) },
    sequencer: sequencing && sequencerView(sequencing),
    observed: state.observed && observedView(state.observed),
    l1Providers: (l1Providers ?? []).map(l1ProviderView),
    webhook: webhook ?? null,
    fleet: identity.fleet,
    operator: operator ?? NO_OPERATOR,
    lanes: lanes(state),
    batches: batches(state),
    reorgs: state.reorgs.slice(-LISTED_REORGS).reverse().map(reorgViewOf),
    sync: syncView(state, now),
    activity: activity.map((event) => ({
      seq: event.seq,
      at: event.at,
      kind: event.kind,
      sentence: sentenceOf(event),
    })),
    trouble: troubleView(state.trouble) ?? journalView(journalTrouble ?? null),
  };
}

function troubleView(trouble: Trouble | null): StatusView['trouble'] {
  if (trouble === null) return null;
  const { layer: _, ...view } = trouble;
  return view;
}

/** One trouble is shown at a time, and the chain's comes before the history's. */
const journalView = (trouble: JournalTrouble | null): StatusView['trouble'] =>
  trouble && {
    severity: 'degraded',
    code: `journal_${trouble.code}`,
    message: `${trouble.message}; ${trouble.waiting} events wait in memory${trouble.lost === 0 ? '' : `, ${trouble.lost} are lost`}`,
    count: trouble.count,
    resets: 0,
    since: trouble.since,
    nextTryAt: trouble.nextTryAt,
  };

/** A driver that waits before it tries again is not silent: it says why, and when. */
const driverEvery = ({ trouble, lastStepAt }: DriverState, expectedEvery: number): number =>
  trouble === null || trouble.nextTryAt === null || lastStepAt === null
    ? expectedEvery
    : Math.max(expectedEvery, trouble.nextTryAt - lastStepAt);

function freshness(state: DriverState, expectedEvery: number, now: number): StatusView['freshness'] {
  const limit = lostAfter(expectedEvery);
  const failing = state.trouble?.layer ?? null;
  const layer = (at: number | null, name: TroubleLayer, every = expectedEvery) => ({
    at,
    ok: at !== null && now - at <= Math.max(limit, 2 * every) && failing !== name,
    expectedEvery: every,
    detail: failing === name ? (state.trouble?.message ?? null) : null,
  });
  const blobFails = failing === 'blobs';
  const newestBlob = state.batches.findLast((batch) => batch.source === 'blob');
  return {
    driver: layer(state.lastStepAt, 'driver', driverEvery(state, expectedEvery)),
    l1: layer(state.l1At, 'l1'),
    engine: layer(state.engineAt, 'engine'),
    blobs: {
      at: newestBlob?.appliedAt ?? null,
      ok: !blobFails,
      expectedEvery,
      detail: blobFails
        ? (state.trouble?.message ?? null)
        : newestBlob === undefined
          ? 'no batch needed one yet'
          : null,
    },
  };
}

const blockView = (ref: L1BlockRef | L2BlockRef) => ({
  number: ref.number,
  hash: ref.hash,
  timestamp: ref.timestamp,
});
const idView = (id: { readonly number: number; readonly hash: `0x${string}` }) => ({
  number: id.number,
  hash: id.hash,
});

function heads({ heads: l1, labels, position, contracts, finalizedOrigin }: DriverState): HeadsView {
  const optional = (ref: L1BlockRef | null | undefined) => (ref ? blockView(ref) : null);
  const safe = labels?.safe ?? null;
  const finalized = labels?.finalized ?? null;
  return {
    l1: optional(l1?.latest),
    l1Safe: optional(l1?.safe),
    l1Finalized: optional(l1?.finalized),
    currentL1: position?.currentL1 ? idView(position.currentL1) : null,
    unsafe: labels ? blockView(labels.latest) : null,
    safe: safe && {
      ...blockView(safe),
      origin:
        position?.origin && position.cursor.lastBlock.hash === safe.hash ? idView(position.origin) : null,
    },
    finalized: finalized && { ...blockView(finalized), origin: finalizedOrigin && idView(finalizedOrigin) },
    verifiedBatch: contracts?.lastVerifiedBatch ?? null,
  };
}

/** protocol.md 1.4: leadership counts batches; slot 0 holds batches 1 to n − 1 only. */
export function leader(
  contracts: ContractState | null,
  { batchesPerSequencer, ourSequencer }: Pick<Identity, 'batchesPerSequencer' | 'ourSequencer'>,
): LeaderView {
  const unknown = { address: null, isUs: false, nextBatch: null, term: null, next: null, upcoming: [] };
  if (contracts === null) return { ...unknown, detail: 'the contracts have not been read yet' };
  const nextBatch = contracts.lastCommittedBatch + 1;
  if (contracts.leader === null)
    return { ...unknown, nextBatch, detail: 'this rollup has no sequencer registry' };
  if (contracts.leader === ZERO_ADDRESS) {
    return { ...unknown, nextBatch, detail: 'no sequencer is registered: nobody can commit a batch' };
  }
  const slot = Math.floor(nextBatch / batchesPerSequencer);
  const last = slot * batchesPerSequencer + batchesPerSequencer - 1;
  return {
    address: contracts.leader,
    isUs: contracts.leader === ourSequencer,
    nextBatch,
    term: { first: Math.max(1, slot * batchesPerSequencer), last, left: last - nextBatch + 1 },
    next: null,
    upcoming: [],
    detail: null,
  };
}

function lanes(state: DriverState): LaneBlockView[] {
  const shown = state.recentL1.slice(-LANE_BLOCKS);
  const first = shown[0]?.number ?? 0;
  const lane = (ref: L1BlockRef, canonical: boolean): LaneBlockView => ({
    ...blockView(ref),
    label: canonical ? labelOf(ref, state.heads) : 'unsafe',
    canonical,
    batches: batchesIn(ref, state, canonical),
  });
  const orphans = state.orphanedL1.filter((ref) => ref.number >= first);
  return [...shown.map((ref) => lane(ref, true)), ...orphans.map((ref) => lane(ref, false))];
}

function labelOf(ref: L1BlockRef, l1: L1Heads | null): LaneBlockView['label'] {
  if (l1?.finalized && ref.number <= l1.finalized.number) return 'finalized';
  return l1?.safe && ref.number <= l1.safe.number ? 'safe' : 'unsafe';
}

function batchesIn(ref: L1BlockRef, state: DriverState, canonical: boolean): LaneBlockView['batches'] {
  const from = canonical ? state.batches : state.orphanedBatches;
  const held = from
    .filter((batch) => batch.commit.l1Block.hash === ref.hash)
    .map((batch) => ({
      number: batch.batchNumber,
      firstBlock: batch.firstBlock,
      lastBlock: batch.lastBlock.number,
      progress: canonical ? progressOf(batch, state) : ('orphaned' as const),
    }));
  const { blocked } = state;
  if (!canonical || blocked?.commit.l1Block.hash !== ref.hash) return held;
  return [
    ...held,
    { number: blocked.batchNumber, firstBlock: null, lastBlock: null, progress: 'dropped' as const },
  ];
}

const progressOf = (batch: AppliedBatch, { labels }: DriverState): BatchStatus =>
  labels?.finalized && batch.lastBlock.number <= labels.finalized.number ? 'finalized' : 'safe';

function batches(state: DriverState): BatchView[] {
  const applied = state.batches.map((batch) => appliedView(batch, progressOf(batch, state), null));
  const blocked = state.blocked === null ? [] : [blockedView(state.blocked)];
  const orphaned = state.orphanedBatches.map((batch) =>
    appliedView(batch, 'orphaned', 'its L1 block was dropped by an L1 reorg'),
  );
  return [...orphaned, ...applied, ...blocked]
    .sort((a, b) => b.number - a.number || b.l1Block.timestamp - a.l1Block.timestamp)
    .slice(0, LISTED_BATCHES);
}

const appliedView = (batch: AppliedBatch, progress: BatchStatus, reason: string | null): BatchView => ({
  number: batch.batchNumber,
  progress,
  l1Block: blockView(batch.commit.l1Block),
  txHash: batch.commit.transaction.hash,
  poster: batch.commit.transaction.from,
  firstBlock: batch.firstBlock,
  lastBlock: batch.lastBlock.number,
  lastBlockHash: batch.lastBlock.hash,
  stateRoot: batch.commit.newStateRoot,
  privilegedCount: batch.privilegedCount,
  transactionCount: batch.transactionCount,
  gasUsed: batch.gasUsed.toString(),
  source: batch.source,
  reason,
});

const blockedView = ({ batchNumber, commit, reason, detail }: BlockedBatch): BatchView => ({
  number: batchNumber,
  progress: 'dropped',
  l1Block: blockView(commit.l1Block),
  txHash: commit.transaction.hash,
  poster: commit.transaction.from,
  firstBlock: null,
  lastBlock: null,
  lastBlockHash: null,
  stateRoot: commit.newStateRoot,
  privilegedCount: null,
  transactionCount: null,
  gasUsed: null,
  source: null,
  reason: `${reason}: ${detail}`,
});

/** An estimate only where there is a speed to base it on; else the reason why not. */
function syncView({ sync }: DriverState, now: number): SyncView | null {
  if (sync === null) return null;
  const elapsed = now - sync.startedAt;
  const done = sync.current - sync.from;
  const left = sync.target - sync.current;
  if (elapsed < ETA_AFTER_MS) {
    return { ...sync, etaSeconds: null, note: `speed measured for only ${Math.round(elapsed / 1000)} s` };
  }
  if (done <= 0) return { ...sync, etaSeconds: null, note: 'no L1 block finished yet' };
  return { ...sync, etaSeconds: Math.ceil((left * elapsed) / done / 1000), note: null };
}
