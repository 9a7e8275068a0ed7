/** How one of the devnet's nodes is started: the same command, with the same settings, as any operator's node. */
import { join } from 'node:path';
import { z } from 'zod';
import type { Address, Hex } from '../../protocol/refs.ts';
import type { RollupConfig } from '../../protocol/rollupConfig.ts';
import type { Wiring } from './fleet.ts';
import type { CommandLine } from './managedChild.ts';

export interface NodePlan {
  readonly name: string;
  /** Engine and journal lie here, over restarts too. */
  readonly dataDir: string;
  /** Port of the dashboard, the same after a restart; null runs without pages. */
  readonly dashboardPort: number | null;
  readonly config: RollupConfig;
  readonly genesisFile: string;
  /** Look at L1 at least this often, milliseconds. */
  readonly pollMs: number;
  /** Null only follows. */
  readonly sequencing: Sequencing | null;
  readonly surroundings: Surroundings;
  /** Who may give this node orders; null when nobody may. */
  readonly operatorTokenFile?: string | null;
  /** What the node's process sees beside its key; our own settings are not passed on. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** What a node of a devnet may show beside itself. */
export interface Surroundings {
  /** All dashboards of the devnet, its own too, in the order of the nodes. */
  readonly dashboards: readonly { readonly name: string; readonly url: string }[];
  /** File that names the chaos control (`readControlFile`); it is there once all nodes run. */
  readonly controlFile: string;
}

export interface Sequencing {
  /** Between two L2 blocks, milliseconds. */
  readonly blockTimeMs: number;
  /** Between two batches, milliseconds. */
  readonly commitIntervalMs: number;
  readonly address: Address;
  readonly privateKey: Hex;
}

const CLI = join(import.meta.dirname, '../../cli.ts');
const OWN_PREFIX = 'PLUMBLINE_';
/** The key travels in the environment: a command line can be read by every process of the machine. */
export const KEY_VARIABLE = 'DEVNET_SEQUENCER_KEY';

/** Carries the surroundings. A node that was not started by a devnet has none. */
const SURROUNDINGS_VARIABLE = 'DEVNET_SURROUNDINGS';

const surroundings: z.ZodType<Surroundings> = z.object({
  dashboards: z.array(z.object({ name: z.string(), url: z.url({ protocol: /^http$/ }) })),
  controlFile: z.string(),
});

/** What the devnet told a node about itself; null in a node that no devnet started. */
export function readSurroundings(env: NodePlan['env']): Surroundings | null {
  const text = env[SURROUNDINGS_VARIABLE];
  if (text === undefined) return null;
  try {
    return surroundings.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

/** The command line of a node behind the proxies of `wiring`. */
export function nodeCommand(plan: NodePlan, wiring: Wiring): CommandLine {
  const flags = { ...followFlags(plan, wiring), ...sequenceFlags(plan, wiring) };
  const args = Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value]);
  const switches = [
    '--json',
    ...(plan.dashboardPort === null ? ['--no-ui'] : []),
    ...(plan.sequencing === null ? [] : ['--sequence', '--dangerous-key-in-environment']),
  ];
  // A devnet's history ends with it: it lies in the node's own folder, whatever database the environment names.
  const theirs = Object.entries(plan.env).filter(
    ([name]) => !name.startsWith(OWN_PREFIX) && name !== 'DATABASE_URL',
  );
  return {
    file: process.execPath,
    args: ['--disable-warning=ExperimentalWarning', CLI, 'start', ...switches, ...args],
    env: {
      ...Object.fromEntries(theirs),
      [SURROUNDINGS_VARIABLE]: JSON.stringify(plan.surroundings),
      ...(plan.sequencing === null ? {} : { [KEY_VARIABLE]: plan.sequencing.privateKey }),
    },
  };
}

function followFlags(plan: NodePlan, wiring: Wiring): Readonly<Record<string, string>> {
  const { config } = plan;
  return {
    name: plan.name,
    'data-dir': plan.dataDir,
    'l1-rpc-url': wiring.l1RpcUrl,
    'l1-ws-url': wiring.l1WsUrl,
    'beacon-url': wiring.beaconUrl,
    'on-chain-proposer': config.onChainProposer,
    'l1-start-block': String(config.l1StartBlock),
    ...(config.sequencerRegistry === null ? {} : { 'sequencer-registry': config.sequencerRegistry }),
    ...(config.bridge === null ? {} : { bridge: config.bridge }),
    genesis: plan.genesisFile,
    ...(plan.operatorTokenFile
      ? { 'operator-token-file': plan.operatorTokenFile, 'resync-cooldown-ms': '3000' }
      : {}),
    'poll-ms': String(plan.pollMs),
    // Another one after a restart does no harm: whoever asks this engine asks through a proxy.
    'engine-port': '0',
    port: String(plan.dashboardPort ?? 0),
  };
}

function sequenceFlags(
  { sequencing, dataDir }: NodePlan,
  { peers }: Wiring,
): Readonly<Record<string, string>> {
  if (sequencing === null) return {};
  return {
    'sequencer-address': sequencing.address,
    'sequencer-key-env': KEY_VARIABLE,
    // Its own, whatever DATABASE_URL says: the marks of an earlier devnet's chain must not bind this one.
    'fence-db': join(dataDir, 'fence.db'),
    'l2-block-time-ms': String(sequencing.blockTimeMs),
    'commit-interval-ms': String(sequencing.commitIntervalMs),
    ...(peers.length === 0
      ? {}
      : { peers: peers.map(({ url, sequencer }) => `${sequencer}@${url}`).join(',') }),
  };
}
