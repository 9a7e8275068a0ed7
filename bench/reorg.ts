import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedEngine } from '../server/engine/embedded/open.ts';
import type { Engine } from '../server/engine/engine.ts';
import { HeadTracker } from '../server/l1/headTracker.ts';
import type { L1 } from '../server/l1/l1.ts';
import { createL1 } from '../server/l1/viemL1.ts';
import { BranchingL1 } from '../server/testing/branchingL1.ts';
import { openDrivenNode } from '../server/testing/drivenNode.ts';
import type { Bench, BenchRow } from './row.ts';

const DEPTH = 1_000;
/** Of two L2 blocks each. */
const BATCHES = 250;
const MAX_REWIND_MS = 2_000;
const MAX_REDERIVE_MS = 60_000;
/** Galloping down and bisecting the last stride, the walk by parents before it, and two to be sure. */
const maxQuestions = (depth: number): number => 2 * Math.ceil(Math.log2(depth)) + 4 + 2;

/**
 * An L1 reorg 1,000 blocks deep that takes 250 batches back and offers 250 others: how soon the engine stands at the
 * common ancestor, how soon all is derived again, and how many questions to L1 finding the ancestor took.
 */
export const reorgBench: Bench = async (log) => {
  const dir = mkdtempSync(join(tmpdir(), 'plumbline-bench-'));
  const branching = await BranchingL1.open();
  const embedded = await openEmbeddedEngine({ genesis: branching.genesis, dir, l2Rules: false });
  const watch = watched(embedded.engine);
  const driven = await openDrivenNode(branching.l1, watch.engine);
  try {
    await branching.grow(10, 5, 0x01);
    const ground = branching.tip;
    log(`growing ${DEPTH} L1 blocks with ${BATCHES} batches`);
    await branching.grow(DEPTH, BATCHES, 0xa0);
    await driven.settle();
    log('taking them back and growing another branch');
    await branching.rollback(DEPTH);
    await branching.grow(DEPTH + 1, BATCHES, 0xb0);
    watch.until(ground.hash);
    const start = performance.now();
    await driven.settle();
    const level = performance.now() - start;
    const { safe } = await embedded.engine.labels();
    if (safe?.hash !== branching.tip.hash) throw new Error('the driver stopped short of the head');
    const rows = [
      row('engine at the common ancestor after the new head', watch.at() - start, MAX_REWIND_MS),
      row(`${2 * BATCHES} blocks of ${BATCHES} batches derived again`, level, MAX_REDERIVE_MS),
    ];
    return [...rows, ...(await questionRows(branching, log))];
  } finally {
    await driven.stop();
    await branching.close();
    rmSync(dir, { recursive: true, force: true });
  }
};

const row = (what: string, ms: number, bound: number): BenchRow => ({
  name: `L1 reorg ${DEPTH} deep: ${what}`,
  value: ms,
  unit: 'ms',
  ratio: null,
  bound: `≤ ${bound}`,
  ok: ms <= bound,
});

/** Tells when an update to that head was answered and applied. */
function watched(engine: Engine): { engine: Engine; until(hash: string): void; at(): number } {
  let wanted: string | null = null;
  let at = Number.POSITIVE_INFINITY;
  const forkchoiceUpdated: Engine['forkchoiceUpdated'] = async (state, attributes, signal) => {
    const answer = await engine.forkchoiceUpdated(state, attributes, signal);
    if (state.headBlockHash !== wanted) return answer;
    const { latest } = await engine.labels();
    if (latest.hash === wanted) at = Math.min(at, performance.now());
    return answer;
  };
  return {
    engine: new Proxy(engine, {
      get: (target, property) => {
        if (property === 'forkchoiceUpdated') return forkchoiceUpdated;
        const value: unknown = Reflect.get(target, property, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    }),
    until: (hash) => {
      wanted = hash;
    },
    at: () => at,
  };
}

/** The tracker alone on reorgs of several depths: what it asks beyond the headers of the new branch, which it needs. */
async function questionRows(
  branching: BranchingL1,
  log: (line: string) => void,
): Promise<readonly BenchRow[]> {
  const { anvil, config } = branching.l1;
  const rows: BenchRow[] = [];
  for (const depth of [10, 100, DEPTH]) {
    log(`counting the questions of a reorg ${depth} deep`);
    const l1 = createL1({ rpcUrls: [anvil.url], config });
    let asked = 0;
    const count =
      <A extends unknown[], R>(call: (...given: A) => R) =>
      (...given: A): R => {
        asked += 1;
        return call(...given);
      };
    const counting: Pick<L1, 'heads' | 'blockByNumber' | 'blockByHash'> = {
      heads: (signal) => l1.heads(signal),
      blockByNumber: count((number, signal) => l1.blockByNumber(number, signal)),
      blockByHash: count((hash, signal) => l1.blockByHash(hash, signal)),
    };
    const tracker = new HeadTracker(counting);
    await tracker.track();
    await branching.grow(depth + 5, 0, 0xc0);
    await tracker.track();
    await branching.rollback(depth);
    await branching.grow(depth, 0, 0xd0);
    asked = 0;
    const { event } = await tracker.track();
    await l1.close();
    if (event.kind !== 'reorg' || event.depth !== depth)
      throw new Error(`no reorg of ${depth}: ${event.kind}`);
    // The new branch's own headers below its head are fetched once, whatever the search costs.
    const questions = Math.max(0, asked - (depth - 1));
    const bound = maxQuestions(depth);
    rows.push({
      name: `L1 reorg ${depth} deep: questions to L1 that find the ancestor`,
      value: questions,
      unit: 'calls',
      ratio: null,
      bound: `≤ ${bound} (2·log₂ ${depth} + 6)`,
      ok: questions <= bound,
    });
  }
  return rows;
}
