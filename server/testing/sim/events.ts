import { Dice } from './dice.ts';
import { nameOf } from './gate.ts';
import type { Step, StepKind } from './profile.ts';
import type { Simulation } from './simulation.ts';

/** How many calls go on after an event, before the next one. */
const MOVES = [0, 1, 1, 2, 2, 3, 4, 6, 9] as const;
const RUN_MOVES = [4, 8, 16] as const;

/** One step of a schedule: something happens to the world, then some calls go on. */
export async function takeStep(sim: Simulation, { kind, dice: seed }: Step): Promise<void> {
  const dice = new Dice(seed);
  sim.say(() => `step ${kind}`);
  EVENTS[kind](sim, dice);
  const moves = dice.pick(kind === 'run' ? RUN_MOVES : MOVES);
  for (let i = 0; i < moves; i++) await sim.move(dice);
}

type Event = (sim: Simulation, dice: Dice) => void;

/** Blocks between L1's head and what it has finalized. */
const open = ({ l1World }: Simulation): number => l1World.head.ref.number - l1World.finalized.ref.number;

function moveL1(sim: Simulation, how: () => void): void {
  how();
  const { head } = sim.l1World;
  sim.say(() => `    L1 ${nameOf(head.ref.hash)} with ${head.lastBatch} batches`);
  sim.life.wake();
}

const EVENTS: Readonly<Record<StepKind, Event>> = {
  run: () => {},
  mine: (sim, dice) => moveL1(sim, () => void sim.l1World.mine(dice)),
  mine_many: (sim, dice) =>
    moveL1(sim, () => {
      for (let i = dice.between(5, 40); i > 0; i--) sim.l1World.mine(dice);
    }),
  reorg: (sim, dice) => {
    const depth = dice.between(1, 6);
    moveL1(sim, () => sim.l1World.reorg(depth, dice.between(depth, depth + 3), dice));
  },
  reorg_shorter: (sim, dice) => {
    const depth = dice.between(2, 12);
    moveL1(sim, () => sim.l1World.reorg(depth, dice.int(depth), dice));
  },
  reorg_same_height: (sim, dice) => {
    const depth = dice.between(1, 6);
    moveL1(sim, () => sim.l1World.reorg(Math.min(depth, open(sim)), Math.min(depth, open(sim)), dice));
  },
  reorg_deep: (sim, dice) => {
    const depth = dice.between(1, Math.max(1, open(sim)));
    moveL1(sim, () => sim.l1World.reorg(depth, dice.between(1, depth + 2), dice));
  },
  flip: (sim, dice) => {
    const { formerHeads } = sim.l1World;
    if (formerHeads.length > 0) moveL1(sim, () => sim.l1World.flipTo(dice.pick(formerHeads)));
  },
  finalize: (sim, dice) => {
    const { head } = sim.l1World;
    sim.l1World.finalizeTo(head.ref.number - dice.pick([2, 5, 10, 20, 40]));
    sim.say(() => `    L1 finalized ${sim.l1World.finalized.ref.number}`);
  },
  backend_lags: (sim, dice) => {
    dice.pick(sim.l1.backends).lag = dice.pick([1, 1, 2, 3, 8, 30]);
  },
  backend_on_branch: (sim, dice) => {
    const { formerHeads } = sim.l1World;
    if (formerHeads.length > 0) dice.pick(sim.l1.backends).stuckAt = dice.pick(formerHeads);
  },
  backends_heal: (sim) => sim.l1.heal(),
  unsafe_blocks: (sim, dice) => {
    const { engine, l2 } = sim;
    engine.moveHead(l2.grow(engine.latest, dice.between(1, 6), 0.6, dice).at(-1)!);
  },
  engine_restarts: (sim, dice) => {
    sim.engine.restart(dice.pick([0, 0, 1, 4, 20]), dice.chance(0.3));
    if (dice.chance(0.5)) sim.engine.forgetLabels(dice.chance(0.3));
  },
  engine_forgets_labels: (sim, dice) => sim.engine.forgetLabels(dice.chance(0.5)),
  engine_wiped: (sim) => sim.engine.wipe(),
  engine_foreign_head: (sim, dice) => {
    const { engine, l2 } = sim;
    const chain = engine.canonical;
    const from = chain[Math.max(0, chain.length - 1 - dice.int(6))]!;
    engine.moveHead(l2.grow(from, dice.between(1, 5), 0, dice).at(-1)!);
  },
  engine_set_back: (sim, dice) => {
    const { canonical } = sim.engine;
    sim.engine.moveHead(canonical[Math.max(0, canonical.length - 1 - dice.int(8))]!);
  },
  kill: (sim, dice) => {
    sim.kill(dice);
    sim.restart();
  },
  stop: (sim, dice) => {
    sim.life.stop();
    sim.gate.abort(sim.life);
    sim.kill(dice);
    sim.restart();
  },
  journal_lost: (sim) => {
    sim.journal.lose();
    sim.rules.journalLost(sim.life);
  },
  wait: (sim, dice) => sim.time.pass(dice.pick([50, 300, 1_000, 5_000, 30_000])),
  cross_finality: (sim, dice) => moveL1(sim, () => sim.l1World.crossFinality(dice)),
};
