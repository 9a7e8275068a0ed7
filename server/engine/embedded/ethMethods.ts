import type { SealedBlock } from '../../protocol/block.ts';
import { toHex } from '../../protocol/bytes.ts';
import { quantity } from '../executionPayload.ts';
import { blobGasPriceOf } from './blobGasPrice.ts';
import { BlockFinder } from './blockFinder.ts';
import { CallRunner } from './callRunner.ts';
import type { EngineCore } from './engineCore.ts';
import type { RpcMethod } from './engineMethods.ts';
import { blockJson, describeTransaction, rawBlock, receiptJson, transactionJson } from './ethFormat.ts';
import { feeMethods } from './feeMethods.ts';
import { logMethods } from './logMethods.ts';
import { addressParam, hashParam, hexParam, numberParam, type Params, quantityOf } from './params.ts';
import { poolMethods } from './poolMethods.ts';

/** Everything outside `engine_`: what wallets, explorers and viem ask for. */
export function ethMethods(core: EngineCore): Record<string, RpcMethod> {
  const find = new BlockFinder(core);
  return {
    ...chainMethods(core),
    ...blockMethods(core, find),
    ...transactionMethods(core, find),
    ...accountMethods(core, find),
    ...callMethods(core, find),
    ...feeMethods(core, find),
    ...logMethods(core, find),
    ...poolMethods(core),
  };
}

function chainMethods(core: EngineCore): Record<string, RpcMethod> {
  return {
    eth_chainId: async () => quantity(core.genesis.chainId),
    net_version: async () => core.genesis.chainId.toString(),
    net_listening: async () => true,
    eth_syncing: async () => false,
    eth_accounts: async () => [],
    web3_clientVersion: async () => 'plumbline/embedded',
    eth_blockNumber: async () => quantity((await core.chain.head()).number),
    plumbline_stats: async () => core.stats,
  };
}

function blockMethods(core: EngineCore, find: BlockFinder): Record<string, RpcMethod> {
  const json = async (block: SealedBlock | null, params: Params) =>
    block === null ? null : blockJson(block, await commonOf(core, block), params[1] === true);
  const count = (block: SealedBlock | null) => (block === null ? null : quantity(block.transactions.length));
  const none = (block: SealedBlock | null) => (block === null ? null : '0x0');
  return {
    eth_getBlockByNumber: async (params) => json(await find.byParam(params, 0), params),
    eth_getBlockByHash: async (params) => json(await core.chain.block(hashParam(params, 0)), params),
    eth_getBlockTransactionCountByNumber: async (params) => count(await find.byParam(params, 0)),
    eth_getBlockTransactionCountByHash: async (params) => count(await core.chain.block(hashParam(params, 0))),
    eth_getUncleCountByBlockNumber: async (params) => none(await find.byParam(params, 0)),
    eth_getUncleCountByBlockHash: async (params) => none(await core.chain.block(hashParam(params, 0))),
    debug_getRawBlock: async (params) => toHex(rawBlock(await find.required(params, 0))),
    eth_getBlockReceipts: async (params) => receiptsJson(core, await find.byParam(params, 0)),
  };
}

const commonOf = async (core: EngineCore, block: SealedBlock) =>
  (await core.executor.machineAt(block.timestamp)).common;

async function receiptsJson(core: EngineCore, block: SealedBlock | null): Promise<unknown> {
  if (block === null) return null;
  const receipts = (await core.chain.receipts(block.hash)) ?? [];
  const common = await commonOf(core, block);
  const price = blobGasPriceOf(core.genesis, block.header);
  return receipts.map((_, index) => receiptJson(block, receipts, index, common, price));
}

function transactionMethods(core: EngineCore, find: BlockFinder): Record<string, RpcMethod> {
  const at = async (block: SealedBlock | null, params: Params) => {
    const index = numberParam(params, 1);
    if (block === null || index >= block.transactions.length) return null;
    return transactionJson(block, index, await commonOf(core, block));
  };
  return {
    eth_getTransactionByBlockNumberAndIndex: async (params) => at(await find.byParam(params, 0), params),
    eth_getTransactionByBlockHashAndIndex: async (params) =>
      at(await core.chain.block(hashParam(params, 0)), params),
    eth_getTransactionByHash: async (params) => {
      const hash = hashParam(params, 0);
      const found = await find.transaction(hash);
      if (found !== null) return transactionJson(found.block, found.index, await commonOf(core, found.block));
      const pooled = core.pool.get(hash);
      if (pooled === null) return null;
      const common = await commonOf(core, await core.chain.head());
      return describeTransaction(pooled.transaction.encoded, { block: null, index: 0 }, common);
    },
    eth_getTransactionReceipt: async (params) => {
      const found = await find.transaction(hashParam(params, 0));
      if (found === null) return null;
      const { block, index } = found;
      const receipts = (await core.chain.receipts(block.hash)) ?? [];
      return receiptJson(
        block,
        receipts,
        index,
        await commonOf(core, block),
        blobGasPriceOf(core.genesis, block.header),
      );
    },
    eth_getRawTransactionByHash: async (params) => {
      const found = await find.transaction(hashParam(params, 0));
      return found === null ? null : toHex(found.block.transactions[found.index]!);
    },
  };
}

function accountMethods(core: EngineCore, find: BlockFinder): Record<string, RpcMethod> {
  const stateOf = async (params: Params, index: number) => core.stateOf(await find.required(params, index));
  return {
    eth_getBalance: async (params) => {
      const account = await (await stateOf(params, 1)).account(addressParam(params, 0));
      return quantity(account.balance);
    },
    eth_getTransactionCount: async (params) => {
      const address = addressParam(params, 0);
      const { nonce } = await (await stateOf(params, 1)).account(address);
      return quantity(params[1] === 'pending' ? pendingNonce(core, address, nonce) : nonce);
    },
    eth_getCode: async (params) => toHex(await (await stateOf(params, 1)).code(addressParam(params, 0))),
    eth_getStorageAt: async (params) => {
      const address = addressParam(params, 0);
      // A slot may be written short, as a quantity.
      const slot = quantityOf(params[1], 1).toString(16).padStart(64, '0');
      return (await stateOf(params, 2)).storage(address, Buffer.from(slot, 'hex'));
    },
  };
}

/** The nonce after the sender's pooled transactions that follow each other. */
function pendingNonce(core: EngineCore, address: `0x${string}`, nonce: bigint): bigint {
  let next = nonce;
  for (const pooled of core.pool.of(address)) if (pooled.nonce === next) next++;
  return next;
}

function callMethods(core: EngineCore, find: BlockFinder): Record<string, RpcMethod> {
  const runner = new CallRunner(core);
  return {
    eth_call: async (params) => runner.call(params, await find.required(params, 1)),
    eth_estimateGas: async (params) => runner.estimate(params, await find.required(params, 1)),
    eth_sendRawTransaction: async (params) => {
      const encoded = hexParam(params, 0);
      return core.addTransaction(Buffer.from(encoded.slice(2), 'hex'));
    },
  };
}
