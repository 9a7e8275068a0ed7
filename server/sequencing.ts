import type { AnnouncedMove, Builder } from './driver/plan/cause.ts';
import type { Engine } from './engine/engine.ts';
import { BlockBuilders, moveOfReplaced, moveOfRevert } from './headMoves.ts';
import type { Journal } from './journal/journal.ts';
import type { Clock } from './lib/clock.ts';
import { type Address, type Hash, ZERO_HASH } from './protocol/refs.ts';
import type { RollupConfig } from './protocol/rollupConfig.ts';
import { messengerLogs, offeredBlockSource, transactionPool } from './sequencer/engineRpc.ts';
import { Fence } from './sequencer/fence/fence.ts';
import type { FenceStore } from './sequencer/fence/fenceStore.ts';
import { fencedSigner } from './sequencer/fence/guards.ts';
import { steadyClock } from './sequencer/fence/steadyClock.ts';
import { httpRpc } from './sequencer/httpRpc.ts';
import { RpcL1Account } from './sequencer/l1Account.ts';
import { L1Contracts } from './sequencer/l1Contracts.ts';
import { type L1ProviderState, l1Rpc } from './sequencer/l1Rpc.ts';
import type { JsonRpc, TransactionSigner } from './sequencer/ports.ts';
import { RegistryReader } from './sequencer/registry/registryReader.ts';
import type { Reverting } from './sequencer/revert.ts';
import { createSequencer, type Sequencer } from './sequencer/sequencer.ts';
import { spreadingPool } from './sequencer/spreadingPool.ts';
import { DEFAULT_BATCH_LIMITS } from './sequencer/state/grouping.ts';
import { StateUpdater } from './sequencer/stateUpdater.ts';
import { httpPeer } from './sequencer/unsafeFeed/httpPeer.ts';
import { DEFAULT_FEED_SETTINGS } from './sequencer/unsafeFeed/settings.ts';
import { UnsafeFeed } from './sequencer/unsafeFeed/unsafeFeed.ts';
import type { SequencingFacts } from './status/sequencing.ts';

export interface SequencingPeer {
  readonly url: string;
  /** Whose node it is, lower case; null when not known. */
  readonly sequencer: Address | null;
}

export interface SequencingOptions {
  readonly config: RollupConfig;
  /** In the order of the operator's preference; at least one. */
  readonly l1Urls: readonly string[];
  /** JSON-RPC of other nodes of this rollup, for blocks that L1 does not have yet. */
  readonly peers: readonly SequencingPeer[];
  readonly blockTimeMs: number;
  readonly commitIntervalMs: number;
  readonly l1PollMs: number;
  readonly mode: 'validium' | 'rollup';
  /** Gas ceiling of an L2 block. */
  readonly gasLimit: bigint;
}

export interface SequencingDeps {
  readonly clock: Clock;
  readonly engine: Engine;
  /** The engine's own JSON-RPC: raw blocks, logs, its pool. */
  readonly engineRpc: JsonRpc;
  /** How the endpoints of `l1Urls` are, in their order; left out where nobody keeps track. */
  readonly l1Providers?: () => readonly L1ProviderState[];
  readonly signer: TransactionSigner;
  /** Shared by every process that may use this key; closed by whoever opened it. */
  readonly fenceStore: FenceStore;
  /** Names this life of this process in the lease. */
  readonly holder: string;
  readonly journal: Pick<Journal, 'append'>;
  /** There is work for `step`: look now. */
  readonly onWork: () => void;
  /** The engine's head is about to leave its branch. Left out: nobody records it. */
  readonly onHeadMove?: (move: AnnouncedMove) => void;
}

/** What runs beside the driver in a node that may lead. */
export interface Sequencing {
  /** How often `step` wants to be called, milliseconds: so late a block may be. */
  readonly tickMs: number;
  /** One unit, after the driver's, in the loop that owns the engine's head. Never rejects. */
  step(signal: AbortSignal): Promise<void>;
  /** Starts what only looks: the registry and the peers. */
  start(): void;
  stop(): Promise<void>;
  /** A new L1 head. */
  wake(): void;
  view(): SequencingFacts;
  /** Whose an unsafe block is, where its builder's own word is known. */
  builderOf(block: Hash): Builder | null;
}

const GWEI = 10n ** 9n;
const SUBMITTER = { resubmitAfterMs: 30_000, maxFeePerGas: 500n * GWEI, maxFeePerBlobGas: 500n * GWEI };
const RPC_TIMEOUT_MS = 10_000;
const PEER_TIMEOUT_MS = 2_000;
const UPCOMING_TERMS = 6;
const TICK_MS = 50;

/**
 * The sequencer of a node: it knows from the registry whether it is its turn, builds and commits while it is, and
 * otherwise takes the leader's new blocks from peers. The engine's head has two writers in this node, the driver and
 * this; they take turns in one loop. The safe and finalized labels are the driver's alone.
 */
export function createSequencing(options: SequencingOptions, deps: SequencingDeps): Sequencing {
  const { config } = options;
  const registry = config.sequencerRegistry;
  const bridge = config.bridge;
  if (registry === null || bridge === null) {
    throw new RangeError(
      'a sequencing node needs the addresses of the SequencerRegistry and the CommonBridge',
    );
  }
  const l1 = l1Rpc(
    options.l1Urls.map((url) => httpRpc(url, { timeoutMs: RPC_TIMEOUT_MS })),
    deps.l1Providers ?? (() => []),
  );
  const updater = stateUpdater(options, registry, l1, deps);
  const fence = fenceOf(options, deps);
  const leader = (): Address | null => updater.status().view?.leader ?? null;
  const builders = new BlockBuilders(deps.signer.address, (block) => feed.leaderOf(block));
  const watched = {
    ...deps,
    engine: noting(deps.engine, (block) => builders.builtHere(block)),
    onReverting: (reverting: Reverting) => deps.onHeadMove?.(moveOfRevert(reverting, leader())),
  };
  const sequencer = sequencerOf(options, { registry, bridge }, l1, updater, fence, watched);
  const feed = new UnsafeFeed(DEFAULT_FEED_SETTINGS, {
    clock: deps.clock,
    engine: deps.engine,
    peers: options.peers.map(({ url, sequencer: owner }) => ({
      name: new URL(url).host,
      sequencer: owner,
      chain: httpPeer({ url, timeoutMs: PEER_TIMEOUT_MS }),
    })),
    journal: deps.journal,
    active: () => sequencer.status().mode !== 'Sequencing',
    leader,
    knowsMessage: (message) => sequencer.knowsMessage(message),
    onOffer: deps.onWork,
    onReplacing: (replacing) =>
      deps.onHeadMove?.(moveOfReplaced(replacing, builders.of(replacing.first.hash), leader())),
  });
  return {
    tickMs: TICK_MS,
    builderOf: (block) => builders.of(block),
    step: async (signal) => {
      await sequencer.step();
      await feed.step(signal);
    },
    start: () => {
      fence.start();
      updater.start();
      feed.start();
    },
    stop: async () => {
      await Promise.all([sequencer.stop(), updater.stop(), feed.stop()]);
      // Last: the next process may take the lease only when this one acts no more.
      await fence.stop();
      await deps.fenceStore.close();
    },
    wake: () => {
      updater.wake();
      sequencer.wake();
    },
    view: () => ({
      address: deps.signer.address,
      sequencer: sequencer.status(),
      fence: fence.status(),
      leadership: updater.status().view,
      feed: feed.status(),
    }),
  };
}

const stateUpdater = (
  { config, l1PollMs }: SequencingOptions,
  registry: Address,
  rpc: JsonRpc,
  { clock, journal, signer, onWork }: SequencingDeps,
): StateUpdater =>
  new StateUpdater(
    { us: signer.address, intervalMs: l1PollMs, upcomingTerms: UPCOMING_TERMS },
    {
      clock,
      journal,
      registry: new RegistryReader(
        { registry, proposer: config.onChainProposer, deployedAt: config.l1StartBlock },
        { rpc },
      ),
      onLeaderChanged: onWork,
    },
  );

/** Keeps a second process with the same key from producing or signing at the same time. */
const fenceOf = (
  { config }: SequencingOptions,
  { clock, fenceStore: store, holder, journal, signer, onWork }: SequencingDeps,
): Fence =>
  new Fence(
    { chainId: config.l1ChainId, sequencer: signer.address, holder },
    { store, clock, steady: steadyClock(), journal, onChange: onWork },
  );

function sequencerOf(
  options: SequencingOptions,
  { registry, bridge }: { registry: Address; bridge: Address },
  rpc: JsonRpc,
  leadership: StateUpdater,
  fence: Fence,
  {
    clock,
    engine,
    engineRpc,
    journal,
    signer,
    onReverting,
  }: SequencingDeps & {
    onReverting: (reverting: Reverting) => void;
  },
): Sequencer {
  const { config } = options;
  const contracts = new L1Contracts({ proposer: config.onChainProposer, bridge, registry }, { rpc });
  const fenced = fencedSigner(signer, { proposer: config.onChainProposer }, fence);
  const account = new RpcL1Account({ chainId: config.l1ChainId }, { rpc, signer: fenced });
  return createSequencer(
    {
      producer: {
        blockTimeMs: options.blockTimeMs,
        feeRecipient: signer.address,
        gasLimit: options.gasLimit,
        limits: DEFAULT_BATCH_LIMITS,
      },
      watcher: {
        l2ChainId: config.l2ChainId,
        startBlock: config.l1StartBlock,
        confirmations: 1,
        maxRange: 1_000,
      },
      committer: {
        ...SUBMITTER,
        proposer: config.onChainProposer,
        mode: options.mode,
        commitIntervalMs: options.commitIntervalMs,
        limits: DEFAULT_BATCH_LIMITS,
      },
      // Anybody may verify; a sequencer that did it from its committing account would own its nonces twice.
      verifier: null,
      l1PollMs: options.l1PollMs,
      tickMs: TICK_MS,
    },
    {
      clock,
      engine,
      source: offeredBlockSource(engineRpc, (signal) => engine.exchangeCapabilities(signal)),
      outgoing: messengerLogs(engineRpc),
      pool: spreadingPool(
        transactionPool(engineRpc),
        options.peers.map(({ url }) => transactionPool(httpRpc(url, { timeoutMs: PEER_TIMEOUT_MS }))),
      ),
      contracts,
      bridgeLogs: contracts,
      committerAccount: account,
      verifierAccount: account,
      leadership,
      journal,
      fence,
      onReverting,
    },
  );
}

/** The engine, with each block that it built noted. */
const noting = (engine: Engine, built: (block: Hash) => void): Engine => ({
  ...headOnly(engine),
  getPayload: async (id, signal) => {
    const payload = await engine.getPayload(id, signal);
    built(payload.block.hash);
    return payload;
  },
});

/** The engine as the sequencer may use it: it moves the head, and leaves the labels where the driver put them. */
export function headOnly(engine: Engine): Engine {
  return {
    name: engine.name,
    exchangeCapabilities: (signal) => engine.exchangeCapabilities(signal),
    chainId: (signal) => engine.chainId(signal),
    labels: (signal) => engine.labels(signal),
    blockByNumber: (number, signal) => engine.blockByNumber(number, signal),
    blockByHash: (hash, signal) => engine.blockByHash(hash, signal),
    newPayload: (block, signal) => engine.newPayload(block, signal),
    getPayload: (id, signal) => engine.getPayload(id, signal),
    close: () => engine.close(),
    ...(engine.abilities === undefined ? {} : { abilities: () => engine.abilities!() }),
    ...(engine.setHead === undefined ? {} : { setHead: engine.setHead }),
    async forkchoiceUpdated({ headBlockHash }, attributes, signal) {
      const { safe, finalized } = await engine.labels(signal);
      const state = {
        headBlockHash,
        safeBlockHash: safe?.hash ?? ZERO_HASH,
        finalizedBlockHash: finalized?.hash ?? ZERO_HASH,
      };
      return engine.forkchoiceUpdated(state, attributes, signal);
    },
  };
}
