import type { JournalEvent } from '../journal/journal.ts';

type Fields = Readonly<Record<string, unknown>>;
const text = (value: unknown): string =>
  typeof value === 'object' ? JSON.stringify(value) : String(value ?? '?');
const field = (payload: unknown, name: string): unknown => (payload as Fields | null)?.[name];

/** An address as people tell it apart. */
const short = (value: unknown): string =>
  typeof value === 'string' ? `${value.slice(0, 6)}…${value.slice(-4)}` : 'nobody';
const list = (value: unknown): number => (Array.isArray(value) ? value.length : 0);

/** One batch, or the first and the last of several. */
const batches = (payload: unknown): string => {
  const [from, to] = [field(payload, 'fromBatch'), field(payload, 'toBatch')];
  if (from === undefined) return `batch ${text(field(payload, 'batch'))}`;
  return from === to ? `batch ${text(from)}` : `batches ${text(from)}–${text(to)}`;
};

/** Who gave an order. */
const who = (payload: unknown): string => text(field(payload, 'actor') ?? 'somebody unknown');

/** Why the leader changed, in an operator's words. */
const WHY: Readonly<Record<string, string>> = {
  term_over: 'its term is over',
  unregistered: 'it was unregistered',
  list_changed: 'the list of sequencers changed',
  l1_reorg: 'L1 was reorganised',
};

/** Journal event kinds and the one sentence each is shown as. */
const SENTENCES: Readonly<Record<string, (payload: unknown) => string>> = {
  'node.started': (p) => `node started, ${text(field(p, 'mode'))} mode`,
  'verdict.changed': (p) =>
    `verdict ${text(field(p, 'from'))} → ${text(field(p, 'to'))}: ${text(field(p, 'sentence'))}`,
  'node.stopped': () => 'node stopped',
  'node.diverged': (p) =>
    `the observed node diverged at block ${text(field(p, 'block'))}, in batch ${text(field(p, 'batchNumber'))}`,
  'driver.start_found': (p) => `start found at batch ${text(field(p, 'batch'))} (${text(field(p, 'why'))})`,
  'driver.trouble': (p) => `${text(field(p, 'severity'))}: ${text(field(p, 'message'))}`,
  'driver.recovered': (p) => `works again after ${text(field(p, 'count'))} tries: ${text(field(p, 'code'))}`,
  'l1.fault': (p) => `L1 provider ${text(field(p, 'provider'))}: ${text(field(p, 'message'))}`,
  'l1.recovered': (p) => `L1 provider ${text(field(p, 'provider'))} works again`,
  'engine.fault': (p) => `engine ${text(field(p, 'code'))}: ${text(field(p, 'message'))}`,
  'engine.recovered': (p) => `engine works again (was ${text(field(p, 'code'))})`,
  'journal.migrated': (p) => `journal taken from schema ${text(field(p, 'from'))} to ${text(field(p, 'to'))}`,
  'journal.pruned': (p) => `journal rows up to ${text(field(p, 'upTo'))} removed, behind a signed checkpoint`,
  'journal.refused': (p) =>
    `the journal would not have a ${text(field(p, 'kind'))} event, and keeps it in another form: ${text(field(p, 'why'))}`,
  'journal.gap': (p) => `${text(field(p, 'count'))} events could not be kept`,
  'batch.applied': (p) =>
    `batch ${text(field(p, 'batch'))} applied, L2 blocks ${text(field(p, 'firstBlock'))}–${text(field(field(p, 'lastBlock'), 'number'))}`,
  'batch.finalized': (p) => `${batches(p)} finalized`,
  'batch.invalid': (p) => `batch ${text(field(p, 'batch'))} dropped: ${text(field(p, 'detail'))}`,
  'reorg.detected': (p) =>
    `${text(field(p, 'layer'))} reorg, depth ${text(field(p, 'depth'))}, ${text(field(p, 'cause'))}`,
  'sequencer.state': (p) => `sequencer ${text(field(p, 'from'))} → ${text(field(p, 'to'))}`,
  'sequencer.trouble': (p) => `${text(field(p, 'part'))} fails: ${text(field(p, 'message'))}`,
  'sequencer.recovered': (p) => `${text(field(p, 'part'))} works again`,
  'leader.seen': (p) => `leader ${short(field(p, 'leader'))}, batch ${text(field(p, 'batch'))} is due`,
  'leader.changed': (p) =>
    `leader ${short(field(p, 'from'))} → ${short(field(p, 'to'))} at batch ${text(field(p, 'batch'))} (${WHY[text(field(p, 'why'))] ?? text(field(p, 'why'))})`,
  'revert.intent': (p) => `taking back ${list(field(p, 'dropped'))} uncommitted blocks`,
  'revert.not_done': () => 'the process before had announced a revert and did not do it',
  'commit.unknown': (p) =>
    `whether batch ${text(field(p, 'batch'))} was sent is not known: L1 does not have it`,
  'revert.done': (p) => `back at block ${text(field(field(p, 'to'), 'number'))}, transactions offered again`,
  'commit.intent': (p) => `about to commit batch ${text(field(p, 'batch'))}`,
  'commit.landed': (p) => `batch ${text(field(p, 'batch'))} is on L1`,
  'commit.dropped': (p) => `batch ${text(field(p, 'batch'))} was dropped by L1: it is committed again`,
  'commit.sent': (p) => `batch ${text(field(p, 'batch'))} sent to L1`,
  'commit.resent': (p) => `batch ${text(field(p, 'batch'))} sent to L1 again, with a higher fee`,
  'commit.superseded': (p) => `L1 holds another batch ${text(field(p, 'batch'))} than the one sent`,
  'commit.lost': (p) => `batch ${text(field(p, 'batch'))} cannot land any more with what was sent`,
  'commit.stale': (p) =>
    `what was sent of batch ${text(field(p, 'batch'))} was made for an older state of L1`,
  'verify.sent': (p) =>
    `verification of batches ${text(field(p, 'first'))}–${text(field(p, 'upTo'))} sent to L1`,
  'fence.superseded': () => 'numbers that were held are free again: L1 shows why',
  'fence.foreign_head': () => 'another program drives this engine',
  'fence.held': (p) => `holds the lease of its key, term ${text(field(p, 'term'))}`,
  'fence.lost': (p) => `lost the lease of its key: ${text(field(p, 'why'))}`,
  'fence.refused': (p) => `refused a second ${text(field(p, 'kind'))} ${text(field(p, 'number'))}`,
  'unsafe_feed.halted': () => 'fast confirmations halted: two blocks are shown as one',
  'unsafe_feed.resumed': (p) => `fast confirmations go on (${text(field(p, 'why'))})`,
  'unsafe_feed.replaced': () => "unsafe blocks replaced by the leader's own",
  'unsafe_feed.equivocation': (p) =>
    `the leader showed two blocks of number ${text(field(p, 'height'))}: two stories, unless an L1 reorg made it build anew`,
  'unsafe_feed.peer_benched': (p) =>
    `peer ${text(field(p, 'peer'))} is not asked: ${text(field(p, 'reason'))}`,
  'operator.resync_accepted': (p) =>
    `${who(p)} ordered a resync to block ${text(field(field(field(p, 'point'), 'block'), 'number'))}: “${text(field(p, 'reason'))}”`,
  'operator.resync_refused': (p) => `resync by ${who(p)} refused: ${text(field(p, 'message'))}`,
  'operator.resync_rewound': (p) =>
    field(p, 'keptHead') === true
      ? 'resync: the engine keeps its head, blocks are compared in place'
      : `resync: the engine is back at block ${text(field(field(p, 'to'), 'number'))}`,
  'operator.resync_resumed': () => 'resync taken up again after a restart',
  'operator.resync_done': (p) => `resync done: ${text(field(p, 'note'))}`,
  'operator.resync_failed': (p) => `resync ${text(field(p, 'note'))}`,
  'operator.paused': (p) => `${who(p)} paused the ${text(field(p, 'part'))}: “${text(field(p, 'reason'))}”`,
  'operator.resumed': (p) => `${who(p)} resumed the ${text(field(p, 'part'))}: “${text(field(p, 'reason'))}”`,
  'operator.refused': (p) => `${text(field(p, 'what'))} by ${who(p)} refused: ${text(field(p, 'message'))}`,
  'operator.signed_in': (p) => `${who(p)} signed in`,
  'operator.sign_in_refused': (p) => `sign-in from ${text(field(p, 'from'))} refused`,
  'reorg.recovered': (p) => `reorg ${text(field(p, 'id'))} recovered`,
  'reorg.updated': (p) =>
    `reorg ${text(field(p, 'id'))} looked at again: more is known of its blocks or transactions`,
};

export const sentenceOf = (event: Pick<JournalEvent, 'kind' | 'payload'>): string =>
  SENTENCES[event.kind]?.(event.payload) ?? event.kind;
