/** The whole devnet: an L1, several sequencing nodes, users, and a control to disturb them all. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { toFunctionSelector } from 'viem';
import { onChainProposerAbi } from '../../protocol/contractsAbi.ts';
import type { Address } from '../../protocol/refs.ts';
import { httpRpc } from '../../sequencer/httpRpc.ts';
import type { JsonRpc } from '../../sequencer/ports.ts';
import { Chaos } from '../chaos/chaos.ts';
import { type ChaosControl, CONTROL_FILE, startChaosControl } from '../chaos/control.ts';
import { Forger } from '../chaos/forger.ts';
import { L1Chaos } from '../chaos/l1Chaos.ts';
import type { DevnetDeps } from '../runningChain.ts';
import { bridgeDepositor, Traffic } from '../traffic.ts';
import { Fleet, type FleetMember, type FleetNode, stateInWords } from './fleet.ts';
import { type FleetL1, type FleetL1Options, startFleetL1 } from './fleetL1.ts';
import { fleetRpc } from './fleetRpc.ts';
import { type NodePlan, nodeCommand, type Surroundings } from './nodeCommand.ts';
import { createVerifyLoop, type VerifyLoop } from './verifyLoop.ts';

export interface FleetDevnetOptions extends FleetL1Options {
  /** Port of the first node's dashboard, 0 for any; the others take any. Null runs without pages. */
  readonly port: number | null;
  /** False starts nodes that only follow. */
  readonly sequence: boolean;
  /** Milliseconds, like the two after it. */
  readonly pollMs: number;
  readonly l2BlockTimeMs: number;
  readonly commitIntervalMs: number;
  /** L2 transactions a second; every tenth is a deposit. */
  readonly traffic: number;
  readonly seed: number;
  /** What the nodes' processes see. */
  readonly env: NodePlan['env'];
}

export interface FleetDevnet {
  readonly l1: FleetL1;
  readonly fleet: Fleet;
  readonly chaos: Chaos;
  readonly control: ChaosControl;
  readonly traffic: Traffic;
  /** Who has this may give orders to each node. */
  readonly operator: { readonly file: string; readonly token: string };
  stop(): Promise<void>;
}

const RPC_TIMEOUT_MS = 10_000;
/** Of all nodes together. */
const START_TIMEOUT_MS = 120_000;
const DEPOSIT_EVERY = 10;
/** The newest batch stays unverified, as it would while a prover works on it. */
const VERIFY_LAG_BATCHES = 1;
const VERIFY_POLL_MS = 500;

/** A port that is free now. Another program may take it before the node does, which the node then says. */
async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  const { port } = probe.address() as { readonly port: number };
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

const TOKEN_FILE = 'operator-token';

/** A token of this devnet alone, in a file that only its owner can read. */
function makeToken(dir: string): FleetDevnet['operator'] {
  const file = join(dir, TOKEN_FILE);
  const token = randomBytes(32).toString('hex');
  mkdirSync(dir, { recursive: true });
  writeFileSync(file, `${token}\n`, { mode: 0o600, flag: 'wx' });
  return { file, token };
}

/** Removes what an earlier devnet left in the folder, and nothing else that lies there. */
function emptyFleetDir(dir: string): void {
  for (const part of ['nodes', CONTROL_FILE, TOKEN_FILE])
    rmSync(join(dir, part), { recursive: true, force: true });
}

/** Starts everything and resolves when each node has said that it is ready. Ends what it started when it fails. */
export async function startFleetDevnet(options: FleetDevnetOptions, deps: DevnetDeps): Promise<FleetDevnet> {
  const undo: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const end of undo.reverse().splice(0)) await end();
  };
  try {
    return { ...(await build(options, deps, undo)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function build(
  options: FleetDevnetOptions,
  deps: DevnetDeps,
  undo: (() => Promise<void>)[],
): Promise<Omit<FleetDevnet, 'stop'>> {
  const { clock, progress, signal } = deps;
  emptyFleetDir(options.dir);
  progress('1/3 L1: starting anvil, deploying the contracts, registering the sequencers');
  const l1 = await startFleetL1(options, deps);
  undo.push(() => l1.stop());
  progress(`2/3 nodes: starting ${options.nodes}`);
  const operator = makeToken(options.dir);
  const fleet = await openFleet(options, l1, operator.file, deps);
  undo.push(() => fleet.stop());
  await fleet.start(AbortSignal.any([signal, AbortSignal.timeout(START_TIMEOUT_MS)]));
  progress('3/3 traffic and chaos control: starting');
  const rpc = httpRpc(l1.anvil.url, { timeoutMs: RPC_TIMEOUT_MS });
  const l1Chaos = new L1Chaos(
    {
      l1Url: l1.anvil.url,
      registry: l1.addresses.sequencerRegistry,
      firstBlock: l1.firstOpenBlock,
      strangerKey: l1.stranger.privateKey,
    },
    { rpc },
  );
  const forger = new Forger({ genesis: l1.genesis });
  undo.push(() => forger.close());
  const chaos = new Chaos({ fleet, l1: l1Chaos, forger, clock });
  const dashboards = fleet
    .nodes()
    .flatMap(({ name, dashboard }) => (dashboard === null ? [] : [{ name, url: dashboard }]));
  const control = await startChaosControl(
    { dir: options.dir, dashboards },
    { run: (command) => chaos.run(command) },
  );
  undo.push(() => control.close());
  const l2 = fleetRpc({ nodes: () => fleet.nodes(), leader: () => l1Chaos.leader() });
  const traffic = new Traffic(
    {
      seed: options.seed,
      perSecond: options.traffic,
      depositEvery: DEPOSIT_EVERY,
      l2ChainId: l1.config.l2ChainId,
      accounts: l1.users,
    },
    {
      clock,
      l2,
      bridge: bridgeDepositor(
        {
          bridge: l1.addresses.bridge,
          chainId: l1.addresses.l1ChainId,
          privateKey: l1.depositor.privateKey,
        },
        { l1: rpc },
      ),
    },
  );
  traffic.start();
  undo.push(() => traffic.stop());
  if (options.sequence) {
    const verifying = verifyLoop(l1, rpc, deps);
    verifying.start();
    undo.push(() => verifying.stop());
  }
  return { l1, fleet, chaos, control, traffic, operator };
}

/** Without it the messages of a second batch would wait for ever. */
const verifyLoop = ({ addresses, nodes }: FleetL1, rpc: JsonRpc, { clock }: DevnetDeps): VerifyLoop =>
  createVerifyLoop(
    {
      proposer: addresses.onChainProposer,
      bridge: addresses.bridge,
      registry: addresses.sequencerRegistry,
      l1ChainId: addresses.l1ChainId,
      privateKey: nodes[0]!.verifier.privateKey,
      lagBatches: VERIFY_LAG_BATCHES,
      pollMs: VERIFY_POLL_MS,
    },
    { clock, rpc },
  );

async function openFleet(
  options: FleetDevnetOptions,
  l1: FleetL1,
  operatorTokenFile: string,
  deps: DevnetDeps,
): Promise<Fleet> {
  const names = l1.nodes.map((_, at) => `node-${at + 1}`);
  const ports = options.port === null ? null : await dashboardPorts(options.port, names.length);
  const surroundings: Surroundings = {
    dashboards: (ports ?? []).map((port, at) => ({ name: names[at]!, url: `http://localhost:${port}` })),
    controlFile: join(options.dir, CONTROL_FILE),
  };
  const members = l1.nodes.map(({ sequencer }, at): FleetMember => {
    const plan: NodePlan = {
      name: names[at]!,
      dataDir: join(options.dir, 'nodes', names[at]!),
      dashboardPort: ports?.[at] ?? null,
      config: l1.config,
      genesisFile: l1.genesisFile,
      pollMs: options.pollMs,
      sequencing: options.sequence
        ? { ...sequencer, blockTimeMs: options.l2BlockTimeMs, commitIntervalMs: options.commitIntervalMs }
        : null,
      surroundings,
      operatorTokenFile,
      env: options.env,
    };
    return {
      name: plan.name,
      sequencer: sequencer.address,
      command: (wiring) => nodeCommand(plan, wiring),
    };
  });
  const onChange = (node: FleetNode): void => {
    if (node.state.kind === 'crashed') {
      deps.progress(`${node.name} ${stateInWords(node.state, deps.clock.now())}`);
    }
  };
  return Fleet.open(
    { l1Url: l1.anvil.url, commits: commitsTo(l1.addresses.onChainProposer), members },
    { clock: deps.clock, onChange },
  );
}

/** The first one as wanted (0 for any), the others as the system chooses. They stay the same over restarts. */
async function dashboardPorts(wanted: number, count: number): Promise<readonly number[]> {
  const ports: number[] = [];
  while (ports.length < count) {
    const port = (ports.length === 0 && wanted) || (await freePort());
    if (!ports.includes(port)) ports.push(port);
  }
  return ports;
}

function commitsTo(proposer: Address) {
  const commitBatch = onChainProposerAbi.find(
    (item) => item.type === 'function' && item.name === 'commitBatch',
  );
  if (commitBatch === undefined) throw new Error('the ABI lacks commitBatch');
  return { to: proposer, selector: toFunctionSelector(commitBatch) };
}
