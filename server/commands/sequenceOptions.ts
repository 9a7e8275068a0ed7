import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Config } from '../config.ts';
import type { Engine } from '../engine/engine.ts';
import type { L1 } from '../l1/l1.ts';
import { systemClock } from '../lib/clock.ts';
import type { NodeDeps } from '../node.ts';
import type { RollupConfig } from '../protocol/rollupConfig.ts';
import type { FenceStore } from '../sequencer/fence/fenceStore.ts';
import type { SignerOptions } from '../sequencer/keys/openSigner.ts';
import type { JsonRpc, TransactionSigner } from '../sequencer/ports.ts';
import type { SequencingPeer } from '../sequencing.ts';
import { Secret } from '../telemetry/secret.ts';
import { SecretUrl } from '../telemetry/secretUrl.ts';
import {
  CommandError,
  type CommandOption,
  EXIT,
  type OptionValues,
  optionalText,
  wholeNumber,
} from './command.ts';

/** What `start --sequence` understands besides. */
export const SEQUENCE_OPTIONS: Readonly<Record<string, CommandOption>> = {
  sequence: { type: 'boolean', help: 'lead when it is this node’s turn: build blocks and commit batches' },
  keystore: { type: 'string', value: 'FILE', help: 'the sequencer’s key, as an encrypted V3 keystore' },
  'keystore-password-file': { type: 'string', value: 'FILE', help: 'its password, mode 0600' },
  'signer-url': {
    type: 'string',
    value: 'URL',
    help: 'web3signer that holds the key; needs --sequencer-address',
  },
  'sequencer-key-env': {
    type: 'string',
    value: 'NAME',
    help: 'environment variable with the plain key (dangerous)',
  },
  'dangerous-key-in-environment': {
    type: 'boolean',
    help: 'agree to a plain key where any of your processes can read it',
  },
  'fence-db': {
    type: 'string',
    value: 'PLACE',
    help: 'lease and marks of the key: a file, or postgres://… (default DATABASE_URL, else fence.db in the data folder)',
  },
  peers: {
    type: 'string',
    value: 'URLS',
    help: 'JSON-RPC of other nodes, for unsafe blocks: [ADDRESS@]URL,…',
  },
  'l2-block-time-ms': {
    type: 'string',
    value: 'MS',
    help: 'milliseconds between L2 blocks while leading (default 5000)',
  },
  'commit-interval-ms': {
    type: 'string',
    value: 'MS',
    help: 'milliseconds between batches while leading (default 60000)',
  },
  'with-blobs': {
    type: 'boolean',
    help: 'commit with a blob, as a rollup; without it in calldata alone, as a validium',
  },
};

const L2_GAS_LIMIT = 30_000_000n;

/** Where the key is; exactly one place must be named. */
function signerOptions(
  options: OptionValues,
  config: Config,
  env: Readonly<Record<string, string | undefined>>,
): SignerOptions {
  const file = optionalText(options, 'keystore');
  const url = optionalText(options, 'signer-url');
  const variable = optionalText(options, 'sequencer-key-env');
  if ([file, url, variable].filter((place) => place !== undefined).length !== 1) {
    throw new CommandError(
      '--sequence needs exactly one of --keystore, --signer-url and --sequencer-key-env to say where the key is.',
      EXIT.usage,
    );
  }
  const address = config.sequencerAddress;
  if (file !== undefined) {
    const passwordFile = optionalText(options, 'keystore-password-file');
    if (passwordFile !== undefined) return { kind: 'keystore', file, passwordFile, address };
    throw new CommandError('--keystore needs --keystore-password-file.', EXIT.usage);
  }
  if (url !== undefined) {
    const secret = SecretUrl.parse(url, ['http:', 'https:']);
    if (secret === null) throw new CommandError('--signer-url is no http:// or https:// URL.', EXIT.usage);
    if (address !== null) return { kind: 'web3signer', url: secret, address };
    throw new CommandError('--signer-url needs --sequencer-address: which of its keys is ours.', EXIT.usage);
  }
  const key = env[variable!];
  if (key === undefined || key === '') {
    throw new CommandError(`--sequencer-key-env names ${variable}, which is not set.`, EXIT.usage);
  }
  const dangerousKeyInEnvironment = options['dangerous-key-in-environment'] === true;
  return { kind: 'plain', privateKey: new Secret(key), dangerousKeyInEnvironment, address };
}

/** `URL` or `ADDRESS@URL`: an address says whose node it is, so that the leader's own word counts more. */
export function peersOf(text: string | undefined): readonly SequencingPeer[] {
  return (text ?? '').split(',').flatMap((part) => {
    const [, address, url] = /^(?:(0x[0-9a-fA-F]{40})@)?(https?:\/\/.+)$/.exec(part.trim()) ?? [];
    if (part.trim() === '') return [];
    if (url !== undefined && URL.canParse(url)) {
      return [{ url, sequencer: (address?.toLowerCase() ?? null) as SequencingPeer['sequencer'] }];
    }
    throw new CommandError(
      `--peers names ${JSON.stringify(part)}, but expects [ADDRESS@]http://… separated by commas.`,
      EXIT.usage,
    );
  });
}

export interface SequenceParts {
  readonly config: Config;
  readonly rollup: RollupConfig;
  readonly engine: Engine;
  readonly engineRpc: JsonRpc;
  readonly l1: L1;
  readonly fenceStore: FenceStore;
}

/** The signer, proved before anything is started; null without `--sequence`. */
export async function openSequencerSigner(
  options: OptionValues,
  config: Config,
  env: Readonly<Record<string, string | undefined>>,
): Promise<TransactionSigner | null> {
  if (options['sequence'] !== true) return null;
  const { sequencerRegistry, bridge } = config.contracts;
  if (sequencerRegistry === null || bridge === null) {
    throw new CommandError('--sequence needs PLUMBLINE_SEQUENCER_REGISTRY and PLUMBLINE_BRIDGE.', EXIT.usage);
  }
  const { openSigner } = await import('../sequencer/keys/openSigner.ts');
  const { loadBlobCommitter } = await import('../sequencer/kzg.ts');
  return openSigner(signerOptions(options, config, env), { kzg: loadBlobCommitter });
}

/**
 * Where the lease and the marks of this key are kept: a file that processes of one machine share, or a PostgreSQL for
 * processes of several (`--fence-db postgres://…`, or DATABASE_URL).
 */
export async function openFenceStore(
  options: OptionValues,
  config: Config,
  env: Readonly<Record<string, string | undefined>>,
): Promise<FenceStore> {
  const place = optionalText(options, 'fence-db') ?? env['DATABASE_URL'] ?? join(config.dataDir, 'fence.db');
  if (!/^postgres(ql)?:\/\//.test(place)) {
    const { openSqliteFence } = await import('../sequencer/fence/sqliteFenceStore.ts');
    return openSqliteFence({ file: place });
  }
  const { openPostgresFence } = await import('../sequencer/fence/postgresFenceStore.ts');
  return openPostgresFence({ url: new Secret(place) });
}

/** What runs beside the driver. A node that only follows never loads it, nor the keys' code: 15 MB of memory. */
export async function sequencingOf(
  options: OptionValues,
  signer: TransactionSigner,
  { config, rollup, engine, engineRpc, l1, fenceStore }: SequenceParts,
): Promise<NonNullable<NodeDeps['sequencing']>> {
  const { createSequencing } = await import('../sequencing.ts');
  return ({ journal, onWork, onHeadMove }) =>
    createSequencing(
      {
        config: rollup,
        l1Urls: config.l1.rpcUrls.map((url) => url.reveal()),
        peers: peersOf(optionalText(options, 'peers')),
        blockTimeMs: wholeNumber(options, 'l2-block-time-ms', 5_000, [100, 600_000]),
        commitIntervalMs: wholeNumber(options, 'commit-interval-ms', 60_000, [100, 3_600_000]),
        l1PollMs: config.pollMs,
        mode: options['with-blobs'] === true ? 'rollup' : 'validium',
        gasLimit: L2_GAS_LIMIT,
      },
      {
        clock: systemClock,
        engine,
        engineRpc,
        l1Providers: () => l1.providers?.() ?? [],
        signer,
        fenceStore,
        holder: `${config.name}-${randomBytes(4).toString('hex')}`,
        journal,
        onWork,
        ...(onHeadMove && { onHeadMove }),
      },
    );
}
