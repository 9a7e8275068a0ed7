import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../server/lib/clock.ts';
import { BranchingL1 } from '../server/testing/branchingL1.ts';
import { type Running, startCommand } from '../server/testing/process.ts';
import type { Bench, BenchRow } from './row.ts';
import type { LiveOrder, LiveReport } from './support/liveClients.ts';

/** Half of them dashboards, half of them programs that follow the journal. */
const CLIENTS_OF_EACH = Number(process.env['BENCH_STREAMS'] ?? 1_000) / 2;
const STREAMS = [
  { path: '/api/trpc/onUpdate?input=%7B%7D', count: CLIENTS_OF_EACH },
  { path: '/api/v1/events', count: CLIENTS_OF_EACH },
] as const;
const READS_PER_SECOND = Number(process.env['BENCH_READS'] ?? 200);
const MAX_SLOWDOWN = 1.1;
const MAX_RESIDENT_MIB = 512;
/** Of one core: a driver that shares its thread waits for so large a part of its time at most. */
const MAX_CPU = 0.1;
/** Quiet and loaded in turn, so that whatever else the machine does falls on both. */
const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 6);
const ROUND_MS = Number(process.env['BENCH_ROUND_MS'] ?? 10_000);
const SETTLE_MS = 2_000;
const BATCH_EVERY_MS = 1_000;
const POLL_MS = 500;

const CLIENTS = fileURLToPath(new URL('./support/liveClients.ts', import.meta.url));

/** Sums since the node began. */
interface Steps {
  readonly seconds: number;
  readonly count: number;
  readonly batchSeconds: number;
  readonly batches: number;
  readonly cpuSeconds: number;
  readonly residentMib: number;
}

const DIFFERENCE = (after: Steps, before: Steps): Steps => ({
  seconds: after.seconds - before.seconds,
  count: after.count - before.count,
  batchSeconds: after.batchSeconds - before.batchSeconds,
  batches: after.batches - before.batches,
  cpuSeconds: after.cpuSeconds - before.cpuSeconds,
  residentMib: after.residentMib,
});

async function stepsOf(url: string): Promise<Steps> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const sum = (name: string): number =>
    [...text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'gm'))].reduce(
      (all, [, value]) => all + Number(value),
      0,
    );
  return {
    seconds: sum('rollup_driver_step_seconds_sum'),
    count: sum('rollup_driver_step_seconds_count'),
    batchSeconds: sum('rollup_driver_batch_latency_seconds_sum'),
    batches: sum('rollup_driver_batch_latency_seconds_count'),
    cpuSeconds: sum('process_cpu_seconds_total'),
    residentMib: sum('process_resident_memory_bytes') / 2 ** 20,
  };
}

/** The real program, as `plumbline start` has it, with an engine in a process of its own. */
async function startNode(
  branching: BranchingL1,
  dir: string,
): Promise<{ url: string; stop(): Promise<void> }> {
  const genesisFile = join(dir, 'genesis.json');
  const secretFile = join(dir, 'jwt.hex');
  writeFileSync(genesisFile, JSON.stringify(branching.genesis));
  writeFileSync(secretFile, randomBytes(32).toString('hex'), { mode: 0o600 });
  const common = ['--port', '0', '--genesis', genesisFile, '--jwt-secret-file', secretFile];
  const engine = await startCommand<{ url: string }>(['engine', '--plain', ...common]);
  const { anvil, config } = branching.l1;
  const node: Running<{ dashboard: string }> = await startCommand(
    ['start', ...common, '--engine-url', engine.ready.url, '--l1-rpc-url', anvil.url].concat(
      ['--on-chain-proposer', config.onChainProposer, '--data-dir', join(dir, 'node')],
      ['--l1-start-block', String(config.l1StartBlock), '--poll-ms', String(POLL_MS)],
      // All of them come from this one address.
      ['--max-streams', '2000', '--requests-per-second', '1000', '--log-level', 'error'],
    ),
  );
  return {
    url: node.ready.dashboard.replace('localhost', '127.0.0.1'),
    stop: async () => {
      await node.stop();
      await engine.stop();
    },
  };
}

const ask = (clients: ChildProcess, order: LiveOrder, wanted: LiveReport['kind']): Promise<LiveReport> =>
  new Promise((resolve, reject) => {
    const heard = (report: LiveReport): void => {
      if (report.kind !== wanted) return;
      clients.off('message', heard);
      resolve(report);
    };
    clients.on('message', heard);
    clients.once('exit', (code) => reject(new Error(`the clients ended with ${code}`)));
    clients.send(order);
  });

const text = ({ seconds, count, batchSeconds, batches, cpuSeconds }: Steps): string =>
  `step ${((seconds / count) * 1_000).toFixed(2)} ms of ${count}, batch ${((batchSeconds / batches) * 1_000).toFixed(0)} ms of ${batches}, ${cpuSeconds.toFixed(1)} s CPU`;

interface Round {
  readonly quiet: Steps;
  readonly loaded: Steps;
  readonly report: LiveReport;
}

/** What the driver did in the time of a round. */
async function round(url: string): Promise<Steps> {
  await systemClock.sleep(SETTLE_MS);
  const before = await stepsOf(url);
  await systemClock.sleep(ROUND_MS);
  return DIFFERENCE(await stepsOf(url), before);
}

const middle = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
const STEP = ({ seconds, count }: Steps): number => seconds / count;
const BATCH = ({ batchSeconds, batches }: Steps): number => batchSeconds / batches;
const CPU = ({ cpuSeconds }: Steps): number => cpuSeconds / (ROUND_MS / 1_000);

async function rounds(
  url: string,
  clients: ChildProcess,
  log: (line: string) => void,
): Promise<readonly Round[]> {
  const all: Round[] = [];
  for (let i = 1; i <= ROUNDS; i++) {
    const quiet = await round(url);
    log(`round ${i}, quiet: ${text(quiet)}`);
    await ask(
      clients,
      { kind: 'open', plan: { url, streams: STREAMS, readsPerSecond: READS_PER_SECOND } },
      'ready',
    );
    const loaded = await round(url);
    const report = await ask(clients, { kind: 'report' }, 'report');
    all.push({ quiet, loaded, report });
    log(`round ${i}, loaded: ${text(loaded)}; ${JSON.stringify(report)}`);
    await ask(clients, { kind: 'close' }, 'closed');
  }
  return all;
}

/** Gives the driver a batch of two blocks at a steady pace until stopped. */
function batches(branching: BranchingL1): { stop(): Promise<void> } {
  const ending = new AbortController();
  const running = (async () => {
    while (!ending.signal.aborted) {
      const next = systemClock.sleep(BATCH_EVERY_MS, ending.signal).catch(() => undefined);
      await branching.grow(1, 1, 0xa0);
      await next;
    }
  })();
  return {
    stop: async () => {
      ending.abort();
      await running;
    },
  };
}

/** A loaded round beside the quiet one before it, and the middle of these: what else the machine does falls on both. */
const slowdown = (name: string, rounds: readonly Round[], of: (steps: Steps) => number): BenchRow => {
  const ratio = middle(rounds.map(({ quiet, loaded }) => of(loaded) / of(quiet)));
  return {
    name: `1,000 event streams and ${READS_PER_SECOND} reads a second: ${name}`,
    value: middle(rounds.map(({ loaded }) => of(loaded))) * 1_000,
    unit: 'ms',
    ratio,
    bound: `≤ ${MAX_SLOWDOWN}`,
    ok: ratio <= MAX_SLOWDOWN,
  };
};

const fact = (name: string, value: number, unit: string, bound: string, ok: boolean): BenchRow => ({
  name,
  value,
  unit,
  ratio: null,
  bound,
  ok,
});

/** What the clients saw: a chain that is not disturbed by clients who are not served would be no success. */
function servedRows(reports: readonly LiveReport[]): readonly BenchRow[] {
  const wanted = STREAMS.reduce((sum, { count }) => sum + count, 0);
  const open = Math.min(...reports.map((report) => report.open));
  const failed = reports.reduce((sum, report) => sum + report.failed, 0);
  const seconds = (reports.length * (ROUND_MS + SETTLE_MS)) / 1_000;
  const reads = reports.reduce((sum, report) => sum + report.reads, 0) / seconds;
  const bytes = reports.reduce((sum, report) => sum + report.streamBytes, 0) / seconds;
  const p99 = Math.max(...reports.map(({ readMs }) => readMs.p99));
  const fewest = 0.95 * READS_PER_SECOND;
  return [
    fact('event streams open throughout', open, 'streams', `≥ ${wanted}`, open >= wanted),
    fact('streams cut and reads refused', failed, '', '0', failed === 0),
    fact('reads of the status', reads, '/s', `≥ ${fewest}`, reads >= fewest),
    fact('sent on the event streams', bytes / 1e6, 'MB/s', 'for information', true),
    fact('reads of the status, 99th of a hundred', p99, 'ms', 'for information', true),
  ];
}

/** What 1,000 clients that follow a node, and programs that read it 200 times a second, cost the chain. */
export const liveBench: Bench = async (log) => {
  const dir = mkdtempSync(join(tmpdir(), 'plumbline-bench-live-'));
  const branching = await BranchingL1.open();
  const clients = fork(CLIENTS, { execArgv: ['--no-warnings'] });
  // Whatever fails on the way, nothing is left running.
  const ends: (() => unknown)[] = [
    () => rmSync(dir, { recursive: true, force: true }),
    () => branching.close(),
    () => clients.disconnect(),
  ];
  try {
    const node = await startNode(branching, dir);
    ends.push(() => node.stop());
    const feeding = batches(branching);
    ends.push(() => feeding.stop());
    const all = await rounds(node.url, clients, log);
    const resident = Math.max(...all.map(({ loaded }) => loaded.residentMib));
    const cpu = middle(all.map(({ quiet, loaded }) => CPU(loaded) - CPU(quiet)));
    return [
      slowdown('step of the driver', all, STEP),
      slowdown('batch, from seen to applied', all, BATCH),
      ...servedRows(all.map(({ report }) => report)),
      // On a machine that does other things too, times tell of those; what serving takes of one core does not.
      fact('CPU that serving them takes', cpu, 's/s', `≤ ${MAX_CPU} s/s`, cpu <= MAX_CPU),
      fact(
        'resident memory under that load',
        resident,
        'MiB',
        `< ${MAX_RESIDENT_MIB} MiB`,
        resident < MAX_RESIDENT_MIB,
      ),
    ];
  } finally {
    for (const end of ends.reverse()) await end();
  }
};
