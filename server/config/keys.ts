import type { z } from 'zod';
import { LOG_LEVELS } from '../telemetry/logger.ts';
import {
  address,
  choice,
  databaseUrl,
  HTTP,
  hash,
  integer,
  path,
  realAddress,
  text,
  url,
  urls,
} from './readers.ts';

/**
 * Every key of the configuration, once: where it may be set, how it is read, what it means. `--help` is printed
 * from this table and unknown names are measured against it.
 */
export interface ConfigKey<T = unknown> {
  /** Name in the environment and in .env files. */
  readonly env: string;
  /** Names under which ethrex's deployer and nodes write the same thing. */
  readonly aliases?: readonly string[];
  /** Name on the command line, without dashes. */
  readonly flag: string;
  readonly description: string;
  /** As one would write it; null when there is no value then. */
  readonly default: string | null;
  readonly example: string;
  /** True when the value may carry a credential and is never repeated in a message. */
  readonly secret?: boolean;
  /** Takes the text as written. Its message completes "expected …". */
  readonly schema: z.ZodType<T, string>;
}

const key = <T>(definition: ConfigKey<T>): ConfigKey<T> => definition;

/** What every command that runs a node understands. */
export const COMMON_KEYS = {
  name: key({
    env: 'PLUMBLINE_NAME',
    flag: 'name',
    description: 'Name of this node on the page, in logs and in metrics.',
    default: 'plumbline',
    example: 'follower-1',
    schema: text('1 to 64 letters, digits, dots, dashes or underscores', /^[\w.-]{1,64}$/),
  }),
  dataDir: key({
    env: 'PLUMBLINE_DATA_DIR',
    flag: 'data-dir',
    description:
      'Folder of the journal and of the embedded engine. Deleting it costs history and time, not heads.',
    default: '.plumbline',
    example: '/var/lib/plumbline',
    schema: path,
  }),
  host: key({
    env: 'PLUMBLINE_HOST',
    flag: 'host',
    description:
      'Address that the page and the API listen on. Away from loopback it takes an operator token and TLS or a proxy.',
    default: '127.0.0.1',
    example: '127.0.0.1',
    schema: text('an IP address or a host name', /^[A-Za-z0-9.:-]{1,253}$/),
  }),
  port: key({
    env: 'PLUMBLINE_PORT',
    flag: 'port',
    description: 'TCP port of the page and the API; 0 takes any free one.',
    default: '3000',
    example: '3000',
    schema: integer(0, 65_535, 'a port'),
  }),
  operatorTokenFile: key({
    env: 'PLUMBLINE_OPERATOR_TOKEN_FILE',
    flag: 'operator-token-file',
    description:
      'File of those who may give orders (resync, pause), mode 0600: lines of TOKEN, or of ROLE NAME TOKEN with viewer, operator or admin. SIGHUP reads it again. Without it nothing can be ordered.',
    default: null,
    example: '/var/lib/plumbline/operator-token',
    schema: path,
  }),
  operatorToken: key({
    env: 'PLUMBLINE_OPERATOR_TOKEN',
    flag: 'operator-token',
    description:
      'The token itself, 256 bits (openssl rand -hex 32). Better in a file, or at least in the environment.',
    default: null,
    example: '0123456789abcdef'.repeat(4),
    secret: true,
    schema: text('a token of 256 bits: 64 hex digits, or 43 of base64url', /^([0-9a-fA-F]{64}|[\w-]{43})$/),
  }),
  behindProxy: key({
    env: 'PLUMBLINE_BEHIND_PROXY',
    flag: 'behind-proxy',
    description:
      'Host (and port) under which a proxy that ends TLS is reached; it has to pass Host on and to set X-Forwarded-For.',
    default: null,
    example: 'node.example',
    schema: text('a host name, with a port if it is not the usual one', /^[A-Za-z0-9.-]{1,253}(:\d{1,5})?$/),
  }),
  tlsCert: key({
    env: 'PLUMBLINE_TLS_CERT',
    flag: 'tls-cert',
    description: 'Certificate chain (PEM) to serve the page and the API over TLS; with --tls-key.',
    default: null,
    example: '/etc/plumbline/cert.pem',
    schema: path,
  }),
  tlsKey: key({
    env: 'PLUMBLINE_TLS_KEY',
    flag: 'tls-key',
    description: 'Private key (PEM) of --tls-cert, readable by its owner only (mode 0600).',
    default: null,
    example: '/etc/plumbline/key.pem',
    schema: path,
  }),
  requestsPerSecond: key({
    env: 'PLUMBLINE_REQUESTS_PER_SECOND',
    flag: 'requests-per-second',
    description:
      'Requests to the API that one address may make a second; as many of JSON-RPC, a third of pages, a twelfth of metrics.',
    default: '60',
    example: '200',
    schema: integer(1, 100_000, 'requests a second'),
  }),
  maxStreams: key({
    env: 'PLUMBLINE_MAX_STREAMS',
    flag: 'max-streams',
    description: 'Requests to the API that one address may have open at once; each open page is one.',
    default: '50',
    example: '1000',
    schema: integer(1, 100_000, 'open requests'),
  }),
  resyncCooldownMs: key({
    env: 'PLUMBLINE_RESYNC_COOLDOWN_MS',
    flag: 'resync-cooldown-ms',
    description: 'Milliseconds between the end of a manual resync and the next.',
    default: '30000',
    example: '30000',
    schema: integer(0, 3_600_000, 'milliseconds'),
  }),
  logLevel: key({
    env: 'PLUMBLINE_LOG_LEVEL',
    flag: 'log-level',
    description: 'Least severe level that is logged: debug, info, warn or error.',
    default: 'info',
    example: 'debug',
    schema: choice(LOG_LEVELS),
  }),
  logFormat: key({
    env: 'PLUMBLINE_LOG_FORMAT',
    flag: 'log-format',
    description: 'json writes one object a line for collectors, pretty writes for eyes.',
    default: 'pretty',
    example: 'json',
    schema: choice(['json', 'pretty']),
  }),
  databaseUrl: key({
    env: 'DATABASE_URL',
    flag: 'database-url',
    description:
      'PostgreSQL that keeps the journal; several nodes with names of their own may share it. Without it, a file in the data folder.',
    default: null,
    example: 'postgres://plumbline@db.internal/plumbline',
    secret: true,
    schema: databaseUrl,
  }),
  journalCheckpointFile: key({
    env: 'PLUMBLINE_JOURNAL_CHECKPOINT_FILE',
    flag: 'journal-checkpoint-file',
    description:
      "File to which the journal's signed checkpoints are appended as well; put it on another disk or machine, so that a journal that is cut or rewritten contradicts it.",
    default: null,
    example: '/mnt/audit/node-1.checkpoints',
    schema: path,
  }),
  journalKeepDays: key({
    env: 'PLUMBLINE_JOURNAL_KEEP_DAYS',
    flag: 'journal-keep-days',
    description:
      'Days for which journal events are kept; 0 keeps them for ever. Older ones give way to a signed checkpoint.',
    default: '0',
    example: '365',
    schema: integer(0, 36_500, 'days'),
  }),
  pollMs: key({
    env: 'PLUMBLINE_POLL_MS',
    flag: 'poll-ms',
    description: 'Look at L1 at least this often, in milliseconds; a WebSocket only makes it sooner.',
    default: '2000',
    example: '2000',
    schema: integer(50, 600_000, 'milliseconds'),
  }),
} as const;

/** What following a rollup on a real L1 needs besides. */
export const FOLLOW_KEYS = {
  l1RpcUrls: key({
    env: 'PLUMBLINE_L1_RPC_URL',
    aliases: ['ETHREX_ETH_RPC_URL'],
    flag: 'l1-rpc-url',
    description:
      'JSON-RPC of an L1 node over HTTP. Several, separated by commas, watch each other: one that lags, lies or fails does no harm.',
    default: null,
    example: 'http://127.0.0.1:8545',
    secret: true,
    schema: urls,
  }),
  l1Agree: key({
    env: 'PLUMBLINE_L1_AGREE',
    flag: 'l1-agree',
    description:
      'How many of the L1 nodes must show a block before it is followed: 1 is faster, 2 cannot be led astray by one of them. Without it, 2 where several are configured.',
    default: null,
    example: '2',
    schema: integer(1, 2, 'a number of nodes'),
  }),
  l1Trust: key({
    env: 'PLUMBLINE_L1_TRUST',
    flag: 'l1-trust',
    description:
      'none: recompute what L1 nodes answer to the hashes it must have, at the cost of whole blocks where batches are. all: believe a node of your own. Without it, all for one node and none for several.',
    default: null,
    example: 'none',
    schema: choice(['all', 'none']),
  }),
  l1GenesisHash: key({
    env: 'PLUMBLINE_L1_GENESIS_HASH',
    flag: 'l1-genesis-hash',
    description: 'Hash of block 0 of the L1, to refuse another chain that has the same chain id.',
    default: null,
    example: '0xd4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3',
    schema: hash,
  }),
  l1WsUrl: key({
    env: 'PLUMBLINE_L1_WS_URL',
    flag: 'l1-ws-url',
    description: 'WebSocket of an L1 node, to hear of new heads at once. Without it the poll is all.',
    default: null,
    example: 'ws://127.0.0.1:8546',
    secret: true,
    schema: url(['ws:', 'wss:']),
  }),
  beaconUrl: key({
    env: 'PLUMBLINE_BEACON_URL',
    flag: 'beacon-url',
    description: 'Beacon API of the L1. Needed only for batches whose blocks are in blobs alone.',
    default: null,
    example: 'http://127.0.0.1:5052',
    secret: true,
    schema: url(HTTP),
  }),
  onChainProposer: key({
    env: 'PLUMBLINE_ON_CHAIN_PROPOSER',
    aliases: ['ETHREX_COMMITTER_ON_CHAIN_PROPOSER_ADDRESS'],
    flag: 'on-chain-proposer',
    description: "L1 address of the rollup's OnChainProposer (the proxy).",
    default: null,
    example: '0x5fbdb2315678afecb367f032d93f642f64180aa3',
    schema: realAddress,
  }),
  sequencerRegistry: key({
    env: 'PLUMBLINE_SEQUENCER_REGISTRY',
    aliases: ['ETHREX_DEPLOYER_SEQUENCER_REGISTRY_ADDRESS', 'ETHREX_STATE_UPDATER_SEQUENCER_REGISTRY'],
    flag: 'sequencer-registry',
    description: "L1 address of the rollup's SequencerRegistry. Without it the lead sequencer is unknown.",
    default: null,
    example: '0xe7f1725e7734ce288f8367e1bb143e90bb3f0512',
    schema: address,
  }),
  bridge: key({
    env: 'PLUMBLINE_BRIDGE',
    aliases: ['ETHREX_WATCHER_BRIDGE_ADDRESS'],
    flag: 'bridge',
    description: "L1 address of the rollup's CommonBridge.",
    default: null,
    example: '0x9fe46736679d2d9a65f0992f2272de9f3c7fa6e0',
    schema: address,
  }),
  l1StartBlock: key({
    env: 'PLUMBLINE_L1_START_BLOCK',
    flag: 'l1-start-block',
    description:
      'First L1 block that can hold a batch. Without it, the block at which the bridge was deployed.',
    default: null,
    example: '4500000',
    schema: integer(0, Number.MAX_SAFE_INTEGER, 'a block number'),
  }),
  genesis: key({
    env: 'PLUMBLINE_GENESIS',
    flag: 'genesis',
    description: 'Genesis of the L2 in geth format (a JSON file).',
    default: null,
    example: './l2.json',
    schema: path,
  }),
  engineUrl: key({
    env: 'PLUMBLINE_ENGINE_URL',
    flag: 'engine-url',
    description:
      'Engine API of an L2 execution client, over HTTP or WebSocket. Without it the embedded engine runs in this process.',
    default: null,
    example: 'http://127.0.0.1:8551',
    secret: true,
    schema: url([...HTTP, 'ws:', 'wss:']),
  }),
  engineRewindUrl: key({
    env: 'PLUMBLINE_ENGINE_REWIND_URL',
    flag: 'engine-rewind-url',
    description:
      'JSON-RPC of the same engine with its debug namespace. Naming it allows debug_setHead where the engine refuses to go back as far as L1 did.',
    default: null,
    example: 'http://127.0.0.1:8545',
    secret: true,
    schema: url(HTTP),
  }),
  observeUrl: key({
    env: 'PLUMBLINE_OBSERVE',
    flag: 'observe',
    description:
      'eth_ JSON-RPC of a node to watch instead of driving an engine: its chain is compared with what L1 implies, and nothing is ever written to it.',
    default: null,
    example: 'http://127.0.0.1:1729',
    secret: true,
    schema: url(HTTP),
  }),
  observeHealthUrl: key({
    env: 'PLUMBLINE_OBSERVE_HEALTH_URL',
    flag: 'observe-health-url',
    description: "The observed node's health endpoint, for example /health of ethrex's admin server.",
    default: null,
    example: 'http://127.0.0.1:5555/health',
    secret: true,
    schema: url(HTTP),
  }),
  jwtSecretFile: key({
    env: 'PLUMBLINE_JWT_SECRET_FILE',
    flag: 'jwt-secret-file',
    description: "File of the Engine API's secret: 64 hex digits, readable by its owner only (mode 0600).",
    default: null,
    example: '/var/lib/l2/jwt.hex',
    schema: path,
  }),
  webhookUrl: key({
    env: 'PLUMBLINE_WEBHOOK_URL',
    flag: 'webhook-url',
    description: 'Where reorgs and changes of the verdict are posted as signed JSON.',
    default: null,
    example: 'https://alerts.example/plumbline',
    secret: true,
    schema: url(HTTP),
  }),
  webhookSecretFile: key({
    env: 'PLUMBLINE_WEBHOOK_SECRET_FILE',
    flag: 'webhook-secret-file',
    description:
      'File of the key that webhooks are signed with: at least 32 characters, readable by its owner only (mode 0600).',
    default: null,
    example: '/var/lib/plumbline/webhook.key',
    schema: path,
  }),
  sequencerAddress: key({
    env: 'PLUMBLINE_SEQUENCER_ADDRESS',
    flag: 'sequencer-address',
    description: 'L1 address of our sequencer, to tell "us" from others on the page.',
    default: null,
    example: '0x70997970c51812dc3a010c7d01b50e0d17dc79c8',
    schema: realAddress,
  }),
} as const;

/** Where more of these keys are read from; not settable inside those files themselves. */
export const SOURCE_KEYS = {
  configFile: key({
    env: 'PLUMBLINE_CONFIG',
    flag: 'config',
    description:
      'JSON file with any of these keys, named as in --data-dir but in camel case: {"dataDir": "…"}.',
    default: null,
    example: './plumbline.json',
    schema: path,
  }),
  envFile: key({
    env: 'PLUMBLINE_ENV_FILE',
    flag: 'env-file',
    description: "File of NAME=value lines: these keys, or the .env that ethrex's deployer wrote.",
    default: null,
    example: '../ethrex/cmd/.env',
    schema: path,
  }),
} as const;

/** Names that tests and the launcher read for themselves; known, so that they are not taken for typing errors. */
export const FOREIGN_ENV_NAMES: readonly string[] = [
  'PLUMBLINE_CHROMIUM',
  'PLUMBLINE_FIXTURES',
  'PLUMBLINE_GETH',
  'PLUMBLINE_LEASHED',
];
