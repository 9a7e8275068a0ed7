import { Dice } from './dice.ts';
import { takeStep } from './events.ts';
import { nameOf } from './gate.ts';
import { type Schedule, scheduleOf } from './profile.ts';
import { derive, finalOf } from './reference.ts';
import { Simulation } from './simulation.ts';

/** After the faults have stopped, everything must be in plumb within so much virtual time, milliseconds. */
export const SETTLE_MS = 60_000;
/** And within so many calls: a loop that never sleeps never lets time pass. */
const SETTLE_MOVES = 20_000;
/** L1 goes on meanwhile, with blocks that commit nothing. */
const L1_BLOCK_MS = 12_000;

export interface Outcome {
  readonly seed: number;
  readonly steps: number;
  /** Rules that were broken. */
  readonly violations: readonly string[];
  /** Why it did not come into plumb after the faults; null when it did. */
  readonly stuck: string | null;
  /** Calls that went on, in all. */
  readonly moves: number;
  /** Virtual milliseconds from the end of the faults until all was in plumb. */
  readonly settledAfterMs: number;
}

/** Runs the schedule of a seed. */
export const runSeed = (seed: number, steps: number, log?: (line: string) => void): Promise<Outcome> =>
  runSchedule(scheduleOf(seed, steps), log);

/** Runs a schedule: its steps, then no more faults, then the wait for everything to come into plumb. */
export async function runSchedule(schedule: Schedule, log?: (line: string) => void): Promise<Outcome> {
  const { profile, seed, steps } = schedule;
  const sim = new Simulation({ profile, seed, ...(log === undefined ? {} : { log }) });
  let taken = 0;
  for (const step of steps) {
    await takeStep(sim, step);
    taken += 1;
    if (sim.violations.length > 0) break;
  }
  const outcome = { seed, steps: taken };
  if (sim.violations.length > 0)
    return { ...outcome, violations: sim.violations, stuck: null, moves: sim.moves, settledAfterMs: 0 };
  const began = sim.time.now;
  const stuck = await settle(sim, new Dice(seed ^ 0x0fed));
  if (stuck === null && !sim.l1World.crossedFinality) sim.rules.atTheEnd();
  return {
    ...outcome,
    violations: sim.violations,
    stuck,
    moves: sim.moves,
    settledAfterMs: sim.time.now - began,
  };
}

/** The faults end, L1 goes on a little on one branch; answers what is still wrong when the time is over, or null. */
async function settle(sim: Simulation, dice: Dice): Promise<string | null> {
  endFaults(sim, dice);
  const until = sim.time.now + SETTLE_MS;
  let wrong: string | null = 'nothing has been looked at';
  let nextBlock = sim.time.now + L1_BLOCK_MS;
  for (let moves = 0; sim.time.now <= until && moves < SETTLE_MOVES; moves++) {
    if (sim.time.now >= nextBlock) {
      nextBlock += L1_BLOCK_MS;
      sim.l1World.mine(dice, true);
      sim.life.wake();
    }
    await sim.move(dice);
    if (sim.violations.length > 0) return null;
    if (!sim.life.asleep && !sim.life.ended) continue;
    wrong = notInPlumb(sim);
    if (wrong === null) return null;
  }
  return wrong;
}

function endFaults(sim: Simulation, dice: Dice): void {
  sim.faulty = false;
  sim.l1.heal();
  sim.say(() => 'the faults stop');
  const { l1World, engine } = sim;
  // What an engine wrongly holds against a block, it forgets when it starts again.
  if (sim.profile.faults.false_invalid > 0) engine.restart(0, true);
  const height = (): number => derive(l1World.head, sim.l2.genesis).chain.length;
  // L1 outgrows whatever the engine holds as unsafe, unless a wrong batch has stopped this branch.
  for (let i = 0; i < 400 && (i < 3 || height() <= engine.canonical.length); i++) {
    if (derive(l1World.head, sim.l2.genesis).stoppedAt !== null && i >= 3) break;
    l1World.mine(dice);
  }
  l1World.finalizeTo(l1World.head.ref.number - dice.between(1, 4));
  sim.say(() => `    L1 ${nameOf(l1World.head.ref.hash)}, finalized ${l1World.finalized.ref.number}`);
  if (sim.life.dead) sim.restart();
  sim.life.wake();
}

/** What the node lacks to be where the oracle says it must be; null when it is there. */
function notInPlumb(sim: Simulation): string | null {
  const { engine, l1World, l2, life } = sim;
  const { state } = life.driver;
  if (state.phase === 'halted') return null;
  // L1 has left what it called final and has not finalized as much again: until it has, nothing is taken back.
  if (l1World.crossedFinality && (state.stale !== null || state.trouble?.code === 'l1_behind')) return null;
  const reference = derive(l1World.head, l2.genesis);
  const tip = reference.chain.at(-1)!;
  const { safe, finalized } = engine.picture;
  const named = (block: { readonly hash: string } | null): string =>
    block === null ? 'none' : nameOf(block.hash);
  const trouble = state.trouble === null ? '' : ` (${state.trouble.code}: ${state.trouble.message})`;
  if ((safe ?? l2.genesis) !== tip) return `safe head ${named(safe)} instead of ${named(tip)}${trouble}`;
  const wrong = reference.chain.find((block) => !engine.isCanonical(block));
  if (wrong !== undefined) return `the engine's chain lacks block ${named(wrong)}${trouble}`;
  const final = finalOf(reference, l1World.finalized.ref.number);
  // An L1 that left what it called final finalizes less for a while: what was final on this chain stays so.
  const stays =
    l1World.crossedFinality &&
    finalized !== null &&
    finalized.number > final.number &&
    sim.rules.wasFinal(finalized);
  if ((finalized ?? l2.genesis) !== final && !(stays && reference.chain.includes(finalized)))
    return `finalized head ${named(finalized)} instead of ${named(final)}${trouble}`;
  const phase = reference.stoppedAt === null ? 'following' : 'blocked';
  if (state.phase !== phase) return `phase ${state.phase} instead of ${phase}${trouble}`;
  return state.trouble === null ? null : `still in trouble${trouble}`;
}
