/** How much an operator should care. */
export type Severity = 'info' | 'notice' | 'warning' | 'critical';

export interface EventKind {
  readonly severity: Severity;
  /** What it says, for whoever reads the journal with other tools. */
  readonly what: string;
  /** Announces an act: one of `closedBy` with the same ref says what became of it. */
  readonly closedBy?: readonly string[];
}

const info = (what: string): EventKind => ({ severity: 'info', what });
const notice = (what: string): EventKind => ({ severity: 'notice', what });
const warning = (what: string): EventKind => ({ severity: 'warning', what });
const critical = (what: string): EventKind => ({ severity: 'critical', what });

/**
 * Every kind of event that the node writes. The word before the dot is the group by which people filter. Kinds are
 * never renamed or given another meaning: old journals are read for ever. A payload is a JSON object; its fields are
 * those of the type named here, and later versions only add to them.
 */
export const EVENT_KINDS = {
  'node.started': notice(
    'process began: mode, name, software, and `gap` {from, to} in which nobody watched, or null',
  ),
  'node.stopped': notice('process ended in order'),
  'verdict.changed': notice('a verdict that lasted: from, to, sentence, since'),
  'journal.gap': warning('events found no room while the journal could not be written: count, first, last'),
  'journal.refused': warning(
    'stands for an event that the store will not have: kind, why, and base64, its {kind, ref, payload} as JSON',
  ),
  'journal.migrated': notice('schema taken from one version to the next: from, to, rows, backup'),
  'journal.pruned': notice('old rows were removed behind a signed checkpoint: upTo, count, checkpoint'),

  'driver.start_found': info('where derivation begins: why, batch, safe, origin, l1Head'),
  'node.diverged': warning('driver/state.ts Divergence: an observed node leaves what L1 implies'),
  'driver.trouble': warning('driver/plan/failure.ts Trouble: severity, code, message, count, since'),
  'driver.recovered': info('the trouble is over: code, count, since'),
  'reorg.detected': {
    ...warning('driver/plan/reorgRecord.ts ReorgRecord, written before anything is done about it'),
    closedBy: ['reorg.recovered'],
  },
  'reorg.updated': info('{id, ...changes of the record}'),
  'reorg.recovered': notice('{id, recoveredAt, ...changes of the record}'),
  'batch.seen': info('a commit was found on L1: batch, l1Block, txHash, poster'),
  'batch.fetched': info('its data is here: batch, l1Block'),
  'batch.decoded': info('its blocks are derived: batch, l1Block'),
  'batch.applied': info('the engine holds it as safe: batch, firstBlock, lastBlock, l1Block, txHash, steps'),
  'batch.finalized': info('L1 finalized the block of its commit: batch, or fromBatch to toBatch'),
  'batch.invalid': critical('L1 holds a batch that cannot be right: batch, reason, detail, l1Block, txHash'),

  'leader.seen': info('who led when this process first looked: leader, batch, atL1, sequencers'),
  'leader.changed': notice('sequencer/stateUpdater.ts RecordedChange: from, to, batch, why, by'),
  'sequencer.state': notice('from, to, action, isLeader'),
  'sequencer.trouble': warning('a part fails: part, code, message'),
  'sequencer.recovered': info('it works again: part, code, count'),
  'revert.intent': {
    ...warning('uncommitted blocks are about to be taken back: why, from, to, dropped'),
    closedBy: ['revert.done', 'revert.not_done'],
  },
  'revert.done': info('to, offered, refused; or found at the next start'),
  'revert.not_done': warning('the process ended before it; found at the next start'),
  'commit.intent': {
    ...info('a batch is about to be sent: batch, firstBlock, lastBlock, messages, transactions'),
    closedBy: [
      'commit.landed',
      'commit.superseded',
      'commit.lost',
      'commit.stale',
      'commit.dropped',
      'commit.unknown',
    ],
  },
  'commit.sent': info('batch, nonce, transactions'),
  'commit.resent': info('with a higher fee: batch, nonce, transactions'),
  'commit.landed': notice('batch, lastBlock, l1'),
  'commit.superseded': warning('L1 holds another batch of that number'),
  'commit.lost': warning('the transaction cannot land any more'),
  'commit.unknown': warning(
    'the process that sent it ended; at the next start L1 did not have it: it may still land',
  ),
  'commit.stale': warning('the transaction was made for an older state of L1'),
  'commit.dropped': warning('an L1 reorg took the batch back: it is committed again'),
  'verify.sent': info('first, upTo, transactions'),
  'fence.held': notice('this process holds the lease of its key: sequencer, holder, term'),
  'fence.lost': warning('why, term'),
  'fence.refused': critical('a second hash for one number was refused: kind, number, hash, claimed'),
  'fence.superseded': notice('numbers were freed with L1 evidence'),
  'fence.foreign_head': critical('another program drives this engine: head, committed, claimed'),
  'unsafe_feed.halted': warning('two blocks are shown as one: conflict'),
  'unsafe_feed.resumed': notice('why, conflict'),
  'unsafe_feed.replaced': notice('unsafe blocks gave way to the leader’s own: dropped, leader'),
  'unsafe_feed.equivocation': warning(
    'the leader’s own node showed two blocks of one number, as after an L1 reorg it may have to',
  ),
  'unsafe_feed.peer_benched': info('peer, reason, until'),

  'engine.fault': warning('code, message, count, since: one row when it begins, not one a retry'),
  'engine.recovered': info('code, count, since'),
  'l1.fault': warning('provider, code, message, count, since: one row when it begins, not one a retry'),
  'l1.recovered': info('provider, code, count, since'),

  'operator.resync_requested': notice('actor, from, reason, target'),
  'operator.resync_previewed': info('actor, from, target, impact'),
  'operator.resync_refused': warning('actor, role, via, from, reason, target, request, code, message'),
  'operator.resync_accepted': {
    ...warning(
      'id, actor, role, via, from, reason, target, point, request, expected: written before the act',
    ),
    closedBy: ['operator.resync_done', 'operator.resync_failed'],
  },
  'operator.resync_rewound': info('id, to, keptHead'),
  'operator.resync_resumed': notice('a resync that a restart cut off goes on'),
  'operator.resync_done': notice('id, note, batches, tookMs, keptHead, resumed'),
  'operator.resync_failed': warning('id, note, batches, tookMs, keptHead, resumed'),
  'operator.paused': warning('part (driver or sequencer), actor, from, reason, idempotencyKey'),
  'operator.resumed': notice('part, actor, from, reason, idempotencyKey'),
  'operator.refused': warning('an order other than a resync was refused: what, actor, from, code, message'),
  'operator.signed_in': info('actor, from'),
  'operator.sign_in_refused': warning('from, why'),
  'chaos.started': warning('a devnet disturbs this node on purpose: verb, arguments'),
  'chaos.ended': notice('verb'),
} as const satisfies Readonly<Record<string, EventKind>>;

export type KnownKind = keyof typeof EVENT_KINDS;

/** Null for a kind of another version. */
export const eventKind = (kind: string): EventKind | null =>
  Object.hasOwn(EVENT_KINDS, kind) ? (EVENT_KINDS as Readonly<Record<string, EventKind>>)[kind]! : null;

export const severityOf = (kind: string): Severity => eventKind(kind)?.severity ?? 'info';

/**
 * What an operator orders: it is not done when it cannot be written down first (driver.md, "Manual resync"). What
 * became of an order is kept like everything else.
 */
export const ORDERS: ReadonlySet<string> = new Set<KnownKind>([
  'operator.resync_requested',
  'operator.resync_accepted',
  'operator.paused',
  'operator.resumed',
]);

/** The word before the dot. */
export const groupOf = (kind: string): string => kind.split('.', 1)[0]!;

/** Intents, with what closes each. */
export const INTENTS: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries(EVENT_KINDS as Readonly<Record<string, EventKind>>).flatMap(([kind, { closedBy }]) =>
    closedBy === undefined ? [] : [[kind, closedBy] as const],
  ),
);
