import type { Fate } from '../server/api/historyViews.ts';
import type { BatchStatus, Check, ReorgView, SequencerView, VerdictKind } from '../server/api/views.ts';

/**
 * The fixed words of the page. A state is never told by colour alone: each has a shape, a word and a tone.
 */
export type Shape =
  | 'disc'
  | 'quarter'
  | 'triangle'
  | 'square'
  | 'bolt'
  | 'cross'
  | 'pause'
  | 'ring'
  | 'check'
  | 'lock';

/** Names a pair of colour tokens in app/styles/tokens.css. */
export type Tone = 'ok' | 'info' | 'warn' | 'stop' | 'reorg' | 'orphaned' | 'held' | 'mute';

export interface Word {
  readonly word: string;
  readonly shape: Shape;
  readonly tone: Tone;
  /** The same shape as one character, for the window title. */
  readonly glyph: string;
}

export const VERDICT_WORDS: Record<VerdictKind, Word> = {
  aligned: { word: 'Aligned', shape: 'disc', tone: 'ok', glyph: '●' },
  catching_up: { word: 'Catching up', shape: 'quarter', tone: 'info', glyph: '◔' },
  degraded: { word: 'Degraded', shape: 'triangle', tone: 'warn', glyph: '▲' },
  stalled: { word: 'Stalled', shape: 'square', tone: 'stop', glyph: '■' },
  reorg: { word: 'Reorg in progress', shape: 'bolt', tone: 'reorg', glyph: '↯' },
  diverged: { word: 'Diverged', shape: 'cross', tone: 'stop', glyph: '✖' },
  halted: { word: 'Halted', shape: 'pause', tone: 'held', glyph: '⏸' },
  unknown: { word: 'Unknown', shape: 'ring', tone: 'mute', glyph: '◌' },
};

/** The way of a batch, in order; `dropped` and `orphaned` end it early. */
export const BATCH_STEPS = ['seen', 'fetched', 'decoded', 'applied', 'safe', 'finalized'] as const;

/** How far a commit came. `dropped`: refused with a reason. */
export const STATUS_WORDS: Record<BatchStatus, { word: string; shape: Shape; tone: Tone }> = {
  seen: { word: 'seen', shape: 'ring', tone: 'mute' },
  fetched: { word: 'fetched', shape: 'ring', tone: 'mute' },
  decoded: { word: 'decoded', shape: 'ring', tone: 'info' },
  applied: { word: 'applied', shape: 'quarter', tone: 'info' },
  safe: { word: 'safe', shape: 'disc', tone: 'ok' },
  finalized: { word: 'finalized', shape: 'lock', tone: 'ok' },
  dropped: { word: 'dropped', shape: 'cross', tone: 'stop' },
  orphaned: { word: 'orphaned', shape: 'cross', tone: 'orphaned' },
};

/** One sentence each, for the legend of the lanes. */
export const BLOCK_LEGEND = [
  { kind: 'unsafe', word: 'unsafe', sentence: 'Not yet on L1, or on an L1 block that may still go.' },
  { kind: 'safe', word: 'safe', sentence: 'Follows from L1 as it stands.' },
  { kind: 'finalized', word: 'finalized', sentence: 'Its L1 block can no longer be reorged.' },
  { kind: 'orphaned', word: 'orphaned', sentence: 'Was on the chain before a reorg.' },
  { kind: 'dropped', word: 'dropped', sentence: 'Posted on L1, but refused: see its reason.' },
  { kind: 'missing', word: 'missing', sentence: 'Posted, but its blocks were not read yet.' },
] as const;

export const CAUSE_WORDS: Record<ReorgView['cause'], string> = {
  L1_REORG: 'L1 reorganised',
  BATCH_MISMATCH: 'L1 committed other blocks than we had',
  LEADER_HANDOVER: 'the next leader built on an earlier block',
  LEADER_EQUIVOCATION: 'the leader signed two blocks of one height',
  INVALID_PAYLOAD: 'a block was invalid',
  EL_ROLLBACK: 'the engine went back by itself',
  MANUAL_RESYNC: 'an operator asked for a resync',
  UNKNOWN: 'cause not known',
};

/** What a node that may lead does now. */
export const ROLE_WORDS: Record<SequencerView['mode'], Omit<Word, 'glyph'> & { readonly sentence: string }> =
  {
    Sequencing: {
      word: 'Sequencing',
      shape: 'disc',
      tone: 'ok',
      sentence: 'This node leads: it builds blocks and commits batches.',
    },
    Following: {
      word: 'Following',
      shape: 'ring',
      tone: 'info',
      sentence: 'Another sequencer leads; this node takes its blocks.',
    },
    Syncing: {
      word: 'Syncing',
      shape: 'quarter',
      tone: 'info',
      sentence: 'This node does not hold every committed block yet, so it does not lead.',
    },
  };

/** Which processes with this node's key may produce; null while all is as it should be. */
export const LEASE_WORDS: Record<SequencerView['lease']['state'], string | null> = {
  held: null,
  lapsed: 'its lease lapsed, so it builds nothing',
  waiting: 'another process holds the lease of its key',
  standing_down: 'it stands down for another process with its key',
};

/** The chaos verbs of a devnet by what they disturb, in the order of the page. */
export const CHAOS_GROUPS: readonly { readonly title: string; readonly verbs: readonly string[] }[] = [
  { title: 'Nodes', verbs: ['status', 'stop', 'start', 'pause', 'resume', 'kill'] },
  {
    title: 'L1 and its commits',
    verbs: ['reorg', 'delay-commits', 'drop-commits', 'refuse-commits', 'delay-l1'],
  },
  { title: 'Network and registry', verbs: ['partition', 'heal', 'equivocate', 'unregister', 'register'] },
];

/** What became of a transaction of an orphaned block. */
export const FATE_WORDS: Record<Fate, { word: string; sentence: string; shape: Shape; tone: Tone }> = {
  same: { word: 'same', sentence: 'again in a block of the same number', shape: 'check', tone: 'ok' },
  re_included: { word: 're-included', sentence: 'again, in another block', shape: 'check', tone: 'ok' },
  pending: { word: 'pending', sentence: 'waits in the pool', shape: 'quarter', tone: 'info' },
  dropped: { word: 'dropped', sentence: 'nobody has it any more', shape: 'cross', tone: 'stop' },
  conflicting: {
    word: 'conflicting',
    sentence: 'its nonce was used by another transaction',
    shape: 'triangle',
    tone: 'warn',
  },
  not_known: { word: 'not known', sentence: 'the engine does not say', shape: 'ring', tone: 'mute' },
};

/** Whom L2 sees as the sender of a deposit: no account, the L2 end of the bridge. */
const L2_BRIDGE = '0x000000000000000000000000000000000000ffff';

/**
 * A transaction's nonce in the words of the page; null when it is not known. A message from L1 has none: the bridge
 * numbers it.
 */
export const nonceWord = ({ from, nonce }: { from: string | null; nonce: number | null }): string | null => {
  if (nonce !== null) return String(nonce);
  return from?.toLowerCase() === L2_BRIDGE ? 'L1 message' : null;
};

export const CHECK_WORDS: Record<Check['state'], { word: string; shape: Shape; tone: Tone }> = {
  pass: { word: 'pass', shape: 'check', tone: 'ok' },
  warn: { word: 'warn', shape: 'triangle', tone: 'warn' },
  fail: { word: 'fail', shape: 'cross', tone: 'stop' },
  info: { word: 'info', shape: 'disc', tone: 'info' },
  skip: { word: 'skip', shape: 'ring', tone: 'mute' },
};

/** Why a leader's time began. */
export const TERM_WHY: Readonly<Record<string, string>> = {
  seen: 'seen when this node started',
  term_over: 'the term before was over',
  unregistered: 'the one before was unregistered',
  list_changed: 'the list of sequencers changed',
  l1_reorg: 'L1 was reorganised',
};
