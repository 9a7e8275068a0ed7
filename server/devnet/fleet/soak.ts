/** The devnet under chaos: run it, disturb it, let it come to rest, and hold what became of it against the rules. */
import type { Clock } from '../../lib/clock.ts';
import { httpRpc } from '../../sequencer/httpRpc.ts';
import { L1Contracts } from '../../sequencer/l1Contracts.ts';
import type { RollupSnapshot } from '../../sequencer/ports.ts';
import { collectFacts, commitsUpTo } from './facts.ts';
import { type FleetDevnet, type FleetDevnetOptions, startFleetDevnet } from './fleetDevnet.ts';
import { type FleetWatch, watchFleet } from './fleetWatch.ts';
import { checkFleet, type FleetReport } from './invariants.ts';
import { judgeJournals } from './journals.ts';
import { runVerb, type SoakContext, type SoakPlan } from './soakPlan.ts';

export interface SoakOptions {
  readonly dir: string;
  readonly seed: number;
  readonly plan: SoakPlan;
  /** Hand-overs to wait for after the plan. */
  readonly minRotations: number;
  /** Until rest must have been reached after the plan, milliseconds. */
  readonly settleMs: number;
  readonly env: FleetDevnetOptions['env'];
  /** Beside the fast clock's settings. */
  readonly devnet?: Partial<FleetDevnetOptions>;
}

export interface SoakDeps {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly progress: (line: string) => void;
}

export interface SoakReport extends FleetReport {
  readonly seed: number;
  readonly seconds: number;
  /** What kept the fleet from rest; null when it came to rest. */
  readonly unsettled: string | null;
  readonly chaos: Readonly<Record<string, number>>;
  readonly sent: Readonly<Record<string, number>>;
  /** Users' transactions that were refused when they were sent. */
  readonly refused: number;
  /** From the first node that showed a block until another did, milliseconds. */
  readonly spread: { readonly samples: number; readonly medianMs: number; readonly p95Ms: number } | null;
  /** Journal entries of all nodes by kind. */
  readonly journal: Readonly<Record<string, number>>;
}

/** Blocks every half second, batches every second and a half, terms of four batches: a hand-over every ten seconds. */
const FAST = {
  nodes: 3,
  batchesPerSequencer: 4,
  l1BlockTime: 1,
  slotsInAnEpoch: 16,
  l1Port: 0,
  port: null,
  sequence: true,
  pollMs: 300,
  l2BlockTimeMs: 500,
  commitIntervalMs: 1_500,
  traffic: 4,
} as const;
const WATCH_EVERY_MS = 100;
const LOOK_EVERY_MS = 500;
const RPC_TIMEOUT_MS = 10_000;
/** Looks at a fleet whose leader builds on: a block can come between two of them. */
const LOOKS = 6;

/** Resolves with the report, whatever it says. Rejects when the devnet cannot be started or watched. */
export async function runSoak(options: SoakOptions, deps: SoakDeps): Promise<SoakReport> {
  const { clock, progress } = deps;
  const startedAt = clock.now();
  const devnet = await startFleetDevnet(
    { ...FAST, ...options.devnet, dir: options.dir, seed: options.seed, env: options.env },
    deps,
  );
  const { fleet, traffic } = devnet;
  const watch = watchFleet(
    { names: fleet.names, everyMs: WATCH_EVERY_MS },
    { clock, node: (name) => fleet.node(name) },
  );
  try {
    watch.start();
    const l1 = new L1Look(devnet);
    const chaos: Record<string, number> = {};
    await options.plan(contextOf(devnet, l1, chaos, deps));
    progress('chaos over: waiting until all are level');
    const unsettled = await settle(devnet, l1, options, deps);
    progress(unsettled ?? 'at rest');
    const report = await judge(devnet, watch, deps);
    await watch.stop();
    const { sent, failed } = traffic.status();
    const spread = spreadOf(watch);
    await devnet.stop();
    const journals = await judgeJournals(options.dir, fleet.names);
    return {
      seed: options.seed,
      seconds: Math.round((clock.now() - startedAt) / 1000),
      unsettled,
      ...report,
      violations: [...report.violations, ...journals.violations],
      chaos,
      sent,
      refused: failed,
      spread,
      journal: journals.counts,
    };
  } finally {
    await watch.stop();
    await devnet.stop();
  }
}

function contextOf(
  devnet: FleetDevnet,
  l1: L1Look,
  counts: Record<string, number>,
  { clock, progress, signal }: SoakDeps,
): SoakContext {
  return {
    devnet,
    say: progress,
    sleep: (ms) => clock.sleep(ms, signal),
    chaos: async (verb, args = {}) => {
      const { changed, sentence } = await runVerb(devnet, verb, args);
      progress(sentence);
      if (changed) counts[verb] = (counts[verb] ?? 0) + 1;
      return changed;
    },
    moreBatches: async (count) => {
      const goal = (await l1.snapshot()).lastCommittedBatch + count;
      while ((await l1.snapshot()).lastCommittedBatch < goal) await clock.sleep(LOOK_EVERY_MS, signal);
    },
  };
}

class L1Look {
  readonly #devnet: FleetDevnet;
  readonly #contracts: L1Contracts;

  constructor(devnet: FleetDevnet) {
    const { anvil, addresses } = devnet.l1;
    const { onChainProposer: proposer, bridge, sequencerRegistry: registry } = addresses;
    this.#devnet = devnet;
    this.#contracts = new L1Contracts(
      { proposer, bridge, registry },
      { rpc: httpRpc(anvil.url, { timeoutMs: RPC_TIMEOUT_MS }) },
    );
  }

  /** Of a block that a reorg does not take away meanwhile. */
  async snapshot(): Promise<RollupSnapshot> {
    try {
      return await this.#contracts.snapshot();
    } catch {
      return this.#contracts.snapshot();
    }
  }

  async rotations(): Promise<number> {
    const { anvil, config } = this.#devnet.l1;
    const { at } = await this.snapshot();
    const commits = await commitsUpTo({ l1Url: anvil.url, config }, at);
    return commits.filter(({ transaction }, index) => {
      const before = commits[index - 1];
      return before !== undefined && before.transaction.from !== transaction.from;
    }).length;
  }
}

/** Undoes all chaos, waits for the hand-overs asked for, stops the users and waits for rest. Null when it came. */
async function settle(
  devnet: FleetDevnet,
  l1: L1Look,
  { minRotations, settleMs }: SoakOptions,
  { clock, signal }: SoakDeps,
): Promise<string | null> {
  for (const verb of ['heal', 'resume', 'start', 'register'] as const) {
    await runVerb(devnet, verb, { node: 'all' });
  }
  const until = clock.now() + settleMs;
  let why = '';
  const reached = async (missing: () => Promise<string | null>): Promise<boolean> => {
    for (;;) {
      const what = await missing().catch((error: unknown) => (error as Error).message);
      if (what === null) return true;
      why = what;
      if (clock.now() >= until) return false;
      await clock.sleep(LOOK_EVERY_MS, signal);
    }
  };
  const rotated = await reached(async () => {
    const rotations = await l1.rotations();
    return rotations >= minRotations ? null : `${rotations} hand-overs, ${minRotations} wanted`;
  });
  await devnet.traffic.stop();
  const quiet = rotated && (await reached(() => missingForRest(devnet, l1)));
  return quiet ? null : `no rest within ${settleMs / 1000} s: ${why}`;
}

async function missingForRest(
  { fleet, l1: { users, config } }: FleetDevnet,
  l1: L1Look,
): Promise<string | null> {
  const engines = fleet.nodes().map(({ name, engineRpc, state }) => {
    if (engineRpc === null) throw new Error(`${name} is ${state.kind}`);
    return httpRpc(engineRpc, { timeoutMs: RPC_TIMEOUT_MS });
  });
  const { lastCommittedBlockHash, pendingMessages, unverifiedMessages } = await l1.snapshot();
  const waiting = pendingMessages.length - unverifiedMessages;
  if (waiting > 0) return `${waiting} messages are in no batch`;
  const safe = await Promise.all(engines.map((rpc) => rpc.request('eth_getBlockByNumber', ['safe', false])));
  const behind = safe.filter(
    (block) => (block as { hash: string } | null)?.hash !== (lastCommittedBlockHash ?? config.l2GenesisHash),
  );
  if (behind.length > 0) return `${behind.length} nodes are behind L1`;
  const counts = await Promise.all(
    engines.flatMap((rpc) =>
      users.map(async ({ address }) => {
        const [mined, known] = await Promise.all(
          ['safe', 'pending'].map((tag) => rpc.request('eth_getTransactionCount', [address, tag])),
        );
        return Number(known) - Number(mined);
      }),
    ),
  );
  const open = counts.filter((count) => count > 0).length;
  return open === 0 ? null : `${open} accounts have transactions that are not safe yet`;
}

/** A violation that is gone at the next look was the leader building on between two questions. */
async function judge(
  devnet: FleetDevnet,
  watch: FleetWatch,
  { clock, signal }: SoakDeps,
): Promise<FleetReport> {
  const { anvil, config, users } = devnet.l1;
  let report: FleetReport | null = null;
  for (let look = 0; look < LOOKS; look++) {
    const facts = await collectFacts({
      l1Url: anvil.url,
      config,
      nodes: devnet.fleet.nodes(),
      users: users.map(({ address }) => address),
      seen: watch.seen(),
    });
    report = checkFleet(facts);
    if (report.violations.length === 0) break;
    await clock.sleep(LOOK_EVERY_MS, signal);
  }
  return report!;
}

/** How long blocks took from one node's head to each other's. */
export function spreadOf(watch: Pick<FleetWatch, 'seen' | 'sightings'>): SoakReport['spread'] {
  const delays = watch
    .seen()
    .flatMap(({ hash }) => {
      const times = [...watch.sightings(hash).values()].sort((a, b) => a - b);
      return times.slice(1).map((at) => at - times[0]!);
    })
    .sort((a, b) => a - b);
  if (delays.length === 0) return null;
  const at = (share: number) => delays[Math.min(delays.length - 1, Math.floor(delays.length * share))]!;
  return { samples: delays.length, medianMs: at(0.5), p95Ms: at(0.95) };
}
