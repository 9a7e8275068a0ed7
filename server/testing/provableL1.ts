/**
 * A small L1 whose blocks are real: signed transactions, receipts with logs, blooms, roots and hashes that fit. It
 * answers JSON-RPC as an honest node does; tests tamper with the answers.
 */
import { encodeFunctionData, parseTransaction, type TransactionSerializable } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { encodeHeaderJson, encodeReceiptJson, encodeTransactionJson } from '../l1/verify/encode.ts';
import { fromHex, toHex } from '../protocol/bytes.ts';
import { BATCH_COMMITTED_TOPIC, onChainProposerAbi } from '../protocol/contractsAbi.ts';
import { keccak256, keccak256Hex } from '../protocol/keccak.ts';
import { type Address, type Hash, type Hex, ZERO_ADDRESS, ZERO_HASH } from '../protocol/refs.ts';
import { orderedTrieRoot } from '../protocol/trieRoot.ts';
import type { JsonRpcRequest, RpcAnswer } from './scriptedHttp.ts';

export type Json = Record<string, unknown>;

export const PROVABLE_CHAIN_ID = 1;
export const PROVABLE_PROPOSER: Address = `0x${'0c'.repeat(20)}`;
export const PROVABLE_REGISTRY: Address = `0x${'0e'.repeat(20)}`;
const OTHER: Address = `0x${'0d'.repeat(20)}`;
const account = privateKeyToAccount(`0x${'11'.repeat(32)}`);

export interface ProvableBlock {
  readonly number: number;
  readonly hash: Hash;
  readonly header: Json;
  readonly transactions: readonly Json[];
  readonly receipts: readonly Json[];
  readonly committed: number;
}

const hex = (value: number | bigint): Hex => `0x${value.toString(16)}`;
const word = (value: number): Hash => `0x${value.toString(16).padStart(64, '0')}`;
const rootOf = (batch: number): Hash => `0x5e${batch.toString(16).padStart(62, '0')}`;

/** Which batches each block commits, and what tells one branch from another. */
export interface ProvablePlan {
  readonly blocks: number;
  /** By block number. */
  readonly commits: Readonly<Record<number, number>>;
  /** From this block on, extraData differs: another branch. */
  readonly forkAt?: number;
  readonly genesis?: string;
}

export const PROVABLE_PLAN: ProvablePlan = { blocks: 14, commits: { 3: 1, 6: 2, 9: 0, 11: 1, 13: 1 } };

export async function provableChain(plan: ProvablePlan = PROVABLE_PLAN): Promise<readonly ProvableBlock[]> {
  const chain: ProvableBlock[] = [];
  for (let number = 0; number < plan.blocks; number++)
    chain.push(await nextBlock(chain.at(-1), number, plan));
  return chain;
}

async function nextBlock(
  parent: ProvableBlock | undefined,
  number: number,
  plan: ProvablePlan,
): Promise<ProvableBlock> {
  const before = parent?.committed ?? 0;
  const commits = plan.commits[number] ?? 0;
  // A transaction of another contract first, so that a commit's indices are not all zero.
  const targets = number === 0 ? [] : [OTHER, ...new Array<Address>(commits).fill(PROVABLE_PROPOSER)];
  const transactions: Json[] = [];
  const receipts: Json[] = [];
  for (const [index, target] of targets.entries()) {
    const batch = before + index;
    transactions.push(await transaction(number * 10 + index, target, batch));
    receipts.push(receipt(index, target, batch, transactions[index]!['hash'] as Hash));
  }
  const header: Json = {
    parentHash: parent?.hash ?? ZERO_HASH,
    sha3Uncles: '0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347',
    miner: ZERO_ADDRESS,
    stateRoot: word(number + 1),
    transactionsRoot: orderedTrieRoot(transactions.map(encodeTransactionJson)),
    receiptsRoot: orderedTrieRoot(receipts.map(encodeReceiptJson)),
    logsBloom: toHex(bloomOf(receipts)),
    difficulty: '0x0',
    number: hex(number),
    gasLimit: hex(30_000_000),
    gasUsed: hex(21_000 * targets.length),
    timestamp: hex(1_700_000_000 + 12 * number),
    extraData: number >= (plan.forkAt ?? 0) && plan.forkAt !== undefined ? '0xf0' : (plan.genesis ?? '0x'),
    mixHash: ZERO_HASH,
    nonce: '0x0000000000000000',
    baseFeePerGas: '0x7',
    withdrawalsRoot: ZERO_HASH,
    blobGasUsed: '0x0',
    excessBlobGas: '0x0',
    parentBeaconBlockRoot: ZERO_HASH,
    requestsHash: ZERO_HASH,
  };
  const hash = keccak256Hex(encodeHeaderJson(header));
  const place = { blockHash: hash, blockNumber: hex(number) };
  return {
    number,
    hash,
    header: { ...header, hash },
    transactions: transactions.map((one, index) => ({ ...one, ...place, transactionIndex: hex(index) })),
    receipts: receipts.map((one) => ({
      ...one,
      ...place,
      logs: (one['logs'] as Json[]).map((log) => ({ ...log, ...place })),
    })),
    committed: before + commits,
  };
}

/** Signed and of type 2, with the batch number where a commit has it. */
async function transaction(nonce: number, to: Address, batch: number): Promise<Json> {
  const data: Hex = `0x4008fd7c${word(batch).slice(2)}`;
  const plain: TransactionSerializable = {
    type: 'eip1559',
    chainId: PROVABLE_CHAIN_ID,
    nonce,
    maxFeePerGas: 100n,
    maxPriorityFeePerGas: 1n,
    gas: 21_000n,
    to,
    value: 0n,
    data,
  };
  const signed = await account.signTransaction(plain);
  const { r, s, yParity } = parseTransaction(signed);
  return {
    type: '0x2',
    chainId: hex(PROVABLE_CHAIN_ID),
    nonce: hex(nonce),
    maxFeePerGas: '0x64',
    maxPriorityFeePerGas: '0x1',
    gasPrice: '0x8',
    gas: hex(21_000),
    to,
    from: account.address.toLowerCase(),
    value: '0x0',
    input: data,
    accessList: [],
    yParity: hex(yParity ?? 0),
    v: hex(yParity ?? 0),
    r: hex(BigInt(r ?? '0x0')),
    s: hex(BigInt(s ?? '0x0')),
    hash: keccak256Hex(fromHex(signed)),
  };
}

function receipt(index: number, target: Address, batch: number, transactionHash: Hash): Json {
  const topics =
    target === PROVABLE_PROPOSER ? [BATCH_COMMITTED_TOPIC, word(batch), rootOf(batch)] : [word(0xabc)];
  const place = { transactionHash, transactionIndex: hex(index), logIndex: hex(index), removed: false };
  const log = { address: target, topics, data: '0x', ...place };
  return {
    type: '0x2',
    status: '0x1',
    cumulativeGasUsed: hex(21_000 * (index + 1)),
    logsBloom: toHex(bloomOf([{ logs: [log] }])),
    logs: [log],
    transactionHash,
    transactionIndex: hex(index),
  };
}

function bloomOf(receipts: readonly Json[]): Uint8Array {
  const bloom = new Uint8Array(256);
  for (const log of receipts.flatMap((one) => one['logs'] as Json[])) {
    for (const value of [log['address'] as Hex, ...(log['topics'] as Hex[])]) {
      const hash = keccak256(fromHex(value));
      for (const at of [0, 2, 4]) {
        const bit = ((hash[at]! << 8) | hash[at + 1]!) & 2047;
        bloom[255 - (bit >> 3)]! |= 1 << (bit & 7);
      }
    }
  }
  return bloom;
}

const selector = (functionName: 'lastCommittedBatch' | 'lastVerifiedBatch'): Hex =>
  encodeFunctionData({ abi: onChainProposerAbi, functionName });

/** An honest node of that chain. */
export class ProvableNode {
  chain: readonly ProvableBlock[];
  /** Blocks of other branches that it still knows by hash, as geth does. */
  orphans: readonly ProvableBlock[] = [];

  constructor(chain: readonly ProvableBlock[]) {
    this.chain = chain;
  }

  get head(): ProvableBlock {
    return this.chain.at(-1)!;
  }

  answer = ({ method, params }: JsonRpcRequest): RpcAnswer => {
    const [first, second] = params as [string, boolean];
    switch (method) {
      case 'eth_chainId':
        return { result: hex(PROVABLE_CHAIN_ID) };
      case 'eth_getBlockByNumber':
        return { result: blockJson(this.#byLabel(first), second) };
      case 'eth_getBlockByHash':
        return { result: blockJson(this.#byHash(first), second) };
      case 'eth_getBlockReceipts':
        return { result: this.#byHash(first)?.receipts ?? null };
      case 'eth_getTransactionByHash':
        return {
          result: this.chain.flatMap((one) => one.transactions).find((one) => one['hash'] === first) ?? null,
        };
      case 'eth_getTransactionReceipt': {
        const all = this.chain.flatMap((one) => one.receipts);
        return { result: all.find((one) => one['transactionHash'] === first) ?? null };
      }
      case 'eth_getLogs':
        return { result: this.#logs(params[0] as LogFilter) };
      case 'eth_call':
        return this.#call(params as unknown as [{ data: Hex }, { blockHash: Hash }]);
      default:
        return { error: { code: -32601, message: `the method ${method} does not exist` } };
    }
  };

  #byHash(hash: string): ProvableBlock | undefined {
    return [...this.chain, ...this.orphans].find((one) => one.hash === hash);
  }

  #byLabel(label: string): ProvableBlock | undefined {
    const behind = { latest: 0, safe: 2, finalized: 4 }[label];
    return behind === undefined ? this.chain[Number(label)] : this.chain.at(-1 - behind);
  }

  #logs(filter: LogFilter): readonly Json[] {
    const from = Number(filter.fromBlock ?? 0);
    const to = Number(filter.toBlock ?? 0);
    const wanted = (one: ProvableBlock): boolean =>
      filter.blockHash === undefined ? one.number >= from && one.number <= to : one.hash === filter.blockHash;
    return this.chain
      .filter(wanted)
      .flatMap((one) => one.receipts.flatMap((receipt_) => receipt_['logs'] as Json[]))
      .filter((log) => log['address'] === filter.address)
      .filter((log) =>
        filter.topics.every((any, index) => any.includes((log['topics'] as string[])[index] ?? '')),
      );
  }

  #call([{ data }, { blockHash }]: readonly [{ data: Hex }, { blockHash: Hash }]): RpcAnswer {
    const block = this.chain.find((one) => one.hash === blockHash);
    if (block === undefined) return { error: { code: -32000, message: 'header not found' } };
    return { result: word(data === selector('lastCommittedBatch') ? block.committed : 0) };
  }
}

export interface LogFilter {
  readonly address: string;
  readonly fromBlock?: string;
  readonly toBlock?: string;
  readonly blockHash?: string;
  readonly topics: readonly (readonly string[])[];
}

export const blockJson = (block: ProvableBlock | undefined, full = false): Json | null =>
  block === undefined
    ? null
    : {
        ...block.header,
        size: '0x400',
        uncles: [],
        withdrawals: [],
        transactions: full ? block.transactions : block.transactions.map((one) => one['hash']),
      };
