/** Collects what `checkFleet` judges: from L1 and from the nodes' engines, with nothing that the nodes say of themselves. */
import { deriveBatch, genesisCursor, nextCursor } from '../../derivation/ethrexBased.ts';
import { createL1 } from '../../l1/viemL1.ts';
import type { BatchCommit } from '../../protocol/batch.ts';
import type { Address, Hash, Hex, L1BlockId } from '../../protocol/refs.ts';
import type { RollupConfig } from '../../protocol/rollupConfig.ts';
import { decodeTransaction, isPrivileged, transactionHash } from '../../protocol/transaction.ts';
import { httpRpc } from '../../sequencer/httpRpc.ts';
import { L1Contracts } from '../../sequencer/l1Contracts.ts';
import type { JsonRpc } from '../../sequencer/ports.ts';
import { RegistryLogs } from '../../sequencer/registry/registryLogs.ts';
import { applyOperation, emptyRegistry, leaderOf } from '../../sequencer/state/registry.ts';
import type { FleetNode } from './fleet.ts';
import type { CommittedBatch, FleetFacts, NodeFacts, SeenBlock } from './invariants.ts';

export interface FactSources {
  readonly l1Url: string;
  readonly config: RollupConfig;
  readonly nodes: readonly FleetNode[];
  readonly users: readonly Address[];
  readonly seen: readonly SeenBlock[];
}

const RPC_TIMEOUT_MS = 10_000;
const BLOCKS_AT_ONCE = 32;
const quantity = (value: number): Hex => `0x${value.toString(16)}`;

/** Reads the nodes first and L1 after them, so that L1 has whatever they call safe. Every node has to answer. */
export async function collectFacts(sources: FactSources): Promise<FleetFacts> {
  const { config, users } = sources;
  const { registry, bridge } = addressesOf(config);
  const engines = sources.nodes.map((node) => ({ node, rpc: engineOf(node) }));
  const nodes = await Promise.all(engines.map(({ node, rpc }) => nodeFacts(node, rpc)));
  const accounts = await accountsOf(
    users,
    engines.map(({ rpc }) => rpc),
  );
  const rpc = httpRpc(sources.l1Url, { timeoutMs: RPC_TIMEOUT_MS });
  const contracts = new L1Contracts({ proposer: config.onChainProposer, bridge, registry }, { rpc });
  const snapshot = await contracts.snapshot();
  const [commits, leaders, messages] = await Promise.all([
    commitsUpTo(sources, snapshot.at),
    leadersUpTo(config, registry, snapshot.at.number, rpc),
    contracts.messages(config.l1StartBlock, snapshot.at.number),
  ]);
  return {
    genesis: config.l2GenesisHash,
    ...derive(config, commits, leaders),
    lastCommittedBatch: snapshot.lastCommittedBatch,
    leader: snapshot.leader,
    sentMessages: messages.map(({ transactionId }) => transactionId),
    nodes,
    seen: sources.seen,
    accounts,
  };
}

function addressesOf({ sequencerRegistry: registry, bridge }: RollupConfig) {
  if (registry === null || bridge === null) throw new RangeError('a fleet has a registry and a bridge');
  return { registry, bridge };
}

function engineOf({ name, engineRpc }: FleetNode): JsonRpc {
  if (engineRpc === null) throw new Error(`${name} does not run`);
  return httpRpc(engineRpc, { timeoutMs: RPC_TIMEOUT_MS });
}

async function nodeFacts({ name, sequencer }: FleetNode, rpc: JsonRpc): Promise<NodeFacts> {
  const numberOf = async (tag: string): Promise<number> => {
    const block = (await rpc.request('eth_getBlockByNumber', [tag, false])) as { number: Hex } | null;
    return block === null ? 0 : Number(block.number);
  };
  const safe = await numberOf('safe');
  const head = await numberOf('latest');
  const hashes: Hash[] = [];
  while (hashes.length <= head) {
    const count = Math.min(BLOCKS_AT_ONCE, head - hashes.length + 1);
    const part = Array.from({ length: count }, (_, at) => quantity(hashes.length + at));
    const blocks = await Promise.all(
      part.map((number) => rpc.request('eth_getBlockByNumber', [number, false])),
    );
    const present = blocks.filter((block) => block !== null) as { hash: Hash }[];
    hashes.push(...present.map(({ hash }) => hash));
    // The head went back meanwhile.
    if (present.length < count) break;
  }
  return { name, sequencer, safe, hashes };
}

async function accountsOf(
  users: readonly Address[],
  engines: readonly JsonRpc[],
): Promise<FleetFacts['accounts']> {
  const count = async (rpc: JsonRpc, user: Address, tag: string): Promise<number> =>
    Number(await rpc.request('eth_getTransactionCount', [user, tag]));
  const rows = users.map(async (user) => {
    const used = await Promise.all(engines.map((rpc) => count(rpc, user, 'latest')));
    const waiting = await Promise.all(engines.map((rpc) => count(rpc, user, 'pending')));
    return [user, { used: Math.min(...used), withPending: Math.max(...waiting) }] as const;
  });
  return new Map(await Promise.all(rows));
}

/** Every commit on L1 up to that block, in order. */
export async function commitsUpTo(
  { l1Url, config }: Pick<FactSources, 'l1Url' | 'config'>,
  at: L1BlockId,
): Promise<readonly BatchCommit[]> {
  const l1 = createL1({ rpcUrls: [l1Url], config });
  try {
    return await l1.batchCommits(config.l1StartBlock, at.number, at);
  } finally {
    await l1.close();
  }
}

/** Who led when each batch was committed: the registry's events replayed by its rule, as L1 ordered them. */
async function leadersUpTo(
  config: RollupConfig,
  registry: Address,
  to: number,
  rpc: JsonRpc,
): Promise<ReadonlyMap<number, Address | null>> {
  const logs = new RegistryLogs({ registry, proposer: config.onChainProposer, maxRange: 10_000 }, { rpc });
  const operations = await logs.operations(config.l1StartBlock, to, { commits: true });
  const leaders = new Map<number, Address | null>();
  let state = emptyRegistry(config.batchesPerSequencer);
  for (const { operation } of operations) {
    if (operation.kind === 'committed') leaders.set(operation.batch, leaderOf(state));
    const next = applyOperation(state, operation);
    if (next.ok) state = next.value;
  }
  return leaders;
}

function derive(
  config: RollupConfig,
  commits: readonly BatchCommit[],
  leaders: ReadonlyMap<number, Address | null>,
): Pick<FleetFacts, 'commits' | 'underivable'> {
  const batches: CommittedBatch[] = [];
  let cursor = genesisCursor(config);
  for (const commit of commits) {
    const outcome = deriveBatch(config, cursor, commit);
    if (outcome.kind !== 'derived') {
      const why =
        outcome.kind === 'invalid' ? `${outcome.reason}: ${outcome.detail}` : 'its blocks are in a blob';
      return { commits: batches, underivable: `batch ${commit.batchNumber} on L1: ${why}` };
    }
    cursor = nextCursor(outcome);
    const transactions = outcome.blocks.flatMap((block) => block.transactions);
    batches.push({
      batch: commit.batchNumber,
      poster: commit.transaction.from,
      leader: leaders.get(commit.batchNumber) ?? null,
      blocks: outcome.blocks.map(({ number, hash }) => ({ number, hash })),
      messages: transactions.filter(isPrivileged).map(messageIdOf),
      transactions: transactions.filter((tx) => !isPrivileged(tx)).map(transactionHash),
    });
  }
  return { commits: batches, underivable: null };
}

function messageIdOf(encoded: Uint8Array): bigint {
  const decoded = decodeTransaction(encoded);
  if (decoded.ok && decoded.value.kind === 'privileged') return decoded.value.messageId;
  throw new Error('a derived block holds a privileged transaction that cannot be decoded');
}
