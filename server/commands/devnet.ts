import { join, resolve } from 'node:path';
import { CONTROL_FILE } from '../devnet/chaos/control.ts';
import { type FleetDevnet, startFleetDevnet } from '../devnet/fleet/fleetDevnet.ts';
import { startReplay } from '../devnet/replayChain.ts';
import type { DevnetOptions, RunningChain } from '../devnet/runningChain.ts';
import { openEmbeddedEngine } from '../engine/embedded/open.ts';
import { checkPort, hostNode } from '../host.ts';
import { openJournal } from '../journal/sqlite.ts';
import { createL1 } from '../l1/viemL1.ts';
import { systemClock } from '../lib/clock.ts';
import { createNode } from '../node.ts';
import { SOFTWARE } from '../software.ts';
import {
  type Command,
  type CommandContext,
  EXIT,
  type OptionValues,
  optionalText,
  wholeNumber,
} from './command.ts';

const LOOPBACK = '127.0.0.1';
/** How often the devnet's node looks at L1 when no new head was announced. Milliseconds. */
const POLL_MS = 500;

/** Length of a term in the fleet: short, so that hand-overs are seen. */
const TERM = 4;

const optionsOf = (options: OptionValues, dir: string): DevnetOptions => ({
  dir,
  l1BlockTime: wholeNumber(options, 'l1-block-time', 2, [1, 60]),
  l2BlockTimeMs: wholeNumber(options, 'l2-block-time-ms', 1_000, [100, 60_000]),
  commitIntervalMs: wholeNumber(options, 'commit-interval-ms', 4_000, [100, 3_600_000]),
  slotsInAnEpoch: wholeNumber(options, 'epoch', 16, [1, 10_000]),
  batchesPerSequencer: wholeNumber(options, 'term', TERM, [2, 1_000]),
  traffic: wholeNumber(options, 'traffic', 3, [0, 200]),
  seed: wholeNumber(options, 'seed', 1, [0, 2 ** 32 - 1]),
  l1Port: wholeNumber(options, 'l1-port', 8545, [0, 65_535]),
});

/** The node under watch: its own engine and journal, and nothing of the sequencer's. */
async function followChain(
  chain: RunningChain,
  dir: string,
  context: CommandContext,
  web: { port: number } | null,
  json: boolean,
) {
  const embedded = await openEmbeddedEngine({
    genesis: chain.genesis,
    dir: join(dir, 'node', 'engine'),
    l2Rules: true,
  });
  const node = createNode(
    {
      name: chain.config.name,
      mode: 'devnet',
      software: SOFTWARE,
      config: chain.config,
      l1Host: new URL(chain.anvil.url).host,
      pollIntervalMs: POLL_MS,
      ourSequencer: null,
    },
    {
      l1: createL1({
        rpcUrls: [chain.anvil.url],
        wsUrl: chain.anvil.wsUrl,
        beaconUrl: chain.anvil.beaconUrl,
        config: chain.config,
        pollIntervalMs: POLL_MS,
      }),
      engine: embedded.engine,
      journal: await openJournal({ file: join(dir, 'node', 'journal.db'), clock: systemClock }),
      clock: systemClock,
      onError: (error) => context.progress(`unexpected: ${String(error)}`),
    },
  );
  await hostNode({
    node,
    web: web === null ? null : { port: web.port, host: LOOPBACK, pages: true },
    projectDir: context.projectDir,
    signal: context.signal,
    onReady: (url) => announce(context, chain, url, json),
  });
}

function announce(
  context: CommandContext,
  chain: RunningChain,
  dashboard: string | null,
  json: boolean,
): void {
  const { anvil, l2Url, config } = chain;
  if (json) {
    const contracts = contractsOf(config);
    context.out(
      JSON.stringify({
        dashboard,
        l1: anvil.url,
        l1Ws: anvil.wsUrl,
        beacon: anvil.beaconUrl,
        l2: l2Url,
        contracts,
      }),
    );
    return;
  }
  context.out('');
  if (dashboard !== null) context.out(`  Dashboard  ${dashboard}`);
  context.out(`  L1         ${anvil.url}`);
  if (l2Url !== null) context.out(`  L2         ${l2Url}`);
  context.out('\n  Ctrl-C ends it.\n');
}

/** The whole devnet: nodes that lead in turn, each a process with its own engine, key and dashboard. */
async function runFleet(
  options: OptionValues,
  settings: DevnetOptions,
  context: CommandContext,
  port: number | null,
) {
  const fleet = await startFleetDevnet(
    {
      ...settings,
      nodes: wholeNumber(options, 'nodes', 3, [1, 8]),
      port,
      sequence: true,
      pollMs: POLL_MS,
      env: context.env,
    },
    { clock: systemClock, progress: context.progress, signal: context.signal },
  );
  try {
    announceFleet(context, fleet, options['json'] === true);
    await aborted(context.signal);
  } finally {
    await fleet.stop();
  }
}

function announceFleet(
  context: CommandContext,
  { l1, fleet, control, operator }: FleetDevnet,
  json: boolean,
): void {
  const nodes = fleet.nodes();
  const { url, wsUrl, beaconUrl } = l1.anvil;
  if (json) {
    const endpoints = nodes.map(({ name, dashboard, engineRpc }) => ({ name, dashboard, l2: engineRpc }));
    const [first] = endpoints;
    const contracts = contractsOf(l1.config);
    context.out(
      JSON.stringify({
        dashboard: first?.dashboard ?? null,
        l1: url,
        l1Ws: wsUrl,
        beacon: beaconUrl,
        l2: first?.l2 ?? null,
        nodes: endpoints,
        control: control.file,
        operatorTokenFile: operator.file,
        contracts,
      }),
    );
    return;
  }
  context.out('');
  for (const { name, dashboard, engineRpc } of nodes) {
    context.out(`  ${name.padEnd(10)} ${dashboard ?? 'no dashboard'}   L2 ${engineRpc ?? 'not running'}`);
  }
  context.out(`  ${'L1'.padEnd(10)} ${url}`);
  context.out(`  ${'operator'.padEnd(10)} ${operator.token}`);
  const elsewhere = join(context.projectDir, '.plumbline', 'devnet', CONTROL_FILE) !== control.file;
  const file = elsewhere ? ` --devnet ${control.file}` : '';
  context.out(`\n  npx plumbline chaos reorg 6 drop${file}`);
  context.out(
    '  has L1 reorg, and npx plumbline chaos --help lists what else can be broken; the foot of the Overview has the same',
  );
  context.out(
    '  as buttons. To pause a node or have it derive again, sign in on its page with the operator token above. Ctrl-C ends it.\n',
  );
}

const contractsOf = ({
  onChainProposer,
  sequencerRegistry,
  bridge,
  l1StartBlock,
}: RunningChain['config']) => ({
  onChainProposer,
  sequencerRegistry,
  bridge,
  l1StartBlock,
});

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });

export const devnetCommand: Command = {
  name: 'devnet',
  summary: 'a whole rollup on this machine: L1, contracts, sequencing nodes, users and their dashboards',
  details:
    'Starts anvil as the L1, deploys the contracts and runs nodes that lead in turn, each with its own engine, key and\ndashboard, and users who keep them busy. With --replay, recorded batches are committed instead and one node follows\nthem. Everything is new at each start; keys are the public development keys.',
  options: {
    port: { type: 'string', value: 'N', help: 'port of the dashboard (default 3000; 0 takes any)' },
    'no-ui': { type: 'boolean', help: 'no dashboard' },
    replay: {
      type: 'string',
      value: 'DIR',
      help: 'commit the recorded batches of this folder (l2.json, N-1.blob)',
    },
    blobs: {
      type: 'boolean',
      help: 'with --replay: commit with the blobs, in rollup mode, instead of calldata',
    },
    'l1-port': { type: 'string', value: 'N', help: 'port of the L1 (default 8545)' },
    nodes: { type: 'string', value: 'N', help: 'sequencing nodes, 1 to 8 (default 3)' },
    'l1-block-time': { type: 'string', value: 'S', help: 'seconds between L1 blocks (default 2)' },
    'l2-block-time-ms': {
      type: 'string',
      value: 'MS',
      help: 'milliseconds between L2 blocks (default 1000)',
    },
    'commit-interval-ms': {
      type: 'string',
      value: 'MS',
      help: 'milliseconds between batches (default 4000)',
    },
    epoch: {
      type: 'string',
      value: 'N',
      help: 'L1 blocks until safe; twice as many until finalized (default 16)',
    },
    term: { type: 'string', value: 'N', help: 'batches in a term of the lead sequencer (default 4)' },
    traffic: { type: 'string', value: 'N', help: 'L2 transactions a second (default 3)' },
    seed: { type: 'string', value: 'N', help: 'seed of the traffic (default 1)' },
    'data-dir': { type: 'string', value: 'DIR', help: 'emptied at each start (default .plumbline/devnet)' },
    json: { type: 'boolean', help: 'when ready, print the endpoints as one JSON object' },
  },
  async run(options, context) {
    const port = wholeNumber(options, 'port', 3000, [0, 65_535]);
    const web = options['no-ui'] === true ? null : { port };
    if (web !== null) await checkPort(port, LOOPBACK);
    const dir = resolve(
      optionalText(options, 'data-dir') ?? join(context.projectDir, '.plumbline', 'devnet'),
    );
    const deps = { clock: systemClock, progress: context.progress, signal: context.signal };
    const settings = optionsOf(options, dir);
    const replay = optionalText(options, 'replay');
    if (replay === undefined) {
      await runFleet(options, settings, context, web === null ? null : web.port);
      return EXIT.ok;
    }
    const recorded = { ...settings, recorded: resolve(replay), blobs: options['blobs'] === true };
    const chain = await startReplay(recorded, deps);
    try {
      await followChain(chain, dir, context, web, options['json'] === true);
    } finally {
      await chain.stop();
    }
    return EXIT.ok;
  },
};
