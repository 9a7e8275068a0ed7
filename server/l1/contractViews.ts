/** The rollup's view functions at one L1 block: how they are asked, and how strictly their answers are read. */
import { decodeFunctionResult, encodeFunctionData } from 'viem';
import { onChainProposerAbi, sequencerRegistryAbi } from '../protocol/contractsAbi.ts';
import type { Address, Hex, L1BlockId } from '../protocol/refs.ts';
import type { RpcCall, RpcOutcome } from './jsonRpc.ts';
import { type ContractState, L1Error } from './l1.ts';
import { address, badAnswer, hash, resultOf } from './wire.ts';

export interface RollupContracts {
  readonly onChainProposer: Address;
  readonly sequencerRegistry: Address | null;
}

/** The calls of one `ContractState`: two, and a third where there is a registry. */
export function contractStateCalls(contracts: RollupContracts, at: L1BlockId): readonly RpcCall[] {
  const view = (functionName: 'lastCommittedBatch' | 'lastVerifiedBatch'): RpcCall =>
    ethCall(contracts.onChainProposer, encodeFunctionData({ abi: onChainProposerAbi, functionName }), at);
  const calls = [view('lastCommittedBatch'), view('lastVerifiedBatch')];
  if (contracts.sequencerRegistry === null) return calls;
  const data = encodeFunctionData({ abi: sequencerRegistryAbi, functionName: 'leaderSequencer' });
  return [...calls, ethCall(contracts.sequencerRegistry, data, at)];
}

/** Their answers, in that order. Throws L1Error. */
export function contractStateOf(
  outcomes: readonly RpcOutcome[],
  contracts: RollupContracts,
  at: L1BlockId,
): ContractState {
  const { onChainProposer, sequencerRegistry } = contracts;
  return {
    at: { number: at.number, hash: at.hash },
    lastCommittedBatch: batchNumberOf(outcomes[0], 'lastCommittedBatch', onChainProposer),
    lastVerifiedBatch: batchNumberOf(outcomes[1], 'lastVerifiedBatch', onChainProposer),
    leader: sequencerRegistry === null ? null : leaderOf(outcomes[2], sequencerRegistry),
  };
}

/** EIP-1898; `requireCanonical` makes a node that kept an orphaned block refuse it. */
const ethCall = (to: Address, data: Hex, at: L1BlockId): RpcCall => ({
  method: 'eth_call',
  params: [
    { to, data },
    { blockHash: at.hash, requireCanonical: true },
  ],
});

function wordOf(outcome: RpcOutcome | undefined, functionName: string, contract: Address): Hex {
  const result = resultOf(outcome);
  if (result === '0x') {
    throw new L1Error(
      'rpc_error',
      'eth_call',
      `no contract with ${functionName}() at ${contract} in that L1 block`,
    );
  }
  return hash(result, 'eth_call', functionName);
}

function batchNumberOf(
  outcome: RpcOutcome | undefined,
  functionName: 'lastCommittedBatch' | 'lastVerifiedBatch',
  contract: Address,
): number {
  const data = wordOf(outcome, functionName, contract);
  const value = decodeFunctionResult({ abi: onChainProposerAbi, functionName, data });
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw badAnswer('eth_call', `${functionName} is ${value}`);
  return Number(value);
}

const leaderOf = (outcome: RpcOutcome | undefined, registry: Address): Address => {
  const data = wordOf(outcome, 'leaderSequencer', registry);
  const leader = decodeFunctionResult({ abi: sequencerRegistryAbi, functionName: 'leaderSequencer', data });
  return address(leader.toLowerCase(), 'eth_call', 'leaderSequencer');
};
