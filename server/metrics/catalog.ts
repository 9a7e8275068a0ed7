/**
 * Every metric of a node, once: what `/metrics` serves, what the API page explains, and what the alerts and boards in
 * `ops/` may name (a test holds them to it). Names follow the families of other rollup nodes (`refs_number`,
 * `l1_reorg_depth`, `engine_request_seconds`), units are base units. A label never holds a URL, a hash or an address:
 * those are without bound, and some are secret.
 */
export interface MetricRow {
  readonly type: 'gauge' | 'counter' | 'histogram';
  readonly help: string;
  readonly labels?: readonly string[];
  /** Upper bounds, for a histogram. */
  readonly buckets?: readonly number[];
}

export const PREFIX = 'rollup_driver_';

const SECONDS = [0.001, 0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const DEPTHS = [1, 2, 4, 8, 16, 31, 32, 64, 128, 256, 512, 1024, 2048, 4096];

const row = <const T extends MetricRow>(definition: T): T => definition;

export const CATALOG = {
  info: row({
    type: 'gauge',
    help: 'Always 1; its labels say what runs here.',
    labels: ['name', 'mode', 'software', 'l1_chain_id', 'l2_chain_id'],
  }),
  up: row({ type: 'gauge', help: '1 while the process serves this page.' }),
  verdict: row({
    type: 'gauge',
    help: '1 for the verdict that holds now, 0 for the others.',
    labels: ['kind'],
  }),
  ready: row({ type: 'gauge', help: '1 while /readyz would answer 200.' }),
  check_state: row({
    type: 'gauge',
    help: 'A check of /readyz: 0 pass, info or skip, 1 warn, 2 fail.',
    labels: ['check'],
  }),
  refs_number: row({
    type: 'gauge',
    help: 'Block number of a head. L1: head, safe, finalized, current. L2: unsafe, safe, finalized.',
    labels: ['layer', 'type'],
  }),
  refs_timestamp_seconds: row({
    type: 'gauge',
    help: 'Timestamp of that block, seconds since 1970.',
    labels: ['layer', 'type'],
  }),
  l1_head_age_seconds: row({ type: 'gauge', help: 'Now minus the timestamp of the L1 head.' }),
  clock_skew_seconds: row({
    type: 'gauge',
    help: 'How far the newest L1 block lies ahead of this machine’s clock; 0 when it does not.',
  }),
  engine_clock_skew_seconds: row({
    type: 'gauge',
    help: 'This machine’s clock minus the engine’s, by its HTTP answers; tokens are refused from 60 s on. Absent where it does not tell.',
  }),
  derivation_lag_blocks: row({
    type: 'gauge',
    help: 'L1 blocks between the L1 head and the last one derived.',
  }),
  safe_head_age_seconds: row({
    type: 'gauge',
    help: 'Since the safe head last rose in this process, or since it started.',
  }),
  batch_number: row({
    type: 'gauge',
    help: 'Newest batch that is committed on L1, derived here, or finalized.',
    labels: ['type'],
  }),
  last_commit_age_seconds: row({ type: 'gauge', help: 'Since the L1 block of the newest derived batch.' }),
  batch_blocked: row({
    type: 'gauge',
    help: '1 while a committed batch that cannot be right blocks the safe head.',
  }),
  halted: row({
    type: 'gauge',
    help: '1 while the driver has stopped and waits for an operator.',
    labels: ['code'],
  }),
  trouble_count: row({
    type: 'gauge',
    help: 'Failures in a row of the driver’s loop, by what they are; absent when the last step was clean.',
    labels: ['class', 'code'],
  }),
  dependency_up: row({
    type: 'gauge',
    help: '1 while it answers: driver, l1, engine, blobs.',
    labels: ['layer'],
  }),
  l1_reorgs_total: row({ type: 'counter', help: 'L1 reorgs seen by this process.' }),
  l1_reorg_depth: row({ type: 'histogram', help: 'Depth of L1 reorgs, blocks.', buckets: DEPTHS }),
  l2_reorgs_total: row({ type: 'counter', help: 'L2 reorgs by cause.', labels: ['cause'] }),
  l2_reorg_depth: row({ type: 'histogram', help: 'Depth of L2 reorgs, blocks.', buckets: DEPTHS }),
  reorg_recovery_seconds: row({
    type: 'histogram',
    help: 'From a reorg’s record to being level with L1 again.',
    labels: ['layer'],
    buckets: SECONDS,
  }),
  reorg_open: row({ type: 'gauge', help: 'Reorgs that are not recovered from yet.' }),
  derivation_resets_total: row({
    type: 'counter',
    help: 'Times the start was found anew, by why.',
    labels: ['reason'],
  }),
  step_seconds: row({
    type: 'histogram',
    help: 'Time of a step of the driver, by outcome: more to do at once, idle, failed or halted.',
    labels: ['outcome'],
    buckets: SECONDS,
  }),
  errors_total: row({
    type: 'counter',
    help: 'Failed steps of the driver, by class and code.',
    labels: ['class', 'code'],
  }),
  batches_total: row({
    type: 'counter',
    help: 'Batches by result: applied, or invalid with the reason.',
    labels: ['result', 'reason'],
  }),
  batch_decode_seconds: row({
    type: 'histogram',
    help: 'From a batch’s data being here to its blocks being derived.',
    buckets: SECONDS,
  }),
  batch_apply_seconds: row({
    type: 'histogram',
    help: 'From a batch’s blocks being derived to the engine holding them as safe.',
    buckets: SECONDS,
  }),
  batch_latency_seconds: row({
    type: 'histogram',
    help: 'From a commit being seen on L1 to the engine holding its blocks as safe.',
    buckets: SECONDS,
  }),
  rpc_requests_total: row({
    type: 'counter',
    help: 'Reads of L1 by outcome: ok, or the error’s code.',
    labels: ['method', 'outcome'],
  }),
  rpc_request_seconds: row({
    type: 'histogram',
    help: 'Time of a read of L1.',
    labels: ['method'],
    buckets: SECONDS,
  }),
  rpc_inconsistency_total: row({
    type: 'counter',
    help: 'L1 answers that contradict themselves or each other, by rule.',
    labels: ['rule'],
  }),
  rpc_provider_state: row({
    type: 'gauge',
    help: '1 for the state an L1 provider is in. Providers are numbered as configured.',
    labels: ['provider', 'state'],
  }),
  rpc_providers_usable: row({ type: 'gauge', help: 'L1 providers that answer and agree.' }),
  rpc_providers_configured: row({ type: 'gauge', help: 'L1 providers in the configuration.' }),
  engine_state: row({ type: 'gauge', help: '1 for the state that the engine is in.', labels: ['state'] }),
  engine_request_seconds: row({
    type: 'histogram',
    help: 'Time of a call of the execution engine.',
    labels: ['method'],
    buckets: SECONDS,
  }),
  engine_requests_total: row({
    type: 'counter',
    help: 'Calls of the execution engine by outcome: ok, or the error’s code.',
    labels: ['method', 'outcome'],
  }),
  engine_status_total: row({
    type: 'counter',
    help: 'Payload statuses the engine answered with.',
    labels: ['method', 'status'],
  }),
  leading: row({ type: 'gauge', help: '1 while this node’s sequencer leads.' }),
  leader_known: row({ type: 'gauge', help: '1 while it is known who leads.' }),
  leader_batches_left: row({ type: 'gauge', help: 'Batches left in the present term.' }),
  sequencer_state: row({
    type: 'gauge',
    help: '1 for the state that the sequencer is in.',
    labels: ['state'],
  }),
  sequencer_lease: row({ type: 'gauge', help: '1 for the state of the key’s lease.', labels: ['state'] }),
  sequencer_lease_remaining_seconds: row({
    type: 'gauge',
    help: 'For how long it may still produce without an answer of the lease’s database.',
  }),
  sequencer_term: row({ type: 'gauge', help: 'Term of the lease that this process holds; 0 without.' }),
  sequencer_uncommitted_blocks: row({ type: 'gauge', help: 'Blocks built here that no batch on L1 has.' }),
  sequencer_troubles: row({ type: 'gauge', help: 'Parts of the sequencer that fail now.' }),
  feed_conflict: row({
    type: 'gauge',
    help: '1 while two blocks are shown at one height and the feed stands.',
  }),
  l1_messages_waiting: row({
    type: 'gauge',
    help: 'Messages in the bridge’s queue that no committed batch has.',
  }),
  l1_message_deadline_seconds: row({
    type: 'gauge',
    help: 'Until the first unincluded message expires; negative when past. Absent without one.',
  }),
  l1_messages_expired: row({
    type: 'gauge',
    help: 'Unverified messages past their deadline, of those that are listed: while there is one, no batch with user transactions can be verified.',
  }),
  l1_balance_wei: row({ type: 'gauge', help: 'Balance of the committing account on L1.' }),
  l1_balance_batches: row({
    type: 'gauge',
    help: 'How many batches that balance pays for, at the cost of the newest one.',
  }),
  commit_total: row({ type: 'counter', help: 'Commit transactions by result.', labels: ['result'] }),
  journal_events_total: row({ type: 'counter', help: 'Events written to the journal.', labels: ['kind'] }),
  journal_append_seconds: row({
    type: 'histogram',
    help: 'Time until an event is on disk.',
    buckets: SECONDS,
  }),
  journal_failures_total: row({ type: 'counter', help: 'Events that could not be written.' }),
  journal_ok: row({ type: 'gauge', help: '1 while the journal takes events.' }),
  journal_chain_ok: row({ type: 'gauge', help: '0 after the store found the journal damaged.' }),
  journal_checkpoint_age_seconds: row({
    type: 'gauge',
    help: 'Since the oldest event that no signed checkpoint covers; 0 when all are covered.',
  }),
  db_size_bytes: row({ type: 'gauge', help: 'Size of the journal’s database, where it is a file.' }),
  webhook_deliveries_total: row({
    type: 'counter',
    help: 'Webhook attempts by result: delivered, retry, dead.',
    labels: ['result'],
  }),
  webhook_pending: row({ type: 'gauge', help: 'Events that wait for the webhook.' }),
  webhook_dead_letters: row({ type: 'gauge', help: 'Events given up after all retries.' }),
  api_requests_total: row({
    type: 'counter',
    help: 'Requests answered by route and status class.',
    labels: ['route', 'code'],
  }),
  api_request_seconds: row({
    type: 'histogram',
    help: 'Time of an answer, streams left out.',
    labels: ['route'],
    buckets: SECONDS,
  }),
  api_streams: row({ type: 'gauge', help: 'Open event streams: of pages, and of the REST API.' }),
  auth_failures_total: row({ type: 'counter', help: 'Refused sign-ins and requests without a right.' }),
  event_loop_lag_seconds: row({
    type: 'gauge',
    help: 'Delay of the event loop over the last ten seconds.',
    labels: ['percentile'],
  }),
} as const satisfies Readonly<Record<string, MetricRow>>;

export type MetricName = keyof typeof CATALOG;
