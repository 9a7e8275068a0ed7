/**
 * `npm run bench [-- --json] [-- --only decode]`: measures what the README promises, each figure beside a bound
 * measured in the same run. Exits 1 when a bound is missed.
 */
import { parseArgs } from 'node:util';
import type { Bench, BenchRow } from './row.ts';

const BENCHES: Readonly<Record<string, () => Promise<Bench>>> = {
  decode: async () => (await import('./decode.ts')).decodeBench,
  l1: async () => (await import('./l1.ts')).l1Bench,
  engine: async () => (await import('./engine.ts')).engineBench,
  driver: async () => (await import('./driver.ts')).driverBench,
  geth: async () => (await import('./geth.ts')).gethBench,
  journal: async () => (await import('./journal.ts')).journalBench,
  feed: async () => (await import('./feed.ts')).feedBench,
  page: async () => (await import('./page.ts')).pageBench,
  live: async () => (await import('./live.ts')).liveBench,
  reorg: async () => (await import('./reorg.ts')).reorgBench,
};

const { values } = parseArgs({ options: { json: { type: 'boolean' }, only: { type: 'string' } } });
const log = (line: string): void => void process.stderr.write(`${line}\n`);

const number = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));
const text = (row: BenchRow): string =>
  [
    row.ok ? '✓' : '✖',
    row.name.padEnd(56),
    `${number(row.value)} ${row.unit}`.padEnd(20),
    row.ratio === null ? ''.padEnd(8) : row.ratio.toFixed(2).padEnd(8),
    row.bound,
  ].join(' ');

let missed = 0;
for (const [name, load] of Object.entries(BENCHES)) {
  if (values.only !== undefined && values.only !== name) continue;
  log(`── ${name}`);
  for (const row of await (await load())(log)) {
    process.stdout.write(`${values.json ? JSON.stringify(row) : text(row)}\n`);
    if (!row.ok) missed += 1;
  }
}
if (missed > 0) log(`${missed} of the bounds were missed`);
process.stdout.write('', () => process.exit(missed > 0 ? 1 : 0));
