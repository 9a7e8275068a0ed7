import type { SealedBlock } from '../../protocol/block.ts';
import { toHex } from '../../protocol/bytes.ts';
import type { Hash, Hex } from '../../protocol/refs.ts';
import { ZERO_BLOOM } from '../../protocol/rlpReader.ts';
import type { BlockFinder } from './blockFinder.ts';
import type { EngineCore } from './engineCore.ts';
import type { RpcMethod } from './engineMethods.ts';
import { logJson } from './ethFormat.ts';
import { addressParam, hashParam, invalidParam, objectParam, type Params } from './params.ts';
import type { Log } from './receipts.ts';
import { RPC_CODES, RpcError } from './rpcError.ts';

const MAX_BLOCKS = 10_000;
const MAX_LOGS = 10_000;

interface LogFilter {
  /** Null matches every address. */
  readonly addresses: ReadonlySet<Hex> | null;
  /** By position; null matches every topic. */
  readonly topics: readonly (ReadonlySet<Hash> | null)[];
}

export function logMethods(core: EngineCore, find: BlockFinder): Record<string, RpcMethod> {
  return { eth_getLogs: (params) => getLogs(core, find, params) };
}

async function getLogs(core: EngineCore, find: BlockFinder, params: Params): Promise<unknown> {
  const request = objectParam(params, 0);
  const filter = readFilter(request);
  const found: unknown[] = [];
  for await (const block of blocksOf(core, find, request)) {
    if (block.header.logsBloom === ZERO_BLOOM) continue;
    found.push(...(await matchesIn(core, block, filter)));
    if (found.length > MAX_LOGS) {
      throw new RpcError(RPC_CODES.server, `query returns more than ${MAX_LOGS} logs: narrow it`);
    }
  }
  return found;
}

async function* blocksOf(
  core: EngineCore,
  find: BlockFinder,
  request: Record<string, unknown>,
): AsyncGenerator<SealedBlock> {
  if (request['blockHash'] !== undefined) {
    const block = await core.chain.block(hashParam([request['blockHash']], 0));
    if (block === null) throw new RpcError(RPC_CODES.server, 'unknown block');
    yield block;
    return;
  }
  const from = await find.byParam([request['fromBlock']], 0);
  const to = (await find.byParam([request['toBlock']], 0)) ?? (await core.chain.head());
  if (from === null) return;
  if (to.number - from.number >= MAX_BLOCKS) {
    throw new RpcError(RPC_CODES.server, `query spans more than ${MAX_BLOCKS} blocks: narrow it`);
  }
  for (let number = from.number; number <= to.number; number++) {
    const hash = await core.chain.canonicalHash(number);
    if (hash === null) return;
    yield await core.chain.requireBlock(hash);
  }
}

async function matchesIn(core: EngineCore, block: SealedBlock, filter: LogFilter): Promise<unknown[]> {
  const receipts = (await core.chain.receipts(block.hash)) ?? [];
  const found: unknown[] = [];
  let logIndex = 0;
  receipts.forEach(({ logs }, transactionIndex) => {
    for (const log of logs) {
      if (matches(log, filter)) found.push(logJson(log, block, transactionIndex, logIndex));
      logIndex++;
    }
  });
  return found;
}

function matches([address, topics]: Log, filter: LogFilter): boolean {
  if (filter.addresses !== null && !filter.addresses.has(toHex(address))) return false;
  return filter.topics.every((wanted, position) => {
    const topic = topics[position];
    if (topic === undefined) return false;
    return wanted === null || wanted.has(toHex(topic));
  });
}

function readFilter(request: Record<string, unknown>): LogFilter {
  const { address, topics } = request;
  return {
    addresses: address === undefined || address === null ? null : new Set(oneOrMany(address, addressParam)),
    topics: readTopics(topics),
  };
}

function readTopics(value: unknown): LogFilter['topics'] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || value.length > 4) throw invalidParam(0, 'expected at most 4 topics');
  return value.map((topic: unknown) => {
    const any = topic === null || (Array.isArray(topic) && topic.length === 0);
    return any ? null : new Set(oneOrMany(topic, hashParam));
  });
}

const oneOrMany = (value: unknown, read: (params: Params, index: number) => Hex): Hex[] =>
  Array.isArray(value) ? value.map((_, index) => read(value, index)) : [read([value], 0)];
