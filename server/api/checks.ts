import type { Check, StatusView } from './views.ts';

/**
 * What must hold for this node to be trusted, one criterion a row, each with its measured value, its limit and, when
 * it does not hold, the reason. One list for `/readyz`, the REST API and the Health page, so that they cannot
 * disagree. Pure: the same status and instant give the same rows.
 */

/** Of an L1 with 12 s slots: three and five of them without a block. Seconds. */
const HEAD_AGE_WARN_S = 36;
const HEAD_AGE_FAIL_S = 60;
/** L1 blocks between the L1 head and the last one derived. */
const LAG_WARN = 4;
const LAG_FAIL = 16;

/** Batches that the committing account pays for. */
const FUNDS_WARN = 50;
const FUNDS_FAIL = 5;

/** How long an event that nobody took is worth a warning. Milliseconds. */
const DEAD_SHOWN_MS = 24 * 3_600_000;

type Row = Omit<Check, 'id' | 'label' | 'limit'>;

interface Criterion {
  readonly id: string;
  readonly label: string;
  /** In words; a function of the status where the number is the node's own. */
  readonly limit: string | ((status: StatusView) => string);
  readonly look: (status: StatusView, now: number) => Row;
}

const pass = (value: string): Row => ({ state: 'pass', value, reason: null });
const skip = (reason: string): Row => ({ state: 'skip', value: 'not graded', reason });
const graded = (state: 'warn' | 'fail', value: string, reason: string): Row => ({ state, value, reason });

const seconds = (ms: number): string => `${(Math.max(0, ms) / 1000).toFixed(1)} s`;

/** A span that may be long: in whole minutes from two on. */
const minutes = (ms: number): string => (ms < 120_000 ? seconds(ms) : `${Math.floor(ms / 60_000)} m`);

/** What `answers` allows, with its number: "warn > 24 s, twice the poll interval". */
const twiceThePoll =
  (layer: 'driver' | 'l1' | 'engine') =>
  ({ freshness }: StatusView): string =>
    `warn > ${Number(((2 * freshness[layer].expectedEvery) / 1000).toFixed(1))} s, twice the poll interval`;

/** A dependency by when it last answered. */
const answers =
  (layer: 'driver' | 'l1' | 'engine', what: string) =>
  ({ freshness }: StatusView, now: number): Row => {
    const { at, ok, expectedEvery, detail } = freshness[layer];
    if (at === null) return graded('fail', 'never', detail ?? `${what} has not answered yet`);
    const age = `${seconds(now - at)} ago`;
    if (!ok) return graded('fail', age, detail ?? `${what} is silent`);
    if (now - at > 2 * expectedEvery) return graded('warn', age, `${what} answers later than expected`);
    return pass(age);
  };

function engineState({ engine }: StatusView): Row {
  if (engine === null) return skip('nobody keeps track of it');
  if (engine.state === 'ONLINE' || engine.state === 'SYNCED') return pass(engine.state);
  return graded(engine.state === 'SYNCING' ? 'warn' : 'fail', engine.state, engine.reason);
}

function headAge({ heads, node }: StatusView, now: number): Row {
  if (node.mode === 'devnet') return skip('the L1 of a devnet keeps its own time');
  if (heads.l1 === null) return graded('fail', 'no L1 head', 'no L1 block was read yet');
  const age = now - heads.l1.timestamp * 1000;
  const reason = 'the L1 node is behind, or L1 makes no blocks: add a second L1 URL';
  if (age > HEAD_AGE_FAIL_S * 1000) return graded('fail', seconds(age), reason);
  return age > HEAD_AGE_WARN_S * 1000 ? graded('warn', seconds(age), reason) : pass(seconds(age));
}

function lag({ heads, sync, verdict }: StatusView): Row {
  if (heads.l1 === null) return graded('fail', 'unknown', 'no L1 block was read yet');
  if (heads.currentL1 === null) {
    return verdict.kind === 'aligned'
      ? pass('no batch yet')
      : graded('fail', 'unknown', 'where the engine and L1 agree is not found yet');
  }
  const blocks = Math.max(0, heads.l1.number - heads.currentL1.number);
  const value = `${blocks} L1 blocks`;
  const reason = sync === null ? 'derivation does not keep up with L1' : 'catching up with L1';
  if (blocks > LAG_FAIL) return graded('fail', value, reason);
  return blocks > LAG_WARN ? graded('warn', value, reason) : pass(value);
}

/** Codes of a driver's trouble with an L1 or an engine of another chain. */
const WRONG_CHAIN: readonly string[] = ['wrong_chain', 'engine_wrong_chain', 'foreign_genesis'];

function chains({ node, trouble }: StatusView): Row {
  const value = `L1 ${node.l1ChainId ?? 'not known'}, L2 ${node.l2ChainId}`;
  if (node.l1ChainId === null) return graded('fail', value, trouble?.message ?? 'L1 has not answered yet');
  const wrong = trouble !== null && WRONG_CHAIN.includes(trouble.code);
  return wrong ? graded('fail', value, trouble.message) : pass(value);
}

function validBatches({ batches }: StatusView): Row {
  const dropped = batches.find((batch) => batch.progress === 'dropped');
  if (dropped === undefined) return pass('none dropped');
  return graded('fail', `batch ${dropped.number}`, dropped.reason ?? 'it cannot be derived or executed');
}

function blobs({ freshness }: StatusView): Row {
  const { ok, detail, at } = freshness.blobs;
  if (!ok) return graded('warn', 'missing', detail ?? 'a blob is not offered by anybody');
  return at === null ? skip(detail ?? 'no batch needed one yet') : pass('available');
}

function reorgs({ reorgs: records }: StatusView): Row {
  const open = records.find((record) => record.recoveredAt === null);
  if (open === undefined) return pass('none open');
  return graded(
    'warn',
    `depth ${open.depth}`,
    `${open.layer} reorg above block ${open.commonAncestor.number}`,
  );
}

function verdict({ verdict: { kind, sentence } }: StatusView): Row {
  if (kind === 'aligned') return pass(kind);
  return graded(kind === 'degraded' ? 'warn' : 'fail', kind, sentence);
}

function sequencing({ sequencer }: StatusView): Row {
  if (sequencer === null) return skip('this node only follows');
  const trouble = sequencer.troubles[0];
  if (sequencer.feed.conflict !== null) return graded('warn', sequencer.mode, sequencer.feed.conflict);
  return trouble === undefined
    ? pass(sequencer.mode)
    : graded('warn', sequencer.mode, `${trouble.part}: ${trouble.message} (${trouble.count} times)`);
}

function messages({ sequencer }: StatusView, now: number): Row {
  if (sequencer === null) return skip('this node only follows');
  const [first] = sequencer.messages;
  if (first === undefined) return pass('none waits');
  const value =
    now > first.deadline ? `${minutes(now - first.deadline)} late` : `${minutes(first.deadline - now)} left`;
  const what = first.included ? 'is committed and not verified' : 'is in no batch';
  const reason = `the first of them ${what}: past its deadline no batch with user transactions can be verified before the one with it`;
  if (now > first.deadline) return graded('fail', value, reason);
  return now > first.warnAt ? graded('warn', value, reason) : pass(value);
}

function funds({ sequencer }: StatusView): Row {
  if (sequencer === null) return skip('this node only follows');
  const { batches } = sequencer.funds;
  if (batches === null) return skip('no batch was committed by this process yet');
  const value = `${batches} batches`;
  const reason = 'the committing account on L1 runs out of ether: top it up';
  if (batches < FUNDS_FAIL) return graded('fail', value, reason);
  return batches < FUNDS_WARN ? graded('warn', value, reason) : pass(value);
}

function webhook({ webhook: hook }: StatusView, now: number): Row {
  if (hook === null) return skip('no webhook is configured');
  const value = `${hook.pending} pending, ${hook.dead.length} given up`;
  const [lost] = hook.dead;
  if (hook.failing !== null)
    return graded(
      'warn',
      value,
      `${hook.host} fails, try ${hook.failing.tries} of 6: ${hook.failing.message}`,
    );
  return lost !== undefined && now - lost.gaveUpAt < DEAD_SHOWN_MS
    ? graded('warn', value, `${hook.host} did not take event ${lost.seq}: ${lost.message}`)
    : pass(value);
}

/** They concern the whole rollup or the next commit, not whether what this node answers is right. */
export const NOT_FOR_READINESS: readonly string[] = ['l1_messages', 'committer_funds'];

const CRITERIA: readonly Criterion[] = [
  { id: 'verdict', label: 'In plumb with L1', limit: 'aligned; degraded warns', look: verdict },
  { id: 'chains', label: 'Right chains', limit: 'as configured', look: chains },
  {
    id: 'l1_answers',
    label: 'L1 node answers',
    limit: twiceThePoll('l1'),
    look: answers('l1', 'the L1 node'),
  },
  {
    id: 'l1_head_fresh',
    label: 'L1 head is fresh',
    limit: `warn > ${HEAD_AGE_WARN_S} s, fail > ${HEAD_AGE_FAIL_S} s`,
    look: headAge,
  },
  {
    id: 'engine_answers',
    label: 'Execution engine answers',
    limit: twiceThePoll('engine'),
    look: answers('engine', 'the execution engine'),
  },
  {
    id: 'engine_state',
    label: 'Execution engine is in step',
    limit: 'ONLINE or SYNCED',
    look: engineState,
  },
  {
    id: 'driver_steps',
    label: 'Driver steps',
    limit: twiceThePoll('driver'),
    look: answers('driver', 'the driver'),
  },
  {
    id: 'derivation_lag',
    label: 'Derivation keeps up',
    limit: `warn > ${LAG_WARN}, fail > ${LAG_FAIL} L1 blocks`,
    look: lag,
  },
  { id: 'batches_valid', label: 'Committed batches are valid', limit: 'none dropped', look: validBatches },
  { id: 'blobs', label: 'Blobs are available', limit: 'none missing', look: blobs },
  { id: 'no_open_reorg', label: 'No reorg in progress', limit: 'none open', look: reorgs },
  {
    id: 'l1_messages',
    label: 'L1 messages are included in time',
    limit: 'warn in the last fifth of their time, fail past it',
    look: messages,
  },
  {
    id: 'committer_funds',
    label: 'Committing account can pay',
    limit: `warn < ${FUNDS_WARN}, fail < ${FUNDS_FAIL} batches`,
    look: funds,
  },
  { id: 'webhook', label: 'Webhook delivers', limit: 'nothing given up in a day', look: webhook },
  { id: 'sequencing', label: 'Sequencer works', limit: 'no trouble, no conflict', look: sequencing },
];

/** @param now the server's clock, milliseconds */
export const checksOf = (status: StatusView, now: number): readonly Check[] =>
  CRITERIA.map(({ id, label, limit, look }) => ({
    id,
    label,
    limit: typeof limit === 'string' ? limit : limit(status),
    ...look(status, now),
  }));
