import type { Fault, Schedule, Step } from './profile.ts';
import { type Outcome, runSchedule } from './run.ts';

/** Runs that a shrink may cost. */
const MOST_RUNS = 600;

export interface Shrunk {
  readonly schedule: Schedule;
  readonly outcome: Outcome;
  readonly runs: number;
}

/** What went wrong, without the names of blocks, so that the same failure is known again in a shorter schedule. */
export function failureOf({ violations, stuck }: Outcome): string | null {
  const said = violations[0] ?? stuck;
  return said === null ? null : said.replace(/0x[0-9a-f]+|\d+·\w+|\d+/g, '#').slice(0, 60);
}

/**
 * Leaves out whatever the failure does not need: first faults as a whole, then steps, halves before single ones. Each
 * step has its own dice, so that what is left goes on as it did. The result fails in the same way.
 */
export async function shrink(schedule: Schedule): Promise<Shrunk> {
  const first = await runSchedule(schedule);
  const wanted = failureOf(first);
  if (wanted === null) throw new Error(`the schedule of seed ${schedule.seed} does not fail`);
  const search = new Search(wanted, { schedule, outcome: first, runs: 1 });
  const { faults } = schedule.profile;
  for (const fault of Object.keys(faults) as Fault[]) {
    if (faults[fault] > 0) await search.tries(withoutFault(search.best.schedule, fault));
  }
  for (let size = Math.ceil(schedule.steps.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let from = 0; from < search.best.schedule.steps.length; ) {
      const { steps } = search.best.schedule;
      const fewer = [...steps.slice(0, from), ...steps.slice(from + size)];
      if (!(await search.tries({ ...search.best.schedule, steps: fewer }))) from += size;
    }
  }
  return search.best;
}

class Search {
  readonly #wanted: string;
  best: Shrunk;

  constructor(wanted: string, first: Shrunk) {
    this.#wanted = wanted;
    this.best = first;
  }

  /** Keeps the schedule when it fails as the first one did. */
  async tries(schedule: Schedule): Promise<boolean> {
    if (this.best.runs >= MOST_RUNS) return false;
    const outcome = await runSchedule(schedule);
    const runs = this.best.runs + 1;
    const fails = failureOf(outcome) === this.#wanted;
    this.best = fails ? { schedule, outcome, runs } : { ...this.best, runs };
    return fails;
  }
}

const withoutFault = (schedule: Schedule, fault: Fault): Schedule => ({
  ...schedule,
  profile: { ...schedule.profile, faults: { ...schedule.profile.faults, [fault]: 0 } },
});

/** The shrunk schedule in a few lines for people. */
export async function story({ schedule, outcome, runs }: Shrunk): Promise<readonly string[]> {
  const { profile, steps } = schedule;
  const faults = Object.entries(profile.faults).filter(([, rate]) => rate > 0);
  const log: string[] = [];
  await runSchedule(schedule, (line) => log.push(line));
  const shown = log.filter((line) => !/^\d+\.\d+ {3}p\d+ l1\.blockBy/.test(line)).slice(-40);
  return [
    `it takes ${steps.length} steps (${countKinds(steps)}) and ${faults.length} kinds of faults, found in ${runs} runs:`,
    `  engine: ${profile.rewind} at ${profile.rewindLimit}${profile.nonAtomic ? ', not atomic' : ''}${profile.acceptsSiblings ? ', accepts siblings' : ''}; L1: ${profile.backends} backends`,
    ...(faults.length > 0
      ? [`  faults: ${faults.map(([fault, rate]) => `${fault} ${rate}`).join(', ')}`]
      : []),
    ...shown.map((line) => `  | ${line}`),
    `  ${outcome.violations[0] ?? outcome.stuck}`,
  ];
}

function countKinds(steps: readonly Step[]): string {
  const counts = new Map<string, number>();
  for (const { kind } of steps) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return [...counts].map(([kind, count]) => `${count} ${kind}`).join(', ');
}
