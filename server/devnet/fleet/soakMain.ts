/** `node server/devnet/fleet/soakMain.ts [--seconds 600] [--seed 1]`: the report as JSON; exit code 1 when a rule was broken. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { systemClock } from '../../lib/clock.ts';
import { runSoak } from './soak.ts';
import { randomChaos } from './soakPlan.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '600' },
    seed: { type: 'string', default: '1' },
    rotations: { type: 'string', default: '6' },
    dir: { type: 'string' },
  },
});
const seed = Number(values.seed);
const seconds = Number(values.seconds);
const startedAt = Date.now();
const progress = (line: string): void =>
  void process.stderr.write(`${((Date.now() - startedAt) / 1000).toFixed(1).padStart(7)} ${line}\n`);
const dir = values.dir ?? mkdtempSync(join(tmpdir(), 'plumbline-soak-'));
progress(`seed ${seed}, ${seconds} s, in ${dir}`);
const interrupted = new AbortController();
process.once('SIGINT', () => interrupted.abort());
const report = await runSoak(
  {
    dir,
    seed,
    plan: randomChaos({ seconds, seed }),
    minRotations: Number(values.rotations),
    settleMs: 120_000,
    env: {},
  },
  { clock: systemClock, signal: interrupted.signal, progress },
);
process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
process.exitCode = report.violations.length > 0 || report.unsettled !== null ? 1 : 0;
