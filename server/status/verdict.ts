import type { SequencerView, Verdict } from '../api/views.ts';
import type { DriverState } from '../driver/state.ts';
import type { JournalTrouble } from '../journal/lasting.ts';

export interface VerdictFacts {
  readonly state: DriverState;
  readonly now: number;
  readonly startedAt: number;
  readonly l1Host: string;
  /** The loop looks at least this often, milliseconds. */
  readonly expectedEveryMs: number;
  /** Of a node that may lead: until when the bridge's messages have to be included. */
  readonly messages?: SequencerView['messages'];
  readonly journalTrouble?: JournalTrouble | null;
  /** Why fast confirmations stand still; null when they do not. */
  readonly feedConflict?: string | null;
  readonly sequencerPaused?: { readonly by: string; readonly reason: string } | null;
}

type Judged = Pick<Verdict, 'kind' | 'sentence'>;

/** Milliseconds without an answer after which a dependency counts as lost: five looks, and never under 10 s. */
export const lostAfter = (expectedEveryMs: number): number => Math.max(10_000, 5 * expectedEveryMs);

/** Failures in a row that an operator should hear of although the heads still look right. */
const DEGRADED_AFTER = 3;

const seconds = (ms: number): string => `${Math.max(0, Math.round(ms / 1000))} s`;

/**
 * One verdict at a time, the worst that applies; what follows from it is not reported beside it. "Aligned" is
 * claimed only after an L1 head was read and every batch up to it was compared.
 */
export function judge(facts: VerdictFacts): Judged {
  const { state } = facts;
  return (
    paused(state) ??
    resyncing(state) ??
    halted(state) ??
    lost(facts) ??
    diverged(state) ??
    blocked(state) ??
    lagging(facts) ??
    waiting(facts) ??
    reorg(state) ??
    catchingUp(state) ??
    behindL1(state) ??
    ahead(state) ??
    sequencerPaused(facts) ??
    degraded(facts) ??
    conflicting(facts) ??
    expired(facts) ??
    unwritten(facts) ??
    aligned(state)
  );
}

const paused = ({ paused: by }: DriverState): Judged | null =>
  by === null
    ? null
    : {
        kind: 'halted',
        sentence: `Paused by ${by.by}: “${by.reason}”. What is known stays readable; nothing is derived until the driver is resumed.`,
      };

/** Whatever else is wrong follows from it, or is what it is to mend. */
const resyncing = ({ resync, trouble }: DriverState): Judged | null => {
  if (resync === null || resync.endedAt !== null) return null;
  const waits = trouble === null ? '' : ` Waiting: ${trouble.message}.`;
  return { kind: 'catching_up', sentence: `Manual resync by ${resync.actor.name}: ${resync.note}.${waits}` };
};

/** What L1 took back of what it had called final is followed by an order alone; the rest is mended outside the node. */
const wayOut = (code: string | undefined): string =>
  code === 'beyond_finalized' || code === 'finalized_conflict'
    ? 'If L1 is right now, a resync follows it: on the page, or with plumbline resync.'
    : 'Restart the node when this is resolved.';

const halted = ({ phase, trouble }: DriverState): Judged | null =>
  phase === 'halted'
    ? {
        kind: 'halted',
        sentence: `Stopped, and waiting for an operator: ${trouble?.message ?? 'no reason was kept'}. What is known stays readable. ${wayOut(trouble?.code)}`,
      }
    : null;

function lost({ state, now, startedAt, l1Host, expectedEveryMs }: VerdictFacts): Judged | null {
  const limit = lostAfter(expectedEveryMs);
  const trouble = state.trouble === null ? '' : ` (${state.trouble.message})`;
  const l1Silence = now - (state.l1At ?? startedAt);
  // While the engine executes a long batch nobody asks L1 anything, so its silence says nothing.
  const busy = state.trouble === null && state.engineAt !== null && now - state.engineAt <= limit;
  if (l1Silence > limit && !busy) {
    return {
      kind: 'stalled',
      sentence: `No answer from the L1 node ${l1Host} for ${seconds(l1Silence)}: the safe head cannot advance${trouble}.`,
    };
  }
  const engineSilence = now - (state.engineAt ?? startedAt);
  if (engineSilence > limit && state.trouble?.layer === 'engine') {
    return {
      kind: 'stalled',
      sentence: `No useful answer from the execution engine for ${seconds(engineSilence)}${trouble}.`,
    };
  }
  return null;
}

/** What an observed node holds is told by hashes on both sides, and below the first difference all is the same. */
function diverged({ observed }: DriverState): Judged | null {
  const divergence = observed?.divergence ?? null;
  if (divergence === null) return null;
  const { block, derived, held, batchNumber, commit } = divergence;
  return {
    kind: 'diverged',
    sentence: `Diverged at L2 block ${block}: L1 implies ${derived}, the node holds ${held ?? 'none'}. Batch ${batchNumber}, committed in L1 transaction ${commit}, decides it; up to block ${block - 1} both are the same.`,
  };
}

const behindL1 = ({ observed, labels }: DriverState): Judged | null =>
  observed === null || observed.missing === 0
    ? null
    : {
        kind: 'catching_up',
        sentence: `The node is at L2 block ${labels?.latest.number ?? 0} and lacks at least ${observed.missing} blocks that L1 confirms; what it has is right.`,
      };

function blocked({ blocked: batch, labels }: DriverState): Judged | null {
  if (batch === null) return null;
  const { batchNumber, reason, detail } = batch;
  const stays = `The safe head stays at ${labels?.safe?.number ?? 0}`;
  // Nothing is wrong with the batch: it is a matter of which engine runs this rollup.
  const sentence =
    reason === 'unsupported_transaction'
      ? `This engine has no rules for a transaction of batch ${batchNumber} (${reason}): ${detail}. ${stays}: drive an engine of this rollup, or the embedded one.`
      : `Batch ${batchNumber} on L1 cannot be right (${reason}): ${detail}. ${stays} until L1 takes it back.`;
  return { kind: 'stalled', sentence };
}

/** One lagging answer is nothing; L1 behind itself for long is, and it may have lost blocks. */
function lagging({ state, now, l1Host, expectedEveryMs }: VerdictFacts): Judged | null {
  const { stale, heads } = state;
  if (stale === null || now - stale.since <= lostAfter(expectedEveryMs)) return null;
  return {
    kind: 'stalled',
    sentence: `The L1 node ${l1Host} shows block ${stale.seen.number} as its head for ${seconds(now - stale.since)}, after it had shown block ${heads?.latest.number ?? 0}: it lags or lost blocks, and the safe head cannot advance.`,
  };
}

function waiting({ state, l1Host }: VerdictFacts): Judged | null {
  const { heads, position, trouble } = state;
  if (heads !== null && position !== null) return null;
  const what =
    heads === null
      ? `Waiting for the first L1 block from ${l1Host}`
      : 'Finding where the engine and L1 agree';
  if (trouble === null || trouble.count < DEGRADED_AFTER) return { kind: 'unknown', sentence: `${what}.` };
  return { kind: 'stalled', sentence: `${what}, tried ${trouble.count} times: ${trouble.message}.` };
}

function reorg({ reorgs, labels }: DriverState): Judged | null {
  const open = reorgs.findLast((record) => record.recoveredAt === null);
  if (open === undefined) return null;
  const what = `${open.layer} reorg of depth ${open.depth} above block ${open.commonAncestor.number}`;
  return {
    kind: 'reorg',
    sentence: `${what}: following the new branch, safe head now ${labels?.safe?.number ?? 0}.`,
  };
}

function catchingUp({ sync, contracts, position }: DriverState): Judged | null {
  if (sync === null) return null;
  const batches = `batch ${position?.cursor.batchNumber ?? 0} of ${contracts?.lastCommittedBatch ?? 0}`;
  return {
    kind: 'catching_up',
    sentence: `Deriving L1 block ${sync.current} of ${sync.target} (${batches}).`,
  };
}

/** L1 took blocks back, and the engine answers VALID and keeps them. The next batch replaces them. */
function ahead({ keptHead, labels }: DriverState): Judged | null {
  const blocks = labels === null ? 0 : labels.latest.number - (labels.safe?.number ?? 0);
  if (keptHead === null || labels?.latest.hash !== keptHead.hash || blocks <= 0) return null;
  return {
    kind: 'degraded',
    sentence: `The engine is ahead of L1 by ${blocks} blocks that L1 took back, and will not rewind: the safe head is ${labels.safe?.number ?? 0}, and the next batch replaces what is above it.`,
  };
}

const sequencerPaused = ({ sequencerPaused: by }: VerdictFacts): Judged | null =>
  by
    ? {
        kind: 'degraded',
        sentence: `The sequencer is paused by ${by.by}: “${by.reason}”. It builds nothing, commits nothing and takes no blocks from peers.`,
      }
    : null;

const degraded = ({ state }: VerdictFacts): Judged | null =>
  state.trouble !== null && (state.trouble.count >= DEGRADED_AFTER || state.trouble.severity === 'degraded')
    ? { kind: 'degraded', sentence: `Going on with less: ${state.trouble.message}.` }
    : null;

/** History suffers, the chain does not. */
const unwritten = ({ journalTrouble }: VerdictFacts): Judged | null =>
  journalTrouble == null
    ? null
    : {
        kind: 'degraded',
        sentence: `Going on without a journal: ${journalTrouble.message}; ${journalTrouble.waiting} events wait to be written.`,
      };

/** protocol.md, "Expiry": the contract refuses to verify a batch with user transactions while one is too late. */
/** The heads are right, and yet one of the two blocks that people were shown will not be. */
const conflicting = ({ feedConflict, state }: VerdictFacts): Judged | null =>
  feedConflict == null
    ? null
    : {
        kind: 'degraded',
        sentence: `Fast confirmations stand still: ${feedConflict}. The safe head ${state.labels?.safe?.number ?? 0} is not touched; L1 decides with the next batch.`,
      };

function expired({ messages = [], now }: VerdictFacts): Judged | null {
  const late = messages.filter(({ deadline }) => now > deadline);
  const [first] = late;
  if (first === undefined) return null;
  const many = late.length === 1 ? 'An L1 message is' : `${late.length} L1 messages are`;
  return {
    kind: 'degraded',
    sentence: `${many} past the bridge’s deadline, the first by ${seconds(now - first.deadline)}: no batch with user transactions can be verified before the one that ${first.included ? 'has' : 'will have'} it.`,
  };
}

function aligned({ position, labels }: DriverState): Judged {
  const batch = position?.cursor.batchNumber ?? 0;
  const until = position?.currentL1?.number ?? 0;
  return batch === 0
    ? { kind: 'aligned', sentence: `In plumb with L1 up to block ${until}, which holds no batch yet.` }
    : {
        kind: 'aligned',
        sentence: `In plumb with L1 up to block ${until}: batch ${batch} confirms L2 block ${labels?.safe?.number ?? 0}.`,
      };
}
