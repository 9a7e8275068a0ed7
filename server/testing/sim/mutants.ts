import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MUTANTS, type Mutant } from './mutantList.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');

/** Where the driver is broken in that way; throws when the source no longer reads as the list says. */
export function broken(source: string, { name, find, replace }: Mutant): string {
  if (source.split(find).length !== 2)
    throw new Error(`the mutant "${name}" does not fit the source any more: write it anew in mutantList.ts`);
  return source.replace(find, () => replace);
}

/**
 * Breaks a copy of the driver in one place after the other and runs the simulation on it. Answers the exit code: 1
 * when a mutant lives through all schedules.
 */
export async function runMutants(
  { from, count, steps, jobs }: { from: number; count: number; steps: number; jobs: number },
  out: (line: string) => void,
): Promise<number> {
  const copy = mkdtempSync(join(tmpdir(), 'plumbline-mutants-'));
  let alive = 0;
  try {
    cpSync(join(ROOT, 'server'), join(copy, 'server'), { recursive: true });
    cpSync(join(ROOT, 'package.json'), join(copy, 'package.json'));
    symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
    for (const mutant of MUTANTS) {
      const file = join(copy, mutant.file);
      const source = readFileSync(file, 'utf8');
      writeFileSync(file, broken(source, mutant));
      const first = mutant.from ?? from;
      const found = await firstFailure(copy, { from: first, count, steps, jobs });
      writeFileSync(file, source);
      if (found === null) alive += 1;
      const after = found === null ? `not found in ${count}` : `found by schedule ${found.seed - first + 1}`;
      out(`${after.padEnd(26)}${mutant.name}${found === null ? '' : `: ${found.why}`}`);
    }
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
  out(`mutants ${MUTANTS.length} found ${MUTANTS.length - alive}`);
  return alive === 0 ? 0 : 1;
}

function firstFailure(
  copy: string,
  { from, count, steps, jobs }: { from: number; count: number; steps: number; jobs: number },
): Promise<{ readonly seed: number; readonly why: string } | null> {
  const main = join(copy, 'server', 'testing', 'sim', 'simMain.ts');
  const opts = { from, count, steps, jobs, enough: 1 };
  const args = Object.entries(opts).flatMap(([name, value]) => [`--${name}`, String(value)]);
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--no-warnings', main, ...args, '--no-shrink'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    child.stdout.on('data', (chunk) => {
      said += String(chunk);
    });
    child.on('error', reject);
    child.on('close', () => {
      const [, seed, why] = /^seed (\d+): (.*)$/m.exec(said) ?? [];
      resolve(seed === undefined ? null : { seed: Number(seed), why: (why ?? '').slice(0, 90) });
    });
  });
}
