/**
 * Real processes that are killed: a node that loses its journal over and over has the chain of one that never did, and
 * one that keeps it in a PostgreSQL has all that it wrote.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { systemClock } from './lib/clock.ts';
import { BranchingL1 } from './testing/branchingL1.ts';
import { NodeProcess } from './testing/nodeProcess.ts';
import { hasPostgres, postgresSchema } from './testing/postgresForTests.ts';
import { commandOutput } from './testing/process.ts';
import { seeded } from './testing/seeded.ts';

const DEATHS = 3;
const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of undo.reverse().splice(0)) await end();
});

async function surroundings() {
  const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31));
  process.stdout.write(`seed ${seed}\n`);
  const l1 = await BranchingL1.open({ l2Rules: true });
  undo.push(() => l1.close());
  const genesis = join(mkdtempSync(join(tmpdir(), 'plumbline-stateless-')), 'genesis.json');
  undo.push(() => rmSync(join(genesis, '..'), { recursive: true, force: true }));
  writeFileSync(genesis, JSON.stringify(l1.genesis));
  return { random: seeded(seed), l1, genesis };
}

/** L1 grows, is taken back half-way and grows another branch; somewhere in there the node is killed. */
async function killInReorg(
  node: NodeProcess,
  l1: BranchingL1,
  time: number,
  random: () => number,
): Promise<void> {
  const depth = 4 + Math.floor(random() * 12);
  await l1.grow(depth, 3, 0xa0 + time);
  if (random() < 0.5) await node.confirms(l1.tip.hash);
  await l1.rollback(Math.floor(depth / 2));
  const growth = l1.grow(depth, 4, 0xb0 + time);
  await systemClock.sleep(Math.floor(random() * 300));
  await node.kill();
  await growth;
}

it(`killed ${DEATHS} times at random points of reorgs and growth, its journal deleted each time, a node has the same chain`, async () => {
  const { random, l1, genesis } = await surroundings();
  const [steady, mortal] = [new NodeProcess(l1, genesis), new NodeProcess(l1, genesis)];
  undo.push(() => Promise.all([steady.dispose(), mortal.dispose()]));
  await Promise.all([steady.start(), mortal.start()]);

  for (let death = 0; death < DEATHS; death++) {
    await killInReorg(mortal, l1, death, random);
    mortal.loseJournal();
    await mortal.start();
  }
  await Promise.all([steady.confirms(l1.tip.hash), mortal.confirms(l1.tip.hash)]);
  const { number } = l1.tip;
  expect(await mortal.chain(number)).toEqual(await steady.chain(number));
  expect((await mortal.block('latest'))?.hash).toBe((await steady.block('latest'))?.hash);
}, 300_000);

it.runIf(hasPostgres)(
  `killed ${DEATHS} times with its journal in PostgreSQL, a node has every event once and in order, and leaves none open`,
  async () => {
    const { random, l1, genesis } = await surroundings();
    const database = await postgresSchema('stateless');
    undo.push(() => database.dispose());
    const env = { DATABASE_URL: database.url };
    const node = new NodeProcess(l1, genesis, env);
    undo.push(() => node.dispose());
    await node.start();
    for (let death = 0; death < DEATHS; death++) {
      await killInReorg(node, l1, death, random);
      await node.start();
      await node.confirms(l1.tip.hash);
    }
    // The safe head comes first, and the end of a reorg is written after it.
    const open = () => database.sql('SELECT kind FROM journal_intent');
    await vi.waitUntil(async () => (await open()).length === 0, { timeout: 60_000 });
    await node.stop();

    const rows = await database.sql('SELECT seq::int AS seq, kind, ref FROM journal_event ORDER BY seq');
    expect(rows.map(({ seq }) => seq)).toEqual(rows.map((_, index) => index + 1));
    const count = (kind: string): number => rows.filter((row) => row['kind'] === kind).length;
    expect([count('node.started'), count('node.stopped')]).toEqual([DEATHS + 1, 1]);
    const detected = rows.filter(({ kind }) => kind === 'reorg.detected').map(({ ref }) => ref);
    const recovered = rows.filter(({ kind }) => kind === 'reorg.recovered').map(({ ref }) => ref);
    expect(detected.length).toBeGreaterThan(0);
    expect(new Set(detected).size).toBe(detected.length);
    expect(new Set(recovered)).toEqual(new Set(detected));
    expect(await open()).toEqual([]);
    const key = join(node.dir, 'journal.db.key.pub');
    const { code, out } = commandOutput(['journal', 'verify', database.url, '--key', key, '--json']);
    expect(code, out).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ findings: [] });
  },
  300_000,
);
