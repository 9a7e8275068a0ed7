import { describe, expect, it } from 'vitest';
import { type Commits, type World, world } from '../testing/driverWorld.ts';
import { seeded } from '../testing/seeded.ts';

const COMMITS: Commits = {
  c: 'ABC',
  e: 'ABCDE',
  g: 'ABCDEFG',
  abcdx: 'ABCXX',
  abcdxyz: 'ABCXXYY',
  abxy: 'ABZ',
  abxyzu: 'ABZVW',
};
const BRANCHES = ['abcdefgh', 'abcdxyzuv', 'abxyzuvw', 'abcdefghij'];
const LIVES = 100;
const STEPS = 25;

interface Act {
  readonly branch: string;
  /** What becomes of the engine beside it. */
  readonly engine: 'nothing' | 'loses labels' | 'is wiped';
  /** What becomes of the process, and whether its journal is deleted meanwhile. */
  readonly process: 'goes on' | 'restarts' | 'restarts without journal';
}

function lifeOf(random: () => number): readonly Act[] {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
  let last = 'abc';
  return Array.from({ length: STEPS }, () => {
    const branch = pick(BRANCHES);
    const next = branch.slice(0, 3 + Math.floor(random() * (branch.length - 2)));
    // An older head of the same branch is a lagging L1 to who knows the newer one, and a head to who was just born.
    if (!last.startsWith(next)) last = next;
    return {
      branch: last,
      engine: pick(['nothing', 'nothing', 'nothing', 'loses labels', 'is wiped'] as const),
      process: pick(['goes on', 'restarts', 'restarts without journal'] as const),
    };
  });
}

async function act(w: World, { branch, engine, process }: Act, mayRestart: boolean): Promise<void> {
  w.l1.switchTo(branch);
  if (engine === 'is wiped') w.engine.wipe();
  if (engine === 'loses labels') w.engine.label(null);
  if (mayRestart && process !== 'goes on') {
    if (process === 'restarts without journal') w.events.length = 0;
    w.restart();
  }
  for (let tries = 0; tries < 20 && (await w.settle()) === 'failed'; tries++) w.clock.at += 10_000;
}

describe('a node whose journal is deleted at random points of its life', () => {
  it(`has the heads of one that never stopped, after each of ${STEPS} changes in ${LIVES} lives`, async () => {
    const first = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31));
    process.stdout.write(`seeds ${first} to ${first + LIVES - 1}\n`);
    for (let seed = first; seed < first + LIVES; seed++) {
      const deleted = world('abc', COMMITS);
      const kept = world('abc', COMMITS);
      for (const [at, change] of lifeOf(seeded(seed)).entries()) {
        await act(deleted, change, true);
        await act(kept, change, false);
        const where = `seed ${seed}, change ${at}: ${JSON.stringify(change)}`;
        expect(await deleted.heads(), where).toBe(await kept.heads());
        expect(deleted.driver.state.phase, where).toBe('following');
        expect(deleted.driver.state.position?.cursor, where).toEqual(kept.driver.state.position?.cursor);
      }
    }
  });
});
