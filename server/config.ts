import { resolve } from 'node:path';
import { exposureProblem } from './config/exposure.ts';
import { readJwtSecret } from './config/jwtSecret.ts';
import { COMMON_KEYS, FOLLOW_KEYS } from './config/keys.ts';
import { Reading } from './config/reading.ts';
import type { ConfigError, Sources } from './config/sources.ts';
import { readWebhookSecret } from './config/webhookSecret.ts';
import type { Result } from './lib/result.ts';
import { readSecretFile, readTextFile } from './lib/textFile.ts';
import { readTokens, type TokenSource } from './operator/tokens.ts';
import { type Address, type Hash, ZERO_ADDRESS } from './protocol/refs.ts';
import type { LogFormat, LogLevel } from './telemetry/logger.ts';
import { Secret } from './telemetry/secret.ts';
import type { SecretUrl } from './telemetry/secretUrl.ts';

export type { ConfigError } from './config/sources.ts';

/** What every command that runs a node needs. Paths are absolute. */
export interface CommonConfig {
  readonly name: string;
  readonly dataDir: string;
  readonly http: {
    readonly host: string;
    readonly port: number;
    /** Where the proxy in front of us is reached; null without one. */
    readonly behindProxy: string | null;
    readonly tls: { readonly cert: string; readonly key: Secret<string> } | null;
    readonly requestsPerSecond: number;
    readonly maxStreams: number;
  };
  /** Where the tokens of those who may give orders are; null when nobody may. */
  readonly operatorTokens: TokenSource | null;
  /** Milliseconds. */
  readonly resyncCooldownMs: number;
  readonly log: { readonly level: LogLevel; readonly format: LogFormat };
  /** Milliseconds. */
  readonly pollMs: number;
  readonly journal: {
    /** Null: a file in the data folder. */
    readonly databaseUrl: Secret<string> | null;
    readonly checkpointFile: string | null;
    /** 0: for ever. */
    readonly keepDays: number;
  };
}

/** The configuration of a node that follows a rollup on a real L1. Frozen; read once at start. */
export interface Config extends CommonConfig {
  readonly l1: {
    /** At least one. */
    readonly rpcUrls: readonly SecretUrl[];
    /** Null: 2 where there are several nodes. */
    readonly agree: 1 | 2 | null;
    /** Null: all for one node, none for several. */
    readonly trust: 'all' | 'none' | null;
    readonly genesisHash: Hash | null;
    readonly wsUrl: SecretUrl | null;
    readonly beaconUrl: SecretUrl | null;
    /** Null: ask the bridge at which block it was deployed. */
    readonly startBlock: number | null;
  };
  readonly contracts: {
    readonly onChainProposer: Address;
    readonly sequencerRegistry: Address | null;
    readonly bridge: Address | null;
  };
  readonly genesisFile: string;
  readonly engine:
    | { readonly kind: 'embedded' }
    /** Watched, never written to. */
    | { readonly kind: 'observed'; readonly url: SecretUrl; readonly healthUrl: SecretUrl | null }
    | {
        readonly kind: 'remote';
        readonly url: SecretUrl;
        /** The engine's debug namespace; null where it must not be used. */
        readonly rewindUrl: SecretUrl | null;
        readonly jwtSecretFile: string;
        readonly jwtSecret: Secret<Uint8Array>;
      };
  readonly sequencerAddress: Address | null;
  /** Null: nobody is told. */
  readonly webhook: { readonly url: SecretUrl; readonly secret: Secret<string> } | null;
}

/** Where a configuration is read from. By default the process's own environment and folder. */
export interface ConfigSources {
  readonly flags?: Sources['flags'];
  readonly env?: Sources['env'];
  readonly cwd?: string;
}

const readingOf = ({ flags = {}, env = process.env, cwd = process.cwd() }: ConfigSources): Reading =>
  new Reading({ flags, env, cwd });

/**
 * Reads what `devnet` and the like need: flags and environment.
 * All errors at once, each one sentence with the key, the value (unless it may be secret) and the fix.
 */
export function loadCommonConfig(from: ConfigSources = {}): Result<CommonConfig, readonly ConfigError[]> {
  const reading = readingOf(from);
  const config = readCommon(reading);
  return reading.finish(config);
}

/**
 * Reads what following a rollup needs. Strongest first: flags, environment, the JSON file of `--config`, the .env
 * file of `--env-file`; within one of these our own names before ethrex's.
 */
export function loadConfig(from: ConfigSources = {}): Result<Config, readonly ConfigError[]> {
  const reading = readingOf(from);
  const keys = FOLLOW_KEYS;
  const common = readCommon(reading);
  const rpcUrls = reading.required(keys.l1RpcUrls);
  const onChainProposer = reading.required(keys.onChainProposer);
  const genesisFile = reading.existingFile(keys.genesis);
  const engine = readEngine(reading);
  const webhook = readWebhook(reading);
  const rest = {
    agree: reading.optional(keys.l1Agree) as 1 | 2 | null,
    trust: reading.optional(keys.l1Trust),
    genesisHash: reading.optional(keys.l1GenesisHash),
    wsUrl: reading.optional(keys.l1WsUrl),
    beaconUrl: reading.optional(keys.beaconUrl),
    startBlock: reading.optional(keys.l1StartBlock),
    sequencerRegistry: unlessZero(reading.optional(keys.sequencerRegistry)),
    bridge: unlessZero(reading.optional(keys.bridge)),
    sequencerAddress: reading.optional(keys.sequencerAddress),
  };
  if (
    common === null ||
    rpcUrls === null ||
    onChainProposer === null ||
    genesisFile === null ||
    engine === null
  ) {
    return reading.finish<Config>(null);
  }
  return reading.finish<Config>({
    ...common,
    l1: {
      rpcUrls,
      agree: rest.agree,
      trust: rest.trust,
      genesisHash: rest.genesisHash,
      wsUrl: rest.wsUrl,
      beaconUrl: rest.beaconUrl,
      startBlock: rest.startBlock,
    },
    contracts: { onChainProposer, sequencerRegistry: rest.sequencerRegistry, bridge: rest.bridge },
    genesisFile,
    engine,
    sequencerAddress: rest.sequencerAddress,
    webhook,
  });
}

/** ethrex's deployer writes the zero address for a contract that it did not deploy. */
const unlessZero = (address: Address | null): Address | null => (address === ZERO_ADDRESS ? null : address);

function readCommon(reading: Reading): CommonConfig | null {
  const name = reading.required(COMMON_KEYS.name);
  const dataDir = reading.required(COMMON_KEYS.dataDir);
  const host = reading.required(COMMON_KEYS.host);
  const port = reading.required(COMMON_KEYS.port);
  const level = reading.required(COMMON_KEYS.logLevel);
  const format = reading.required(COMMON_KEYS.logFormat);
  const pollMs = reading.required(COMMON_KEYS.pollMs);
  const journal = readJournal(reading);
  const requestsPerSecond = reading.required(COMMON_KEYS.requestsPerSecond);
  const maxStreams = reading.required(COMMON_KEYS.maxStreams);
  const resyncCooldownMs = reading.required(COMMON_KEYS.resyncCooldownMs);
  const exposed = readExposure(reading, host);
  if (name === null || dataDir === null || host === null || port === null) return null;
  if (level === null || format === null || pollMs === null || exposed === null || journal === null)
    return null;
  if (requestsPerSecond === null || maxStreams === null || resyncCooldownMs === null) return null;
  return {
    name,
    dataDir: resolve(reading.cwd, dataDir),
    http: { host, port, behindProxy: exposed.behindProxy, tls: exposed.tls, requestsPerSecond, maxStreams },
    operatorTokens: exposed.operatorTokens,
    resyncCooldownMs,
    log: { level, format },
    pollMs,
    journal,
  };
}

function readJournal(reading: Reading): CommonConfig['journal'] | null {
  const databaseUrl = reading.optional(COMMON_KEYS.databaseUrl);
  const file = reading.optional(COMMON_KEYS.journalCheckpointFile);
  const keepDays = reading.required(COMMON_KEYS.journalKeepDays);
  if (keepDays === null) return null;
  return { databaseUrl, checkpointFile: file && resolve(reading.cwd, file), keepDays };
}

/** Who may give orders, and how others reach us. Null when it is wrong; the errors are with the reading then. */
function readExposure(reading: Reading, host: string | null) {
  const tls = readTls(reading);
  const behindProxy = reading.optional(COMMON_KEYS.behindProxy);
  const operatorTokens = readOperatorTokens(reading);
  if (tls === undefined || operatorTokens === undefined) return null;
  const problem = exposureProblem({
    host: host ?? '127.0.0.1',
    hasOperator: operatorTokens !== null,
    tls: tls !== null,
    behindProxy: behindProxy !== null,
  });
  if (problem === null) return { tls, behindProxy, operatorTokens };
  reading.fail('conflict', COMMON_KEYS.host, problem);
  return null;
}

function readTls(reading: Reading): CommonConfig['http']['tls'] | undefined {
  const { tlsCert, tlsKey } = COMMON_KEYS;
  if (!reading.isSet(tlsCert) && !reading.isSet(tlsKey)) return null;
  const [cert, key] = [reading.optional(tlsCert), reading.optional(tlsKey)];
  if (cert === null || key === null) {
    reading.fail(
      'missing',
      cert === null ? tlsCert : tlsKey,
      'is not set: TLS takes both --tls-cert and --tls-key',
    );
    return undefined;
  }
  const certText = readTextFile(resolve(reading.cwd, cert));
  const keyText = readSecretFile(resolve(reading.cwd, key));
  if (!certText.ok) reading.fail('unreadable', tlsCert, `names ${cert}, which ${certText.error}`);
  if (!keyText.ok) reading.fail('unreadable', tlsKey, `names ${key}, which ${keyText.error}`);
  return certText.ok && keyText.ok ? { cert: certText.value, key: new Secret(keyText.value) } : undefined;
}

/** Read once here, so that a start fails on a wrong file; read again by whoever uses them. */
function readOperatorTokens(reading: Reading): TokenSource | null | undefined {
  const { operatorTokenFile, operatorToken } = COMMON_KEYS;
  if (reading.isSet(operatorTokenFile) && reading.isSet(operatorToken)) {
    reading.fail('conflict', operatorToken, `is set, and so is ${operatorTokenFile.env}: set one of them`);
    return undefined;
  }
  const token = reading.optional(operatorToken);
  if (token !== null) return { kind: 'text', text: new Secret(token) };
  const file = reading.optional(operatorTokenFile);
  if (file === null) return reading.isSet(operatorToken) ? undefined : null;
  const source: TokenSource = { kind: 'file', path: resolve(reading.cwd, file) };
  const tokens = readTokens(source);
  if (tokens.ok) return source;
  reading.fail('invalid', operatorTokenFile, `names ${file}, which ${tokens.error}`);
  return undefined;
}

/** Null when none is wanted, or when it is wrong; the errors are with the reading then. */
function readWebhook(reading: Reading): Config['webhook'] {
  const { webhookUrl, webhookSecretFile } = FOLLOW_KEYS;
  const url = reading.optional(webhookUrl);
  const file = reading.optional(webhookSecretFile);
  if (file === null) {
    if (url !== null)
      reading.fail('missing', webhookSecretFile, `is not set, but ${webhookUrl.env} is: webhooks are signed`);
    return null;
  }
  if (!reading.isSet(webhookUrl)) {
    reading.fail(
      'conflict',
      webhookSecretFile,
      `is set, but ${webhookUrl.env} is not: there is nothing to sign`,
    );
    return null;
  }
  const path = resolve(reading.cwd, file);
  const secret = readWebhookSecret(path);
  if (!secret.ok) reading.fail('invalid', webhookSecretFile, `names ${path}, which ${secret.error}`);
  return url === null || !secret.ok ? null : { url, secret: secret.value };
}

/** Null when it is wrong; the errors are with the reading then. */
function readEngine(reading: Reading): Config['engine'] | null {
  const { engineUrl, engineRewindUrl, jwtSecretFile, observeUrl } = FOLLOW_KEYS;
  const url = reading.optional(engineUrl);
  const rewindUrl = reading.optional(engineRewindUrl);
  const file = reading.optional(jwtSecretFile);
  if (reading.isSet(observeUrl)) return readObserved(reading);
  if (!reading.isSet(engineUrl)) {
    if (reading.isSet(engineRewindUrl)) {
      reading.fail(
        'conflict',
        engineRewindUrl,
        `is set, but ${engineUrl.env} is not: the embedded engine needs none`,
      );
    }
    if (file === null) return { kind: 'embedded' };
    reading.fail(
      'conflict',
      jwtSecretFile,
      `is set, but ${engineUrl.env} is not: set both for a remote engine, or neither`,
    );
    return null;
  }
  if (file === null) {
    reading.fail(
      'missing',
      jwtSecretFile,
      `is not set, but ${engineUrl.env} is: a remote engine asks for its secret`,
    );
    return null;
  }
  const path = resolve(reading.cwd, file);
  const secret = readJwtSecret(path);
  if (!secret.ok) {
    reading.fail('invalid', jwtSecretFile, `names ${file}, which ${secret.error}`);
    return null;
  }
  if (url === null) return null;
  return { kind: 'remote', url, rewindUrl, jwtSecretFile: path, jwtSecret: secret.value };
}

/** A node is watched or driven, not both. */
function readObserved(reading: Reading): Config['engine'] | null {
  const { observeUrl, observeHealthUrl, engineUrl, jwtSecretFile } = FOLLOW_KEYS;
  for (const key of [engineUrl, jwtSecretFile]) {
    if (reading.isSet(key)) {
      reading.fail(
        'conflict',
        key,
        `is set, and so is ${observeUrl.env}: a node is driven or observed, not both`,
      );
    }
  }
  const url = reading.optional(observeUrl);
  return url && { kind: 'observed', url, healthUrl: reading.optional(observeHealthUrl) };
}
