import { CAUSES } from '../api/chainViews.ts';
import { NOT_FOR_READINESS } from '../api/checks.ts';
import { type Check, type StatusView, VERDICTS } from '../api/views.ts';
import type { DriverState } from '../driver/state.ts';
import { CATALOG, type MetricName } from './catalog.ts';
import type { OnCall } from './measured.ts';
import { OWN } from './processMetrics.ts';
import { MetricRegistry } from './registry.ts';

/** L1 answers that contradict themselves or L1's own word (reliability.md R21–R43), by the error's code. */
const INCONSISTENT = ['bad_answer', 'incomplete_logs', 'incomplete_l1'] as const;
const ENGINE_STATES = [
  'ONLINE',
  'SYNCING',
  'SYNCED',
  'OFFLINE',
  'AUTH_FAILED',
  'FOREIGN_HEAD',
  'WRONG_CHAIN',
];
const SEQUENCER_STATES = ['Sequencing', 'Following', 'Syncing'];
const LEASE_STATES = ['held', 'lapsed', 'waiting', 'standing_down'];

/** What a scrape asks beside the status; null for what this node has not. */
export interface ScrapeFacts {
  readonly status: StatusView;
  readonly checks: readonly Check[];
  /** `lastCommittedBatch` of the contract at the L1 head. */
  readonly committedBatch: number | null;
  /** Newest batch that the engine holds as safe; 0 before the first. */
  readonly derivedBatch: number;
  /** Last time the safe head rose, milliseconds since 1970. */
  readonly progressAt: number | null;
  readonly leaseRemainingMs: number | null;
  readonly engineSkewMs: number | null;
  readonly databaseBytes: number | null;
  /** Code of why events cannot be written; null when they can. */
  readonly journalTrouble: string | null;
  /** Time of the oldest event that no signed checkpoint covers, milliseconds since 1970. */
  readonly unsignedSince: number | null;
  readonly now: number;
}

/** Reads nothing by itself: told by hooks what happens, and asked to `scrape` what is. */
export class NodeMetrics {
  readonly registry = new MetricRegistry(
    (Object.keys(CATALOG) as MetricName[]).filter((name) => !(OWN as readonly string[]).includes(name)),
  );
  #trouble: DriverState['trouble'] = null;
  /** Recovery of each reorg seen, by its record. */
  readonly #reorgs = new Map<string, boolean>();

  constructor() {
    for (const cause of CAUSES) this.registry.count('l2_reorgs_total', { cause }, 0);
    for (const rule of INCONSISTENT) this.registry.count('rpc_inconsistency_total', { rule }, 0);
    this.registry.count('batches_total', { result: 'applied', reason: '' }, 0);
    for (const result of ['landed', 'dropped']) this.registry.count('commit_total', { result }, 0);
  }

  readonly l1Call: OnCall = (method, seconds, outcome) => {
    this.registry.count('rpc_requests_total', { method, outcome });
    this.registry.observe('rpc_request_seconds', seconds, { method });
    if (isOneOf(INCONSISTENT, outcome)) this.registry.count('rpc_inconsistency_total', { rule: outcome });
  };

  readonly engineCall: OnCall = (method, seconds, outcome, answer) => {
    this.registry.count('engine_requests_total', { method, outcome });
    this.registry.observe('engine_request_seconds', seconds, { method });
    const status = payloadStatusOf(answer);
    if (status !== null) this.registry.count('engine_status_total', { method, status });
  };

  /** An event of the journal that is on disk. */
  event(kind: string, payload: unknown, seconds: number): void {
    this.registry.count('journal_events_total', { kind });
    this.registry.observe('journal_append_seconds', seconds);
    const field = (name: string): string => String((payload as Record<string, unknown> | null)?.[name] ?? '');
    if (kind === 'batch.applied') this.#applied(payload);
    if (kind === 'batch.invalid')
      this.registry.count('batches_total', { result: 'invalid', reason: field('reason') });
    if (kind === 'driver.start_found')
      this.registry.count('derivation_resets_total', { reason: field('why') });
    if (kind.startsWith('commit.')) this.registry.count('commit_total', { result: kind.slice(7) });
  }

  /** Steps are milliseconds since 1970; a batch that was met after the fact lacks the earlier ones. */
  #applied(payload: unknown): void {
    this.registry.count('batches_total', { result: 'applied', reason: '' });
    const steps = ((payload as { steps?: unknown } | null)?.steps ?? {}) as Readonly<Record<string, unknown>>;
    const took = (
      name: 'batch_decode_seconds' | 'batch_apply_seconds' | 'batch_latency_seconds',
      from: unknown,
      to: unknown,
    ): void => {
      if (typeof from === 'number' && typeof to === 'number')
        this.registry.observe(name, Math.max(0, to - from) / 1000);
    };
    took('batch_decode_seconds', steps['fetched'], steps['decoded']);
    took('batch_apply_seconds', steps['decoded'], steps['applied']);
    took('batch_latency_seconds', steps['seen'], steps['applied']);
  }

  eventFailed(): void {
    this.registry.count('journal_failures_total');
  }

  /** Each new picture of the driver. */
  driver({ trouble, reorgs }: Pick<DriverState, 'trouble' | 'reorgs'>): void {
    if (trouble !== null && trouble !== this.#trouble) {
      this.registry.count('errors_total', { class: trouble.severity, code: trouble.code });
      if (trouble.code === 'incomplete_l1')
        this.registry.count('rpc_inconsistency_total', { rule: trouble.code });
    }
    this.#trouble = trouble;
    for (const record of reorgs) this.#reorg(record);
  }

  #reorg({ id, layer, cause, depth, detectedAt, recoveredAt }: DriverState['reorgs'][number]): void {
    const before = this.#reorgs.get(id);
    if (before === undefined) {
      if (layer === 'L1') {
        this.registry.count('l1_reorgs_total');
        this.registry.observe('l1_reorg_depth', depth);
      } else {
        this.registry.count('l2_reorgs_total', { cause });
        this.registry.observe('l2_reorg_depth', depth);
      }
    }
    if (before !== true && recoveredAt !== null)
      this.registry.observe('reorg_recovery_seconds', (recoveredAt - detectedAt) / 1000, { layer });
    this.#reorgs.set(id, recoveredAt !== null);
  }

  /** The text form, after reading what the gauges show. */
  async scrape(facts: ScrapeFacts): Promise<string> {
    const { registry } = this;
    const { status, now } = facts;
    registry.set('up', 1);
    this.#identity(status);
    this.#health(facts);
    this.#heads(status, now);
    this.#progress(facts);
    this.#engine(status);
    this.#leader(status);
    this.#sequencer(facts);
    registry.set('engine_clock_skew_seconds', facts.engineSkewMs === null ? null : facts.engineSkewMs / 1000);
    registry.set('webhook_pending', status.webhook?.pending ?? null);
    registry.set('webhook_dead_letters', status.webhook?.dead.length ?? null);
    registry.set('db_size_bytes', facts.databaseBytes);
    registry.set('journal_ok', facts.journalTrouble === null ? 1 : 0);
    registry.set('journal_chain_ok', facts.journalTrouble === 'corrupt' ? 0 : 1);
    registry.set(
      'journal_checkpoint_age_seconds',
      facts.unsignedSince === null ? 0 : Math.max(0, (now - facts.unsignedSince) / 1000),
    );
    return registry.text();
  }

  #identity({ node }: StatusView): void {
    this.registry.clear('info');
    this.registry.set('info', 1, {
      name: node.name,
      mode: node.mode,
      software: node.software,
      l1_chain_id: String(node.l1ChainId ?? ''),
      l2_chain_id: String(node.l2ChainId),
    });
  }

  #health({ status, checks }: ScrapeFacts): void {
    const { registry } = this;
    registry.oneOf('verdict', 'kind', VERDICTS, status.verdict.kind);
    registry.set(
      'ready',
      checks.some(({ id, state }) => state === 'fail' && !NOT_FOR_READINESS.includes(id)) ? 0 : 1,
    );
    for (const { id, state } of checks)
      registry.set('check_state', state === 'fail' ? 2 : state === 'warn' ? 1 : 0, { check: id });
    for (const [layer, { ok }] of Object.entries(status.freshness))
      registry.set('dependency_up', ok ? 1 : 0, { layer });
    registry.clear('trouble_count');
    registry.clear('halted');
    const { trouble, verdict } = status;
    if (trouble !== null)
      registry.set('trouble_count', trouble.count, { class: trouble.severity, code: trouble.code });
    if (verdict.kind === 'halted') registry.set('halted', 1, { code: trouble?.code ?? 'unknown' });
    registry.set('reorg_open', status.reorgs.filter(({ recoveredAt }) => recoveredAt === null).length);
    registry.set('batch_blocked', status.batches.some(({ progress }) => progress === 'dropped') ? 1 : 0);
  }

  #heads({ heads }: StatusView, now: number): void {
    const { registry } = this;
    const rows = {
      l1: { head: heads.l1, safe: heads.l1Safe, finalized: heads.l1Finalized, current: heads.currentL1 },
      l2: { unsafe: heads.unsafe, safe: heads.safe, finalized: heads.finalized },
    };
    for (const [layer, types] of Object.entries(rows)) {
      for (const [type, block] of Object.entries(types)) {
        registry.set('refs_number', block?.number ?? null, { layer, type });
        const stamped = block !== null && 'timestamp' in block ? block.timestamp : null;
        registry.set('refs_timestamp_seconds', stamped, { layer, type });
      }
    }
    const age = heads.l1 === null ? null : now / 1000 - heads.l1.timestamp;
    registry.set('l1_head_age_seconds', age === null ? null : Math.max(0, age));
    registry.set('clock_skew_seconds', age === null ? null : Math.max(0, -age));
    const lag =
      heads.l1 === null || heads.currentL1 === null ? null : heads.l1.number - heads.currentL1.number;
    registry.set('derivation_lag_blocks', lag === null ? null : Math.max(0, lag));
  }

  #progress({ status, committedBatch, derivedBatch, progressAt, now }: ScrapeFacts): void {
    const { registry } = this;
    const newest = status.batches.find(({ progress }) => progress === 'safe' || progress === 'finalized');
    const finalized = status.batches.find(({ progress }) => progress === 'finalized');
    registry.set('batch_number', committedBatch, { type: 'committed' });
    registry.set('batch_number', derivedBatch, { type: 'derived' });
    registry.set('batch_number', finalized?.number ?? null, { type: 'finalized' });
    registry.set(
      'last_commit_age_seconds',
      newest === undefined ? null : Math.max(0, now / 1000 - newest.l1Block.timestamp),
    );
    registry.set('safe_head_age_seconds', Math.max(0, (now - (progressAt ?? status.node.startedAt)) / 1000));
  }

  #engine({ engine, freshness, trouble, heads }: StatusView): void {
    // Where nobody keeps track of the engine's condition, what the driver met says something of it.
    const code = trouble?.code ?? '';
    const guess =
      code === 'engine_auth_failed'
        ? 'AUTH_FAILED'
        : code === 'engine_syncing'
          ? 'SYNCING'
          : code === 'foreign_genesis'
            ? 'WRONG_CHAIN'
            : freshness.engine.at === null
              ? null
              : !freshness.engine.ok
                ? 'OFFLINE'
                : heads.safe === null
                  ? 'ONLINE'
                  : 'SYNCED';
    this.registry.oneOf('engine_state', 'state', ENGINE_STATES, engine?.state ?? guess);
  }

  #leader({ leader }: StatusView): void {
    const { registry } = this;
    registry.set('leading', leader.isUs ? 1 : 0);
    registry.set('leader_known', leader.address === null ? 0 : 1);
    registry.set('leader_batches_left', leader.term?.left ?? null);
  }

  #sequencer({ status: { sequencer }, leaseRemainingMs, now }: ScrapeFacts): void {
    if (sequencer === null) return;
    const { registry } = this;
    registry.oneOf('sequencer_state', 'state', SEQUENCER_STATES, sequencer.mode);
    registry.oneOf('sequencer_lease', 'state', LEASE_STATES, sequencer.lease.state);
    registry.set('sequencer_term', sequencer.lease.state === 'held' ? (sequencer.lease.term ?? 0) : 0);
    registry.set('sequencer_lease_remaining_seconds', (leaseRemainingMs ?? 0) / 1000);
    registry.set('sequencer_uncommitted_blocks', sequencer.uncommittedBlocks);
    registry.set('sequencer_troubles', sequencer.troubles.length);
    registry.set('feed_conflict', sequencer.feed.conflict === null ? 0 : 1);
    registry.set('l1_messages_waiting', sequencer.waitingMessages);
    const { balanceWei, batches } = sequencer.funds;
    registry.set('l1_balance_wei', balanceWei === null ? null : Number(balanceWei));
    registry.set('l1_balance_batches', batches);
    const first = sequencer.messages.find(({ included }) => !included);
    registry.set('l1_message_deadline_seconds', first === undefined ? null : (first.deadline - now) / 1000);
    registry.set('l1_messages_expired', sequencer.messages.filter(({ deadline }) => now > deadline).length);
  }
}

const isOneOf = (all: readonly string[], one: string): boolean => all.includes(one);

/** Of a `newPayload` answer or of a forkchoice answer. */
function payloadStatusOf(answer: unknown): string | null {
  const seen = answer as { status?: unknown; kind?: unknown; payloadStatus?: unknown } | null;
  if (seen === null || typeof seen !== 'object') return null;
  if (seen.payloadStatus !== undefined) return payloadStatusOf(seen.payloadStatus);
  return typeof seen.status === 'string' ? seen.status : null;
}
