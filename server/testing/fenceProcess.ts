/**
 * A process that produces numbered "blocks" as fast as its fence lets it, and writes each to standard output: what
 * the test with real processes stops, kills and sets the clock of. Arguments: fence file, holder, lease in ms, seed.
 */
import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../lib/clock.ts';
import type { Hash } from '../protocol/refs.ts';
import { Fence } from '../sequencer/fence/fence.ts';
import { openSqliteFence } from '../sequencer/fence/sqliteFenceStore.ts';
import { steadyClock } from '../sequencer/fence/steadyClock.ts';
import { seeded } from './seeded.ts';

const [file = '', holder = '', leaseMs = '', seed = ''] = process.argv.slice(2);
const random = seeded(Number(seed));
/** One clock for all processes of the machine, so that their lines can be put in order. */
const machineMs = (): number => Number(process.hrtime.bigint()) / 1e6;
// Synchronous: a line that the process wrote is there, whatever becomes of it next.
const write = (line: object): void => {
  try {
    writeSync(1, `${JSON.stringify(line)}\n`);
  } catch {
    // Nobody reads any more: who started this process is gone.
    process.exit(1);
  }
};

process.on('SIGUSR2', () => {
  const [now, jump] = [Date.now, (random() - 0.5) * 7_200_000];
  Date.now = () => now() + jump;
});

let made = 0;
const newHash = (): Hash => {
  const own = [...holder].map((char) => char.charCodeAt(0).toString(16).padStart(2, '0')).join('');
  return `0x${own}${(++made).toString(16).padStart(64 - own.length, '0')}`;
};

const fence = new Fence(
  { chainId: 1, sequencer: '0x00000000000000000000000000000000000000c1', holder, leaseMs: Number(leaseMs) },
  {
    store: openSqliteFence({ file, busyMs: 20 }),
    clock: systemClock,
    steady: steadyClock(),
    journal: { append: async (kind, payload) => ({ seq: 0, at: 0, kind, ref: null, payload }) },
  },
);
fence.start();
write({ kind: 'ready' });

let [head, term] = [0, 0];
for (;;) {
  await sleep(1 + random() * 6);
  try {
    const now = fence.status().term ?? 0;
    if (now !== term) {
      // Every third tenure or so begins at the last committed block, here 0, and the others go on above it.
      if (random() < 0.3) await supersede(0);
      [head, term] = [random() < 0.5 ? 0 : head, now];
    }
    await produce();
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
  }
}

async function produce(): Promise<void> {
  const block = { number: head + 1, hash: newHash() };
  try {
    await fence.claimBlock(block);
  } catch (error) {
    // Somebody has that number: go on above it, as one does who has read the chain.
    if ((error as { code?: unknown }).code === 'claimed_otherwise') head++;
    throw error;
  }
  const at = machineMs();
  fence.assertMayAct();
  write({ kind: 'act', at, term: fence.status().term, ...block });
  head++;
}

function supersede(above: number): Promise<void> {
  const becauseL1Block = { number: 1, hash: newHash() };
  return fence.supersedeBlocksAbove(above, { becauseL1Block, l1Has: above, why: 'taking over' });
}
