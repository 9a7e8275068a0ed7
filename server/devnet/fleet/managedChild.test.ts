import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';
import { ManualClock, systemClock } from '../../lib/clock.ts';
import { ManagedChild, type ManagedChildDeps } from './managedChild.ts';

/** A process that says it is ready and then does as its argument says. */
const STUB = `
  import { writeFileSync } from 'node:fs';
  const mode = process.argv[2];
  process.on('disconnect', () => { writeFileSync(process.argv[1] + '.' + process.pid, 'in order'); process.exit(); });
  process.on('SIGTERM', () => { if (mode !== 'stubborn') process.exit(); });
  process.stderr.write('warming up\\n');
  if (mode === 'broken') { process.stderr.write('no such genesis\\n'); process.exit(3); }
  if (mode !== 'mute') process.stdout.write(JSON.stringify({ pid: process.pid }) + '\\n');
  setInterval(() => {}, 1000);
`;
const dir = mkdtempSync(join(tmpdir(), 'plumbline-fleet-'));
const script = join(dir, 'stub.mjs');
writeFileSync(script, STUB);

interface Ready {
  readonly pid: number;
}
const children: ManagedChild<Ready>[] = [];
afterEach(() => Promise.all(children.splice(0).map((child) => child.stop())));
afterAll(() => rmSync(dir, { recursive: true }));

const parseReady = (line: string): Ready | null => (line.startsWith('{') ? JSON.parse(line) : null);

function childOf(mode: string, clock: ManagedChildDeps['clock'] = systemClock): ManagedChild<Ready> {
  const child = new ManagedChild<Ready>(
    {
      name: 'stub',
      command: { file: process.execPath, args: [script, mode], env: {} },
      parseReady,
      readyTimeoutMs: 20_000,
      stopTimeoutMs: mode === 'stubborn' ? 50 : 10_000,
      backoff: { firstMs: 1_000, maxMs: 4_000, factor: 2, jitter: 0 },
      steadyAfterMs: 60_000,
    },
    { clock, onChange: () => {} },
  );
  children.push(child);
  return child;
}
const running = (child: ManagedChild<Ready>): Promise<Ready> =>
  child.whenRunning(AbortSignal.timeout(15_000));
const reaches = (child: ManagedChild<Ready>, kind: string) =>
  expect.poll(() => child.state.kind, { timeout: 25_000, interval: 10 }).toBe(kind);
/** Gone, or only not yet collected by whoever inherited it. */
function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch (error) {
    return (error as NodeJS.ErrnoException).syscall === 'open';
  }
}

test('a started child runs, knows what it said, and ends when asked to', async () => {
  const child = childOf('good');
  child.start();
  const ready = await running(child);
  expect(child.state).toMatchObject({ kind: 'running', pid: ready.pid, ready });
  await expect.poll(() => child.log().map(({ text }) => text)).toContain('warming up');
  await child.stop();
  expect(child.state).toEqual({ kind: 'stopped' });
  expect(alive(ready.pid)).toBe(false);
});

test('a child that is killed starts again after the backoff, and not before', async () => {
  const clock = new ManualClock();
  const child = childOf('good', clock);
  child.start();
  const first = await running(child);
  expect(await child.kill()).toBe(true);
  expect(child.state).toEqual({
    kind: 'crashed',
    reason: 'was ended by SIGKILL',
    failures: 1,
    nextTryAt: clock.now() + 1_000,
  });
  await clock.advance(999);
  expect(child.state.kind).toBe('crashed');
  await clock.advance(1);
  const second = await running(child);
  expect(second.pid).not.toBe(first.pid);
});

test('a child that cannot start says why and is tried less and less often', async () => {
  const clock = new ManualClock();
  const child = childOf('broken', clock);
  child.start();
  await reaches(child, 'crashed');
  expect(child.state).toMatchObject({ reason: 'ended with exit code 3: no such genesis', failures: 1 });
  await clock.advance(1_000);
  await expect.poll(() => child.state, { timeout: 25_000 }).toMatchObject({ kind: 'crashed', failures: 2 });
  expect(child.state).toMatchObject({ nextTryAt: clock.now() + 2_000 });
  await child.stop();
  await clock.advance(60_000);
  expect(child.state).toEqual({ kind: 'stopped' });
});

test('a child that never says it is ready is ended and counts as failed', async () => {
  const clock = new ManualClock();
  const child = childOf('mute', clock);
  child.start();
  await clock.advance(20_000);
  await reaches(child, 'crashed');
  expect(child.state).toMatchObject({ reason: 'was not ready within 20 s' });
});

test('a paused child stands still, goes on, and can be stopped where it stands', async () => {
  // The clock stands, so nobody kills it for being late.
  const child = childOf('good', new ManualClock());
  child.start();
  const { pid } = await running(child);
  expect([child.pause(), child.pause()]).toEqual([true, false]);
  expect(child.state).toMatchObject({ kind: 'paused', pid });
  expect([child.resume(), child.resume()]).toEqual([true, false]);
  expect(child.state).toMatchObject({ kind: 'running', pid });
  child.pause();
  await child.stop();
  expect(child.state.kind).toBe('stopped');
});

test('a child that ignores the request to end is killed, and one wanted again meanwhile is no crash', async () => {
  const child = childOf('stubborn');
  child.start();
  const first = await running(child);
  const stopping = child.stop();
  child.start();
  await stopping;
  const second = await running(child);
  expect(second.pid).not.toBe(first.pid);
});

test.skipIf(process.platform !== 'linux')(
  'no child outlives a parent that is killed, not even a paused one',
  {
    timeout: 40_000,
  },
  async () => {
    const parent = spawn(process.execPath, ['--no-warnings', '--input-type=module', '-e', parentScript()], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const pids = JSON.parse(line.toString()) as number[];
    expect(pids.map(alive)).toEqual([true, true, true]);
    parent.kill('SIGKILL');
    await expect
      .poll(() => pids.map(alive), { timeout: 30_000, interval: 50 })
      .toEqual([false, false, false]);
    // Those that could end in order did so, the paused one too.
    for (const pid of pids.slice(0, 2)) expect(readFileSync(`${script}.${pid}`, 'utf8')).toBe('in order');
  },
);

/** A parent of a good child, of a paused one, and of one that does not listen to the end of its channel. */
const parentScript = (): string => `
  import { ManagedChild } from ${JSON.stringify(new URL('./managedChild.ts', import.meta.url).href)};
  import { systemClock } from ${JSON.stringify(new URL('../../lib/clock.ts', import.meta.url).href)};
  const start = (file) => {
    const child = new ManagedChild(
      {
        name: 'x',
        command: { file: process.execPath, args: file, env: {} },
        parseReady: (line) => JSON.parse(line),
        readyTimeoutMs: 20000, stopTimeoutMs: 1000, steadyAfterMs: 1000,
        backoff: { firstMs: 1, maxMs: 1, factor: 1, jitter: 0 },
      },
      { clock: systemClock, onChange: () => {} },
    );
    child.start();
    return child;
  };
  const deaf = 'process.on("disconnect", () => {}); console.log(JSON.stringify({ pid: process.pid })); setInterval(() => {}, 1000)';
  const all = [start([${JSON.stringify(script)}, 'good']), start([${JSON.stringify(script)}, 'good']), start(['-e', deaf])];
  const pids = [];
  for (const one of all) pids.push((await one.whenRunning(AbortSignal.timeout(15000))).pid);
  all[1].pause();
  process.stdout.write(JSON.stringify(pids) + '\\n');
`;
