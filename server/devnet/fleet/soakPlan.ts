/** What is done to a fleet under test: the same for the same seed, as far as its nodes keep up. */
import { ChaosError } from '../chaos/chaosError.ts';
import { readCommand, type VerbName } from '../chaos/verbTable.ts';
import { seededRandom } from '../traffic.ts';
import type { FleetDevnet } from './fleetDevnet.ts';

export interface SoakContext {
  readonly devnet: FleetDevnet;
  /** Runs a verb; what cannot be done now is left out and said. */
  chaos(verb: VerbName, args?: Readonly<Record<string, unknown>>): Promise<boolean>;
  sleep(ms: number): Promise<void>;
  /** Resolves when L1 has at least that many batches more than now. */
  moreBatches(count: number): Promise<void>;
  readonly say: (line: string) => void;
}

export type SoakPlan = (context: SoakContext) => Promise<void>;

interface Disturbance {
  readonly name: string;
  readonly run: (context: SoakContext, node: string, random: () => number) => Promise<void>;
}

const between = (random: () => number, low: number, high: number): number =>
  low + Math.floor(random() * (high - low + 1));

/** Each takes back what it did, so that one thing at a time is wrong. */
const DISTURBANCES: readonly Disturbance[] = [
  {
    name: 'reorg',
    run: async ({ chaos }, _, random) => {
      const transactions = random() < 0.5 ? 'keep' : 'drop';
      await chaos('reorg', { depth: between(random, 1, 6), transactions });
    },
  },
  { name: 'stop', run: undone('stop', {}, 'start', [3_000, 8_000]) },
  { name: 'kill', run: async ({ chaos }, node) => void (await chaos('kill', { node })) },
  { name: 'pause', run: undone('pause', {}, 'resume', [2_000, 8_000]) },
  { name: 'drop commits', run: undone('drop-commits', {}, 'heal', [3_000, 6_000]) },
  { name: 'delay commits', run: undone('delay-commits', { ms: 4_000 }, 'heal', [3_000, 6_000]) },
  { name: 'refuse commits', run: undone('refuse-commits', {}, 'heal', [2_000, 5_000]) },
  { name: 'delay L1', run: undone('delay-l1', { ms: 1_500 }, 'heal', [3_000, 6_000]) },
  { name: 'partition', run: undone('partition', {}, 'heal', [3_000, 8_000]) },
  { name: 'unregister', run: undone('unregister', {}, 'register', [2_000, 6_000]) },
];

function undone(
  verb: VerbName,
  args: Readonly<Record<string, unknown>>,
  undo: VerbName,
  [low, high]: readonly [number, number],
): Disturbance['run'] {
  return async ({ chaos, sleep }, node, random) => {
    if (!(await chaos(verb, { node, ...args }))) return;
    await sleep(between(random, low, high));
    await chaos(undo, { node: 'all' });
  };
}

/** One disturbance after another for that long, with a breath between two; half of them hit whoever leads. */
export const randomChaos =
  ({ seconds, seed }: { readonly seconds: number; readonly seed: number }): SoakPlan =>
  async (context) => {
    const random = seededRandom(seed);
    const until = Date.now() + seconds * 1000;
    const { names } = context.devnet.fleet;
    while (Date.now() < until) {
      await context.sleep(between(random, 2_000, 6_000));
      const disturbance = DISTURBANCES[between(random, 0, DISTURBANCES.length - 1)]!;
      const node = random() < 0.5 ? 'leader' : names[between(random, 0, names.length - 1)]!;
      await disturbance.run(context, node, random);
    }
  };

/** Runs a verb by name. False when the devnet cannot do it now, or it was so already. */
export async function runVerb(
  { chaos }: Pick<FleetDevnet, 'chaos'>,
  verb: VerbName,
  args: Readonly<Record<string, unknown>>,
): Promise<{ readonly changed: boolean; readonly sentence: string }> {
  const command = readCommand(verb, args);
  if (!command.ok) throw new RangeError(command.error);
  try {
    return await chaos.run(command.value);
  } catch (error) {
    if (error instanceof ChaosError) return { changed: false, sentence: error.message };
    throw error;
  }
}
