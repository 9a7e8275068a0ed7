import { Dice } from './dice.ts';

/** What may go wrong with one call, and how often. Numbers in brackets: design list of L1 (R) and engine (E) faults. */
export const L1_FAULTS = [
  'l1_error', // refused, reset, 429, 5xx, an error of the provider's own [R1 to R12]
  'l1_timeout', // no answer in time [R3]
  'block_missing', // null for a block that is there [R28, R30, R46]
  'other_backend', // this call meets another backend than the last one [R26, R27]
  'mixed_backends', // logs of one backend, headers of another [R27, R28, R32]
  'log_omitted', // left out with a correct block hash [R36, R37, R40]
  'log_doubled', // [R38], which the L1 client refuses as a bad answer
  'log_unsorted', // [R41], likewise
  'label_missing', // no safe, no finalized [R23]
  'label_back', // an older finalized block [R24]
  'labels_disordered', // [R22], refused by the L1 client
  'blob_missing',
] as const;
export const ENGINE_FAULTS = [
  'engine_error', // unreachable, 401, an answer that makes no sense [E12, E13]
  'applied_timeout', // [E10]
  'lost_timeout', // [E11]
  'syncing', // [E1]
  'accepted', // [E2]
  'false_invalid', // valid block called INVALID until the engine restarts [E3, E4, E24]
  'forkchoice_invalid', // [E3]
  'state_refused', // -38002, head moved or not [E5]
  'attributes_refused', // -38003 [E6]
  'too_deep', // -38006 [E7]
  'valid_ignored', // VALID, and nothing happened [driver.md case 5]
  'labels_lag', // the state before the last update [E25]
  'body_pruned', // null for a block it holds [E26]
] as const;
export const JOURNAL_FAULTS = ['journal_fails', 'journal_fails_after'] as const;
/** Of the seeds from `TWO_BRANCHES_FROM` on, and of no others. */
export const TWO_BRANCHES_FAULTS = [
  'foreign_logs', // the logs of a branch that L1 has left, whole and in order, below a pin of the present one [R27]
] as const;

/**
 * Seeds from here on have an endpoint with backends on two branches, one of which answers for logs again and again.
 * By the faults of the other seeds it hardly ever comes about that what such a backend shows fits onto the position.
 */
export const TWO_BRANCHES_FROM = 3_000_000_000;
const FOREIGN_LOGS = 0.2;

export type Fault =
  | (typeof L1_FAULTS)[number]
  | (typeof ENGINE_FAULTS)[number]
  | (typeof JOURNAL_FAULTS)[number]
  | (typeof TWO_BRANCHES_FAULTS)[number];

/** What a step does to the world before it lets calls go on. */
export const STEP_KINDS = [
  'run',
  'mine',
  'mine_many',
  'reorg',
  'reorg_shorter',
  'reorg_same_height',
  'reorg_deep',
  'flip',
  'finalize',
  'backend_lags',
  'backend_on_branch',
  'backends_heal',
  'unsafe_blocks',
  'engine_restarts',
  'engine_forgets_labels',
  'engine_wiped',
  'engine_foreign_head',
  'engine_set_back',
  'kill',
  'stop',
  'journal_lost',
  'wait',
  'cross_finality',
] as const;
export type StepKind = (typeof STEP_KINDS)[number];

/** How an engine treats a forkchoice update to an ancestor of its head: its nature, not a fault. */
export type Rewind = 'applies' | 'ignores' | 'ignores_and_labels' | 'too_deep' | 'unreachable';

export interface Profile {
  readonly rewind: Rewind;
  /** Blocks: deeper rewinds are what `too_deep` and `unreachable` refuse. */
  readonly rewindLimit: number;
  /** -38002 is answered after the head has moved (go-ethereum 35713). */
  readonly nonAtomic: boolean;
  /** Answers ACCEPTED for a block that does not extend its head, and executes it when it becomes the head. */
  readonly acceptsSiblings: boolean;
  readonly backends: number;
  /** The L1 still answers for an orphaned block by its hash (geth) or not (anvil). */
  readonly keepsOrphans: boolean;
  readonly l1Length: number;
  readonly batchesPerBlock: Readonly<Record<'0' | '1' | '2' | '3', number>>;
  readonly sameContent: number;
  readonly reuseBlocks: number;
  readonly blobs: number;
  readonly longBatches: number;
  readonly flawed: number;
  readonly faults: Readonly<Record<Fault, number>>;
  readonly steps: Readonly<Record<StepKind, number>>;
}

export interface Step {
  readonly kind: StepKind;
  /** Seed of all chance within this step, so that leaving out another step does not change this one's dice. */
  readonly dice: number;
}

export interface Schedule {
  readonly seed: number;
  readonly profile: Profile;
  readonly steps: readonly Step[];
}

const STEP_WEIGHTS: Readonly<Record<StepKind, number>> = {
  run: 40,
  mine: 20,
  mine_many: 1,
  reorg: 5,
  reorg_shorter: 1.5,
  reorg_same_height: 1.5,
  reorg_deep: 0.5,
  flip: 2,
  finalize: 5,
  backend_lags: 2,
  backend_on_branch: 1.5,
  backends_heal: 2,
  unsafe_blocks: 4,
  engine_restarts: 1.2,
  engine_forgets_labels: 0.6,
  engine_wiped: 0.25,
  engine_foreign_head: 1,
  engine_set_back: 0.8,
  kill: 2,
  stop: 1,
  journal_lost: 0.5,
  wait: 8,
  cross_finality: 0,
};
/** Always there; every other kind is in a schedule or not, so that some schedules are made of few things only. */
const ALWAYS: readonly StepKind[] = ['run', 'mine', 'finalize', 'wait'];
const FAULT_RATES = [0.005, 0.02, 0.05, 0.15] as const;
/** One schedule in so many leaves a branch that L1 called final, and must end in a halt. */
const CROSSES_FINALITY = 0.03;

/** Swarm testing: each seed has its own subset of faults and events, and its own rates. */
export function profileOf(dice: Dice): Profile {
  const calm = dice.chance(0.1);
  const faultShare = calm ? 0 : dice.pick([0.15, 0.4, 0.8]);
  const ceiling = dice.pick([0.03, 0.1, 1]);
  const rate = (): number => (dice.chance(faultShare) ? Math.min(ceiling, dice.pick(FAULT_RATES)) : 0);
  const faults = Object.fromEntries(
    [...L1_FAULTS, ...ENGINE_FAULTS, ...JOURNAL_FAULTS].map((fault) => [fault, rate()]),
  ) as Record<Exclude<Fault, 'foreign_logs'>, number>;
  const eventShare = dice.pick([0.3, 0.6, 0.9]);
  const steps = Object.fromEntries(
    STEP_KINDS.map((kind) => [
      kind,
      ALWAYS.includes(kind) || dice.chance(eventShare) ? STEP_WEIGHTS[kind] : 0,
    ]),
  ) as Record<StepKind, number>;
  if (dice.chance(CROSSES_FINALITY)) steps.cross_finality = 0.5;
  return {
    rewind: dice.weighted({ applies: 4, ignores: 2, ignores_and_labels: 2, too_deep: 1, unreachable: 1 }),
    rewindLimit: dice.pick([0, 2, 8, 32]),
    nonAtomic: dice.chance(0.5),
    acceptsSiblings: dice.chance(0.2),
    backends: dice.pick([1, 1, 2, 3]),
    keepsOrphans: dice.chance(0.6),
    l1Length: dice.pick([1, 4, 12, 20, 40, 120]),
    batchesPerBlock: dice.pick([
      { 0: 5, 1: 5, 2: 1, 3: 0.5 },
      { 0: 8, 1: 1, 2: 0, 3: 0 },
      { 0: 2, 1: 4, 2: 3, 3: 2 },
    ]),
    sameContent: dice.pick([0, 0.3, 0.8]),
    reuseBlocks: dice.pick([0, 0.5, 0.9]),
    blobs: dice.pick([0, 0, 0.3, 1]),
    longBatches: dice.pick([0, 0, 0, 0.03]),
    flawed: dice.pick([0, 0, 0.02, 0.1]),
    faults: { ...faults, foreign_logs: 0 },
    steps,
  };
}

/** The schedule of a seed: the same on every machine and for ever, as long as this folder does not change. */
export function scheduleOf(seed: number, count: number): Schedule {
  const dice = new Dice(seed);
  const drawn = profileOf(dice);
  const foreign_logs = seed < TWO_BRANCHES_FROM ? 0 : FOREIGN_LOGS;
  const profile = { ...drawn, faults: { ...drawn.faults, foreign_logs } };
  const steps = Array.from({ length: count }, () => ({
    kind: dice.weighted(profile.steps),
    dice: dice.seed(),
  }));
  return { seed, profile, steps };
}
