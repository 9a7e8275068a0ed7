/**
 * `npm run sim -- --from SEED --count N`: simulated lives of the driver, each a seed. The last line is
 * `schedules N diverged D converged C`; exit code 1 unless none diverged and all converged. docs/simulation.md tells more.
 */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { scheduleOf } from './profile.ts';
import { type Outcome, runSeed } from './run.ts';
import { runMany, type Total } from './runMany.ts';
import { shrink, story } from './shrink.ts';

const HELP = `npm run sim -- [options]: simulates the driver between a lying L1 and a failing engine

  --from SEED     first seed (default 1)
  --count N       how many seeds in a row (default 1000)
  --steps N       steps of each schedule (default 300)
  --jobs N        threads (default: the cores of this machine)
  --verbose       with --count 1: the whole log of the schedule, the same each time
  --kept          the kept seeds first
  --no-shrink     does not look for the short story of a failure
  --enough N      stop after so many failures (default 20)
  --pool          the pool of L1 providers instead: one lags, one lies, one is honest; the real driver behind it
  --mutants       breaks the driver in many places, one at a time, and counts the schedules until each is found

Exit codes: 0 all in plumb, 1 not, 2 wrong usage.`;

/** Failures that are shrunk to a story. */
const STORIES = 3;
const EXIT_USAGE = 2;

interface Kept {
  readonly seed: number;
  readonly steps: number;
  readonly found: string;
}

function options() {
  const { values } = parseArgs({
    options: {
      from: { type: 'string', default: '1' },
      count: { type: 'string', default: '1000' },
      steps: { type: 'string', default: '300' },
      jobs: { type: 'string', default: String(availableParallelism()) },
      verbose: { type: 'boolean', default: false },
      kept: { type: 'boolean', default: false },
      'no-shrink': { type: 'boolean', default: false },
      enough: { type: 'string', default: '20' },
      pool: { type: 'boolean', default: false },
      mutants: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const whole = (name: 'from' | 'count' | 'steps' | 'jobs' | 'enough', low: number): number => {
    const value = /^\d+$/.test(values[name]) ? Number(values[name]) : Number.NaN;
    if (value >= low && value < 2 ** 32) return value;
    throw new RangeError(`--${name} is "${values[name]}", but must be a whole number from ${low} on`);
  };
  return {
    ...values,
    from: whole('from', 0),
    count: whole('count', 1),
    steps: whole('steps', 1),
    jobs: whole('jobs', 1),
    enough: whole('enough', 1),
  };
}

type Options = ReturnType<typeof options>;

const out = (line: string): void => void process.stdout.write(`${line}\n`);

function keptSeeds(): readonly Kept[] {
  return JSON.parse(readFileSync(new URL('./seeds.json', import.meta.url), 'utf8')) as readonly Kept[];
}

const isBad = ({ violations, stuck }: Outcome): boolean => violations.length > 0 || stuck !== null;

/** One line that replays a failure, and the short story of it. */
async function explain({ seed, violations, stuck }: Outcome, { steps, ...opts }: Options): Promise<void> {
  out(`seed ${seed}: ${violations[0] ?? stuck}`);
  out(`  replay: npm run sim -- --from ${seed} --count 1 --steps ${steps} --verbose`);
  if (opts['no-shrink']) return;
  for (const line of await story(await shrink(scheduleOf(seed, steps)))) out(`  ${line}`);
}

/** Progress on a terminal: one line, with the time that is left. */
function progressLine(count: number): (done: number, bad: readonly Outcome[]) => void {
  if (!process.stderr.isTTY) return () => {};
  const began = performance.now();
  return (done, bad) => {
    const left = ((performance.now() - began) / done) * (count - done);
    const failed = bad.length === 0 ? '' : `, ${bad.length} failed`;
    process.stderr.write(`\r${done} of ${count} schedules${failed}, ${Math.ceil(left / 1000)} s left  `);
    if (done === count) process.stderr.write('\r\x1b[K');
  };
}

async function runKept(): Promise<Total> {
  const seeds = keptSeeds();
  const outcomes: Outcome[] = [];
  for (const { seed, steps } of seeds) outcomes.push(await runSeed(seed, steps));
  out(`${seeds.length} kept seeds`);
  return {
    schedules: seeds.length,
    bad: outcomes.filter(isBad),
    moves: outcomes.reduce((sum, { moves }) => sum + moves, 0),
    slowestMs: Math.max(0, ...outcomes.map(({ settledAfterMs }) => settledAfterMs)),
  };
}

async function runVerbose({ from, steps }: Options): Promise<Total> {
  const outcome = await runSeed(from, steps, out);
  return {
    schedules: 1,
    bad: isBad(outcome) ? [outcome] : [],
    moves: outcome.moves,
    slowestMs: outcome.settledAfterMs,
  };
}

async function main(opts: Options): Promise<void> {
  const interrupted = new AbortController();
  process.once('SIGINT', () => interrupted.abort());
  const began = performance.now();
  const totals: Total[] = [];
  if (opts.kept) totals.push(await runKept());
  if (opts.verbose && opts.count === 1) totals.push(await runVerbose(opts));
  else {
    const many = {
      ...opts,
      onProgress: progressLine(opts.count),
      signal: interrupted.signal,
    };
    totals.push(await runMany(many));
  }
  const bad = totals.flatMap((total) => total.bad);
  for (const [index, outcome] of bad.entries())
    await explain(outcome, { ...opts, 'no-shrink': opts['no-shrink'] || index >= STORIES });
  const sum = (of: (total: Total) => number): number => totals.reduce((all, total) => all + of(total), 0);
  const schedules = sum((total) => total.schedules);
  if (!opts.verbose) {
    const slowest = Math.max(...totals.map(({ slowestMs }) => slowestMs));
    out(
      `seeds ${opts.from} to ${opts.from + opts.count - 1}, ${opts.steps} steps each: ${sum(({ moves }) => moves)} calls, in plumb at most ${(slowest / 1000).toFixed(1)} virtual s after the faults, ${((performance.now() - began) / 1000).toFixed(0)} s`,
    );
  }
  const diverged = bad.filter(({ violations }) => violations.length > 0).length;
  out(`schedules ${schedules} diverged ${diverged} converged ${schedules - bad.length}`);
  process.exitCode = bad.length === 0 && !interrupted.signal.aborted ? 0 : 1;
}

Error.stackTraceLimit = 10;
try {
  const opts = options();
  if (opts.help) out(HELP);
  else if (opts.mutants) process.exitCode = await (await import('./mutants.ts')).runMutants(opts, out);
  else if (opts.pool) process.exitCode = await (await import('../poolSimulation.ts')).runPool(opts, out);
  else await main(opts);
} catch (error) {
  process.stderr.write(`${(error as Error).message}. See: npm run sim -- --help\n`);
  process.exitCode = EXIT_USAGE;
}
