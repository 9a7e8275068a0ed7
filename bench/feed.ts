import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FleetDevnet, startFleetDevnet } from '../server/devnet/fleet/fleetDevnet.ts';
import { type FleetWatch, watchFleet } from '../server/devnet/fleet/fleetWatch.ts';
import { systemClock } from '../server/lib/clock.ts';
import type { Bench } from './row.ts';

const MAX_MEDIAN_MS = 500;
const BLOCKS = 60;
const NODES = 3;
/** Asked from outside this often: what is measured is at most so much more than what was. */
const WATCH_EVERY_MS = 20;
const TIMEOUT_MS = 180_000;

/** A leader with two followers, a block every half second, users, batches and L1 beside them. */
const start = (dir: string, log: (line: string) => void): Promise<FleetDevnet> =>
  startFleetDevnet(
    {
      dir,
      nodes: NODES,
      // One leader throughout: a hand-over's reverted blocks reach nobody, and that is another matter.
      batchesPerSequencer: 1_000,
      l1BlockTime: 1,
      slotsInAnEpoch: 16,
      l1Port: 0,
      port: null,
      sequence: true,
      pollMs: 300,
      l2BlockTimeMs: 500,
      commitIntervalMs: 2_000,
      traffic: 10,
      seed: 1,
      env: {},
    },
    { clock: systemClock, progress: log, signal: AbortSignal.timeout(TIMEOUT_MS) },
  );

/**
 * Three nodes, a process each, on one machine: from the moment that the leader shows a new block as its head until
 * every follower does, as a wallet that asks all of them sees it.
 */
export const feedBench: Bench = async (log) => {
  const dir = mkdtempSync(join(tmpdir(), 'plumbline-bench-feed-'));
  const devnet = await start(dir, log);
  const { fleet } = devnet;
  const watch = watchFleet(
    { names: fleet.names, everyMs: WATCH_EVERY_MS },
    { clock: systemClock, node: (name) => fleet.node(name) },
  );
  try {
    watch.start();
    const until = AbortSignal.timeout(TIMEOUT_MS);
    while (delaysOf(watch).length < BLOCKS) await systemClock.sleep(250, until);
    const delays = delaysOf(watch).sort((a, b) => a - b);
    const at = (share: number): number => delays[Math.floor((delays.length - 1) * share)]!;
    log(`${delays.length} blocks: median ${at(0.5)} ms, p95 ${at(0.95)} ms, slowest ${at(1)} ms`);
    return [
      {
        name: 'new block to every follower’s unsafe head, median',
        value: at(0.5),
        unit: 'ms',
        ratio: null,
        bound: `< ${MAX_MEDIAN_MS} ms`,
        ok: at(0.5) < MAX_MEDIAN_MS,
      },
    ];
  } finally {
    await watch.stop();
    await devnet.stop();
    rmSync(dir, { recursive: true, force: true });
  }
};

/** Of the blocks that all nodes have, from the first sighting to the last, milliseconds. */
function delaysOf(watch: FleetWatch): number[] {
  return watch.seen().flatMap(({ hash }) => {
    const times = [...watch.sightings(hash).values()];
    return times.length < NODES ? [] : [Math.max(...times) - Math.min(...times)];
  });
}
