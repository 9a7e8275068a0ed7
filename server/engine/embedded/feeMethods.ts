import { quantity } from '../executionPayload.ts';
import { blobGasPriceOf } from './blobGasPrice.ts';
import type { BlockFinder } from './blockFinder.ts';
import type { EngineCore } from './engineCore.ts';
import type { RpcMethod } from './engineMethods.ts';
import { nextBaseFee } from './headerRules.ts';
import { invalidParam, numberParam, type Params } from './params.ts';

/** wei per gas that is enough as a tip where one sequencer builds every block. */
const SUGGESTED_TIP = 1_000_000n;
const MAX_HISTORY_BLOCKS = 1_024;
const MAX_PERCENTILES = 100;

export function feeMethods(core: EngineCore, find: BlockFinder): Record<string, RpcMethod> {
  return {
    eth_gasPrice: async () => quantity(nextBaseFee((await core.chain.head()).header) + SUGGESTED_TIP),
    eth_maxPriorityFeePerGas: async () => quantity(SUGGESTED_TIP),
    eth_blobBaseFee: async () => quantity(blobGasPriceOf(core.genesis, (await core.chain.head()).header)),
    eth_feeHistory: (params) => feeHistory(core, find, params),
  };
}

/** execution-apis `eth_feeHistory`. Rewards are the suggested tip: with one builder there is no market to sample. */
async function feeHistory(core: EngineCore, find: BlockFinder, params: Params): Promise<unknown> {
  const count = Math.min(
    typeof params[0] === 'number' ? params[0] : numberParam(params, 0),
    MAX_HISTORY_BLOCKS,
  );
  const percentiles = params[2] ?? [];
  if (!Array.isArray(percentiles) || percentiles.length > MAX_PERCENTILES) {
    throw invalidParam(2, `expected at most ${MAX_PERCENTILES} percentiles`);
  }
  const newest = await find.required(params, 1);
  const blocks = [];
  for (let block = newest; blocks.length < count; block = await core.chain.requireBlock(block.parentHash)) {
    blocks.unshift(block);
    if (block.number === 0) break;
  }
  const baseFees = blocks.map(({ header }) => header.baseFeePerGas ?? 0n);
  const blobFees = blocks.map(({ header }) => blobGasPriceOf(core.genesis, header));
  return {
    oldestBlock: quantity(blocks[0]?.number ?? newest.number),
    baseFeePerGas: [...baseFees, nextBaseFee(newest.header)].map(quantity),
    gasUsedRatio: blocks.map(({ header }) => Number(header.gasUsed) / Number(header.gasLimit)),
    baseFeePerBlobGas: [...blobFees, blobFees.at(-1) ?? 1n].map(quantity),
    blobGasUsedRatio: blocks.map(() => 0),
    ...(percentiles.length === 0
      ? {}
      : { reward: blocks.map(() => percentiles.map(() => quantity(SUGGESTED_TIP))) }),
  };
}
