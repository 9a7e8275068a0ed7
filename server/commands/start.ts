import { join } from 'node:path';
import { describeOptions, flagOptions } from '../config/help.ts';
import { readJwtSecret } from '../config/jwtSecret.ts';
import { type Config, loadConfig } from '../config.ts';
import { readSurroundings } from '../devnet/fleet/nodeCommand.ts';
import { openRemoteEngine } from '../engine/connect.ts';
import { openEmbeddedEngine } from '../engine/embedded/open.ts';
import type { Engine } from '../engine/engine.ts';
import { GuardedEngine } from '../engine/guardedEngine.ts';
import { checkPort, type HostedNode, hostNode } from '../host.ts';
import { systemClock } from '../lib/clock.ts';
import { createNode, type RollupNode } from '../node.ts';
import { type Holder, readTokens } from '../operator/tokens.ts';
import type { RollupConfig } from '../protocol/rollupConfig.ts';
import { readRollupFacts } from '../rollupFacts.ts';
import type { JsonRpc, TransactionSigner } from '../sequencer/ports.ts';
import { SOFTWARE } from '../software.ts';
import { nodeOrWaiting, waitingIdentity } from '../waitingNode.ts';
import {
  type Command,
  type CommandContext,
  CommandError,
  EXIT,
  type OptionValues,
  optionalText,
  wholeNumber,
} from './command.ts';
import { journalOf } from './journalOf.ts';
import { genesisFacts, l1Of } from './nodeParts.ts';
import { readGenesis } from './reconstruct.ts';
import { openFenceStore, openSequencerSigner, SEQUENCE_OPTIONS, sequencingOf } from './sequenceOptions.ts';

/** `NAME=URL,…` */
export const fleetOf = (text: string | undefined): readonly { name: string; url: string }[] =>
  (text ?? '').split(',').flatMap((part) => {
    const [, name, url] = /^([\w.-]+)=(https?:\/\/.+)$/.exec(part.trim()) ?? [];
    return name === undefined || url === undefined ? [] : [{ name, url }];
  });

function configOf(options: OptionValues, env: Readonly<Record<string, string | undefined>>): Config {
  const known = flagOptions('follow');
  const flags = Object.fromEntries(Object.entries(options).filter(([name]) => name in known));
  const loaded = loadConfig({ flags, env });
  if (loaded.ok) return loaded.value;
  throw new CommandError(loaded.error.map((problem) => problem.message).join('\n'), EXIT.usage);
}

/** The engine that is driven, and what its genesis is. */
async function openEngine(
  config: Config,
  httpPort: number | null,
): Promise<{ engine: Engine; url: string | null; rpc: JsonRpc }> {
  if (config.engine.kind === 'remote') {
    const { url, jwtSecret, jwtSecretFile, rewindUrl } = config.engine;
    const remote = openRemoteEngine({
      url: url.reveal(),
      jwtSecret: jwtSecret.reveal(),
      rereadSecret: () => {
        const fresh = readJwtSecret(jwtSecretFile);
        return fresh.ok ? fresh.value.reveal() : null;
      },
      rewindUrl: rewindUrl?.reveal(),
    });
    return { engine: remote.engine, url: null, rpc: { request: remote.rpc } };
  }
  const embedded = await openEmbeddedEngine({
    genesis: await readGenesis(config.genesisFile),
    dir: join(config.dataDir, 'engine'),
    l2Rules: true,
    ...(httpPort === null ? {} : { http: { host: '127.0.0.1', port: httpPort } }),
  });
  const rpc: JsonRpc = { request: (method, params) => embedded.rpc(method, params) };
  return { engine: embedded.engine, url: embedded.httpUrl, rpc };
}

/** Tells the terminal that the engine is waited for, and that it came; what comes later is the journal's to tell. */
function sayUntilItAnswers(engine: GuardedEngine, say: (sentence: string) => void): void {
  let waits = false;
  const end = engine.onCondition(({ state, reason }) => {
    if (state === 'ONLINE' || state === 'SYNCED') {
      if (waits) say('The execution engine answers.');
      end();
    } else if (!waits) {
      waits = true;
      say(`The execution engine at ${engine.name} is ${state}: ${reason}. The node waits for it.`);
    }
  });
}

const NO_PORT = -1;

/** How the page and the API are served. */
const webOf = ({ http }: Config, pages: boolean) => ({
  host: http.host,
  port: http.port,
  pages,
  tls: http.tls && { cert: http.tls.cert, key: http.tls.key.reveal() },
  guard: {
    publicHost: http.behindProxy,
    behindProxy: http.behindProxy !== null,
    requestsPerSecond: http.requestsPerSecond,
    maxOpen: http.maxStreams,
  },
});

/** Where the node runs, and what is said when it does. */
const hosting = (context: CommandContext, pages: boolean, json: boolean, engineUrl: string | null) => ({
  projectDir: context.projectDir,
  signal: context.signal,
  onReady: (dashboard: string | null) =>
    context.out(
      json
        ? JSON.stringify({ dashboard: pages ? dashboard : null, api: dashboard, engine: engineUrl })
        : `${pages ? 'Dashboard' : 'API'}  ${dashboard ?? 'none'}`,
    ),
});

/** Who may give orders; the file was looked at when the configuration was read. */
function holdersOf({ operatorTokens }: Config): readonly Holder[] {
  if (operatorTokens === null) return [];
  const read = readTokens(operatorTokens);
  if (read.ok) return read.value;
  throw new CommandError(`The operator tokens: the file ${read.error}.`);
}

/** SIGHUP reads the tokens again. A file that is wrong then changes nothing. */
function rotateOnHangup({ operatorTokens }: Config, node: RollupNode, context: CommandContext): void {
  if (operatorTokens?.kind !== 'file' || node.operator === undefined) return;
  const { operator } = node;
  context.onHangup?.(() => {
    const read = readTokens(operatorTokens);
    if (read.ok) operator.replaceTokens(read.value);
    const what = read.ok ? 'read again' : `kept as they were: the file ${read.error}`;
    context.progress(`Operator tokens ${what}.`);
  });
}

interface StartParts {
  readonly config: Config;
  readonly flags: OptionValues;
  readonly context: CommandContext;
  readonly signer: TransactionSigner | null;
  readonly engine: Engine;
  readonly rpc: JsonRpc;
  readonly onError: (error: unknown) => void;
}

/** The node that drives, or one that waits for its L1. The engine need not answer yet: to say so is the node's work. */
async function openNode(parts: StartParts): Promise<HostedNode> {
  const { config, flags, context, signer, onError } = parts;
  const genesis = await genesisFacts(config, config.engine.kind === 'embedded' ? parts.engine : null);
  const chain = { chainId: genesis.chainId, genesisHash: genesis.hash };
  const engine = new GuardedEngine(chain, { engine: parts.engine, clock: systemClock });
  sayUntilItAnswers(engine, context.progress);
  const [journal, fenceStore] = [
    await journalOf(config, context.progress),
    signer && (await openFenceStore(flags, config, context.env)),
  ];
  const surroundings = readSurroundings(context.env);
  const fleet = surroundings?.dashboards ?? fleetOf(optionalText(flags, 'fleet'));
  const ourSequencer = signer?.address ?? config.sequencerAddress;
  const common = { name: config.name, software: SOFTWARE, l1Host: config.l1.rpcUrls[0]!.host };
  const startedAt = systemClock.now();
  const drive = async (rollup: RollupConfig, announced: boolean): Promise<HostedNode> => {
    const l1 = l1Of(config, rollup);
    const sequencing =
      signer &&
      fenceStore &&
      (await sequencingOf(flags, signer, { config, rollup, engine, engineRpc: parts.rpc, l1, fenceStore }));
    const node = createNode(
      {
        ...common,
        mode: 'drive',
        config: rollup,
        announced,
        pollIntervalMs: config.pollMs,
        journalFile: config.journal.databaseUrl === null ? join(config.dataDir, 'journal.db') : null,
        webhook: config.webhook && { ...config.webhook, stateFile: join(config.dataDir, 'webhook.json') },
        ourSequencer,
        fleet,
        holders: holdersOf(config),
        resyncCooldownMs: config.resyncCooldownMs,
      },
      { l1, engine, journal, clock: systemClock, onError, ...(sequencing && { sequencing }) },
    );
    rotateOnHangup(config, node, context);
    if (surroundings !== null) {
      const { chaosHandle } = await import('../devnet/chaos/handle.ts');
      node.devnet = chaosHandle(surroundings.controlFile);
    }
    return node;
  };
  return nodeOrWaiting({
    identity: waitingIdentity(config, 'drive', { ...common, engine: engine.name, startedAt }, genesis, fleet),
    facts: () => readRollupFacts(config, genesis),
    nodeOf: drive,
    journal,
    engine,
    clock: systemClock,
    say: context.progress,
    onError,
    close: async () => {
      await Promise.allSettled([journal.close(), fenceStore?.close(), engine.close()]);
    },
  });
}

export const startCommand: Command = {
  name: 'start',
  summary: 'follow a rollup on a real L1',
  details: `Derives the L2 from L1 and drives an execution engine: a remote one over the Engine API, or the embedded one. With --observe a node\nis only watched: its chain is compared with what L1 implies, and nothing is ever written to it.\nConfiguration comes from flags, the environment, a JSON file and a .env file, in this order of strength.\n\n${describeOptions('follow')}`,
  options: {
    ...Object.fromEntries(
      Object.keys(flagOptions('follow')).map((flag) => [flag, { type: 'string' as const, help: '' }]),
    ),
    'engine-port': {
      type: 'string',
      value: 'N',
      help: 'serve the embedded engine’s JSON-RPC on this loopback port',
    },
    ...SEQUENCE_OPTIONS,
    fleet: { type: 'string', value: 'LIST', help: 'other nodes for the page to switch to: NAME=URL,…' },
    'no-ui': { type: 'boolean', help: 'no pages: probes, metrics and the API only' },
    json: { type: 'boolean', help: 'when ready, print the endpoints as one JSON object' },
  },
  async run({ 'engine-port': enginePort, 'no-ui': noUi, json, ...flags }, context) {
    const config = configOf(flags, context.env);
    const web = webOf(config, noUi !== true);
    await checkPort(web.port, web.host);
    const port = wholeNumber({ 'engine-port': enginePort }, 'engine-port', NO_PORT, [0, 65_535]);
    const onError = (error: unknown): void => context.progress(`unexpected: ${String(error)}`);
    if (config.engine.kind === 'observed') {
      if (flags['sequence'] === true) {
        throw new CommandError(
          '--sequence builds blocks and --observe only watches: choose one.',
          EXIT.usage,
        );
      }
      const fleet = fleetOf(optionalText(flags, 'fleet'));
      const { openObserver } = await import('./observe.ts');
      const observer = await openObserver(config, fleet, { onError, say: context.progress });
      await hostNode({ node: observer, web, ...hosting(context, web.pages, json === true, null) });
      return EXIT.ok;
    }
    const signer = await openSequencerSigner(flags, config, context.env);
    const opened = await openEngine(config, port === NO_PORT ? null : port);
    const node = await openNode({ config, flags, context, signer, onError, ...opened }).catch(
      async (error) => {
        await opened.engine.close();
        throw error;
      },
    );
    await hostNode({ node, web, ...hosting(context, web.pages, json === true, opened.url) });
    return EXIT.ok;
  },
};
