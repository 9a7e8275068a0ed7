import {
  BaseError,
  createPublicClient,
  fallback,
  HttpRequestError,
  http,
  LimitExceededRpcError,
  parseAbi,
  TimeoutError,
} from 'viem';
import type { Config } from './config.ts';
import type { Address } from './protocol/refs.ts';
import { DEFAULT_LIMITS, type RollupConfig } from './protocol/rollupConfig.ts';

const TIMEOUT_MS = 15_000;
/** SequencerRegistry.BATCHES_PER_SEQUENCER of ethrex's contract, where the registry does not say. */
const USUAL_TERM = 32;

/** The getters asked here, of three contracts; protocol/contractsAbi.ts has them with everything else. */
const factsAbi = parseAbi([
  'function CHAIN_ID() view returns (uint256)',
  'function lastCommittedBatch() view returns (uint256)',
  'function lastFetchedL1Block() view returns (uint256)',
  'function BATCHES_PER_SEQUENCER() view returns (uint256)',
]);
type FactName = (typeof factsAbi)[number]['name'];

/**
 * The message is one sentence for the operator. `l1_silent`: L1 does not answer, or not yet for its newest blocks: it
 * may come. `rollup_facts`: it answered, and what is configured is not there.
 */
export class RollupFactsError extends Error {
  override readonly name = 'RollupFactsError';
  readonly code: 'l1_silent' | 'rollup_facts';
  constructor(code: RollupFactsError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

export interface GenesisFacts {
  readonly chainId: number;
  readonly hash: `0x${string}`;
  /** Seconds since 1970. */
  readonly timestamp: number;
}

type Facts = Pick<Config, 'name' | 'l1' | 'contracts'>;

/** No answer is not an answer: it must not be taken for a contract that lacks the function. */
const didNotAnswer = (error: unknown): boolean =>
  error instanceof BaseError &&
  error.walk(
    (cause) =>
      cause instanceof HttpRequestError ||
      cause instanceof TimeoutError ||
      cause instanceof LimitExceededRpcError,
  ) !== null;

/**
 * What the configuration leaves to the contracts: the L1's chain id, where scans begin, the length of a term. Also
 * refuses a proposer that is none, or that commits for another L2 than the genesis file describes. The endpoints
 * are tried in turn; throws RollupFactsError when none answers.
 */
export async function readRollupFacts(config: Facts, genesis: GenesisFacts): Promise<RollupConfig> {
  const { rpcUrls, startBlock } = config.l1;
  const client = createPublicClient({
    transport: fallback(rpcUrls.map((url) => http(url.reveal(), { timeout: TIMEOUT_MS, retryCount: 1 }))),
  });
  const hosts = rpcUrls.map((url) => url.host).join(' and ');
  const silent = (): RollupFactsError =>
    new RollupFactsError(
      'l1_silent',
      `The L1 node at ${hosts} does not answer: check PLUMBLINE_L1_RPC_URL and that it runs.`,
    );
  const { onChainProposer, sequencerRegistry, bridge } = config.contracts;
  const l1ChainId = await client.getChainId().catch(() => {
    throw silent();
  });
  /** Null where there is no such contract or it does not tell. */
  const read = async (address: Address | null, functionName: FactName): Promise<number | null> => {
    if (address === null) return null;
    const call = client.readContract({ address, abi: factsAbi, functionName });
    return call.then(Number, (error) => {
      if (didNotAnswer(error)) throw silent();
      return null;
    });
  };
  // Proposers of before 2025-12 do not tell their chain id; every one counts its batches.
  const l2ChainId = await read(onChainProposer, 'CHAIN_ID');
  if (l2ChainId === null && (await read(onChainProposer, 'lastCommittedBatch')) === null) {
    // A node that fetches the chain has no contract yet. Some do not know the method: those are believed.
    const syncing = await client
      .request<{ Method: 'eth_syncing'; Parameters: undefined; ReturnType: unknown }>({
        method: 'eth_syncing',
      })
      .catch(() => false);
    if (syncing !== false) {
      throw new RollupFactsError(
        'l1_silent',
        `The L1 node at ${hosts} is still syncing, and does not have the OnChainProposer yet.`,
      );
    }
    throw new RollupFactsError(
      'rollup_facts',
      `There is no OnChainProposer at ${onChainProposer} on L1 chain ${l1ChainId}: check the address, and that the L1 is the right one.`,
    );
  }
  if (l2ChainId !== null && l2ChainId !== genesis.chainId) {
    throw new RollupFactsError(
      'rollup_facts',
      `The OnChainProposer at ${onChainProposer} commits for L2 chain ${l2ChainId}, but the genesis file describes chain ${genesis.chainId}.`,
    );
  }
  return {
    name: config.name,
    l1ChainId,
    l2ChainId: genesis.chainId,
    onChainProposer,
    sequencerRegistry,
    bridge,
    l1StartBlock: startBlock ?? (await read(bridge, 'lastFetchedL1Block')) ?? 0,
    l2GenesisHash: genesis.hash,
    l2GenesisTimestamp: genesis.timestamp,
    batchesPerSequencer: (await read(sequencerRegistry, 'BATCHES_PER_SEQUENCER')) ?? USUAL_TERM,
    limits: DEFAULT_LIMITS,
  };
}
