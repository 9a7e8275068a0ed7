import { afterEach, describe, expect, test } from 'vitest';
import { BATCH_COMMITTED_TOPIC } from '../protocol/contractsAbi.ts';
import type { Address, Hash, L1BlockRef } from '../protocol/refs.ts';
import {
  type JsonRpcRequest,
  type RpcAnswer,
  rpcScript,
  type ScriptedHttp,
  scriptedHttp,
} from '../testing/scriptedHttp.ts';
import { l1Chain, l1Ref } from '../testing/stringChain.ts';
import { numberTopic, PLAIN_BATCH_COMMITTED_TOPIC } from './commitLogs.ts';
import { type ExpectedBatches, L1Error } from './l1.ts';
import { createL1, type ViemL1 } from './viemL1.ts';

const PROPOSER: Address = `0x${'0c'.repeat(20)}`;
const REGISTRY: Address = `0x${'0e'.repeat(20)}`;
const hex = (value: number): string => `0x${value.toString(16)}`;
const rootOf = (batch: number): Hash => `0x5e${batch.toString(16).padStart(62, '0')}`;
const txHashOf = (batch: number): Hash => `0x7a${batch.toString(16).padStart(62, '0')}`;

interface WireLogJson {
  address: string;
  topics: string[];
  blockNumber: string;
  blockHash: string;
  transactionHash: string;
  transactionIndex: string;
  logIndex: string;
  removed?: boolean;
}
type Tamper = (request: JsonRpcRequest, honest: RpcAnswer) => RpcAnswer;

/** A provider of the branch `abcdefgh` with batch 1 in c, 2 and 3 in e, 4 in g; honest but for `tamper`. */
class Provider {
  branch: readonly L1BlockRef[] = l1Chain('abcdefgh');
  plain = false;
  tamper: Tamper = (_request, honest) => honest;
  readonly #batches: readonly [batch: number, block: number, logIndex: number][] = [
    [1, 2, 0],
    [2, 4, 3],
    [3, 4, 5],
    [4, 6, 0],
  ];

  answer(request: JsonRpcRequest): RpcAnswer {
    return this.tamper(request, { result: this.#honest(request) });
  }

  #honest({ method, params }: JsonRpcRequest): unknown {
    const [first] = params as [string];
    switch (method) {
      case 'eth_chainId':
        return '0x1';
      case 'eth_getBlockByNumber':
        return blockJson(first === 'latest' ? this.branch.at(-1) : this.branch[this.#label(first)]);
      case 'eth_getBlockByHash':
        return blockJson(this.branch.find((ref) => ref.hash === first));
      case 'eth_getTransactionByHash':
        return this.#transaction(first as Hash);
      case 'eth_getLogs':
        return this.#logs(params[0] as LogFilter);
      default:
        return numberTopic(4);
    }
  }

  #label(label: string): number {
    if (label === 'safe') return 4;
    return label === 'finalized' ? 2 : Number(label);
  }

  #logs(filter: LogFilter): WireLogJson[] {
    const number = this.branch.findIndex((ref) => ref.hash === filter.blockHash);
    const from = filter.blockHash === undefined ? Number(filter.fromBlock) : number;
    const to = filter.blockHash === undefined ? Number(filter.toBlock) : number;
    return this.#batches
      .filter(([, block]) => block >= from && block <= to)
      .map((entry) => this.#log(entry))
      .filter(({ topics }) => filter.topics.every((any, index) => any.includes(topics[index] ?? '')));
  }

  #log([batch, block, logIndex]: readonly [number, number, number]): WireLogJson {
    return {
      address: PROPOSER,
      topics: this.plain
        ? [PLAIN_BATCH_COMMITTED_TOPIC, rootOf(batch)]
        : [BATCH_COMMITTED_TOPIC, numberTopic(batch), rootOf(batch)],
      blockNumber: hex(block),
      blockHash: this.branch[block]?.hash ?? '',
      transactionHash: txHashOf(batch),
      transactionIndex: hex(logIndex),
      logIndex: hex(logIndex),
    };
  }

  #transaction(wanted: Hash): unknown {
    const found = this.#batches.find(([batch]) => txHashOf(batch) === wanted);
    if (found === undefined) return null;
    const [batch, block, index] = found;
    return {
      hash: wanted,
      blockHash: this.branch[block]?.hash,
      blockNumber: hex(block),
      transactionIndex: hex(index),
      from: `0x${'AB'.repeat(20)}`,
      to: PROPOSER,
      input: `0x4008fd7c${numberTopic(batch).slice(2)}`,
      ...(batch === 4 ? { blobVersionedHashes: [`0x01${'bb'.repeat(31)}`] } : {}),
    };
  }
}

interface LogFilter {
  readonly fromBlock?: string;
  readonly toBlock?: string;
  readonly blockHash?: string;
  readonly topics: readonly (readonly string[])[];
}

const blockJson = (ref: L1BlockRef | undefined): unknown =>
  ref === undefined ? null : { ...ref, number: hex(ref.number), timestamp: hex(ref.timestamp) };

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

async function rig(
  registry: Address | null = REGISTRY,
): Promise<{ provider: Provider; l1: ViemL1; server: ScriptedHttp }> {
  const provider = new Provider();
  const server = await scriptedHttp(rpcScript((request) => provider.answer(request)));
  const config = { l1ChainId: 1, onChainProposer: PROPOSER, sequencerRegistry: registry, l1StartBlock: 0 };
  const l1 = createL1({ rpcUrls: [server.url], config, timeoutMs: 20_000 });
  open.push(async () => {
    await l1.close();
    await server.close();
  });
  return { provider, l1, server };
}

const PINNED = l1Ref('abcdefgh');
const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'no error',
    (error: unknown) => (error instanceof L1Error ? error.code : String(error)),
  );
const batchesOf = async (l1: ViemL1, expected?: ExpectedBatches): Promise<readonly number[]> =>
  (await l1.batchCommits(0, 7, PINNED, undefined, expected)).map((commit) => commit.batchNumber);

/** Changes the logs that the provider answers. */
const withLogs =
  (change: (logs: WireLogJson[]) => unknown): Tamper =>
  (request, honest) =>
    request.method === 'eth_getLogs' && 'result' in honest
      ? { result: change(honest.result as WireLogJson[]) }
      : honest;

/** Changes the first log only. */
const withFirst = (change: Partial<WireLogJson>): Tamper =>
  withLogs(([first, ...rest]) => (first === undefined ? rest : [{ ...first, ...change }, ...rest]));

describe('commits of a range', () => {
  test('come in chain order with block, sender, input and blobs', async () => {
    const { l1 } = await rig();
    expect(await batchesOf(l1, { previousBatch: 0, lastBatch: 4 })).toEqual([1, 2, 3, 4]);
    const [second, third] = await l1.batchCommits(4, 4, PINNED);
    expect([second?.logIndex, third?.logIndex]).toEqual([3, 5]);
    expect(second?.l1Block).toEqual(l1Ref('abcde'));
    expect(second?.newStateRoot).toBe(rootOf(2));
    expect(second?.transaction.from).toBe(`0x${'ab'.repeat(20)}`);
    expect(second?.transaction.blobVersionedHashes).toEqual([]);
    const [fourth] = await l1.batchCommits(6, 6, PINNED);
    expect(fourth?.transaction.blobVersionedHashes).toEqual([`0x01${'bb'.repeat(31)}`]);
    expect(fourth?.transaction.input).toBeInstanceOf(Uint8Array);
    expect(fourth?.transaction.input.length).toBe(36);
  });

  test('end after the block that holds as many as were asked for, and the rest is not fetched', async () => {
    const { l1, server } = await rig();
    const numbers = async (most: number) =>
      (await l1.batchCommits(0, 7, PINNED, undefined, undefined, most)).map((commit) => commit.batchNumber);
    expect(await numbers(1)).toEqual([1]);
    expect(JSON.stringify(server.requests).match(/eth_getTransactionByHash/g)).toHaveLength(1);
    expect(await numbers(2)).toEqual([1, 2, 3]);
    expect(await numbers(9)).toEqual([1, 2, 3, 4]);
  });

  test('are never asked for beyond the pinned block, where a node would answer nothing without an error', async () => {
    const { l1, server } = await rig();
    await expect(l1.batchCommits(0, 8, PINNED)).rejects.toThrow(RangeError);
    expect(server.requests).toHaveLength(0);
  });

  const lies: readonly [name: string, tamper: Tamper, code: string][] = [
    ['of another contract', withFirst({ address: REGISTRY }), 'bad_answer'],
    ['without its number', withFirst({ topics: [BATCH_COMMITTED_TOPIC, rootOf(1)] }), 'bad_answer'],
    ['of another event', withFirst({ topics: [rootOf(9), rootOf(1), rootOf(1)] }), 'bad_answer'],
    ['marked removed', withFirst({ removed: true }), 'bad_answer'],
    ['of a pending block', withFirst({ blockHash: null as unknown as string }), 'bad_answer'],
    ['of another branch', withFirst({ blockHash: l1Ref('abx').hash }), 'bad_answer'],
    ['at another place of its transaction', withFirst({ transactionIndex: '0x9' }), 'bad_answer'],
    ['of an unknown transaction', withFirst({ transactionHash: txHashOf(77) }), 'bad_answer'],
    [
      'with a batch number beyond 2^53',
      withFirst({ topics: [BATCH_COMMITTED_TOPIC, rootOf(1), rootOf(1)] }),
      'bad_answer',
    ],
    ['outside the range', withFirst({ blockNumber: '0x64' }), 'bad_answer'],
    ['with a decimal number', withFirst({ blockNumber: '2' }), 'bad_answer'],
    ['twice', withLogs((logs) => [logs[0], ...logs]), 'bad_answer'],
    ['in another order', withLogs((logs) => logs.toReversed()), 'bad_answer'],
    ['as something that is no list', withLogs(() => ({})), 'bad_answer'],
    ['but one left out at the end', withLogs((logs) => logs.slice(0, -1)), 'incomplete_logs'],
    ['but one left out at the start', withLogs((logs) => logs.slice(1)), 'incomplete_logs'],
    ['but one left out in between', withLogs((logs) => logs.toSpliced(1, 1)), 'incomplete_logs'],
    ['but all left out', withLogs(() => []), 'incomplete_logs'],
  ];
  test.each(lies)('a log %s is noticed', async (_name, tamper, code) => {
    const { provider, l1 } = await rig();
    provider.tamper = tamper;
    expect(await codeOf(batchesOf(l1, { previousBatch: 0, lastBatch: 4 }))).toBe(code);
  });

  test('a transaction that the node does not have yet is asked again later, not cached', async () => {
    const { provider, l1 } = await rig();
    provider.tamper = (request, honest) =>
      request.method === 'eth_getTransactionByHash' ? { result: null } : honest;
    const failure = await l1.batchCommits(0, 7, PINNED).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'bad_answer', severity: 'temporary' });
    provider.tamper = (_request, honest) => honest;
    expect(await batchesOf(l1)).toEqual([1, 2, 3, 4]);
  });

  test('a provider that takes two blocks at a time gives the same commits', async () => {
    const { provider, l1, server } = await rig();
    const refusal: RpcAnswer = { error: { code: -32005, message: 'exceed maximum block range: 2' } };
    provider.tamper = (request, honest) => {
      const { fromBlock, toBlock } = (request.params[0] ?? {}) as LogFilter;
      const blocks = Number(toBlock) - Number(fromBlock) + 1;
      return request.method === 'eth_getLogs' && blocks > 2 ? refusal : honest;
    };
    expect(await batchesOf(l1, { previousBatch: 0, lastBatch: 4 })).toEqual([1, 2, 3, 4]);
    const learned = server.requests.length;
    expect((await l1.commitOfBatch(2, PINNED))?.batchNumber).toBe(2);
    expect(server.requests.length - learned).toBeLessThanOrEqual(6);
  });

  test('the same contradiction is a reorg when the pinned block is gone', async () => {
    const { provider, l1 } = await rig();
    provider.branch = l1Chain('abxyzuvw');
    provider.tamper = (request, honest) =>
      request.method === 'eth_call' ? { error: { code: -32000, message: 'header not found' } } : honest;
    expect(await codeOf(batchesOf(l1))).toBe('not_canonical');
    expect(await codeOf(l1.contractState(PINNED))).toBe('not_canonical');
    expect(await codeOf(l1.commitOfBatch(1, PINNED))).toBe('not_canonical');
    // The block is still there, so the refusal is the node's own trouble: a pruned state, a lagging backend.
    expect(await codeOf(l1.contractState(l1Ref('abxyzuvw')))).toBe('rpc_error');
  });
});

describe('the commit of one batch', () => {
  test('is found by its indexed number', async () => {
    const { l1 } = await rig();
    const commit = await l1.commitOfBatch(3, PINNED);
    expect([commit?.batchNumber, commit?.logIndex, commit?.l1Block]).toEqual([3, 5, l1Ref('abcde')]);
    expect(await l1.commitOfBatch(5, PINNED)).toBeNull();
  });

  test('is found for the event that carries no number, from the calldata', async () => {
    const { provider, l1 } = await rig(null);
    provider.plain = true;
    expect(await batchesOf(l1, { previousBatch: 0, lastBatch: 4 })).toEqual([1, 2, 3, 4]);
    expect((await l1.commitOfBatch(3, PINNED))?.newStateRoot).toBe(rootOf(3));
    expect(await l1.commitOfBatch(5, PINNED)).toBeNull();
  });
});

describe('heads and blocks', () => {
  test('a hundred headers asked for at once are one request', async () => {
    const { l1, server } = await rig();
    const refs = await Promise.all(Array.from({ length: 100 }, (_, number) => l1.blockByNumber(number)));
    expect(refs.slice(0, 9)).toEqual([...l1Chain('abcdefgh'), null]);
    expect(server.requests).toHaveLength(1);
  });

  const answering =
    (method: string, first: unknown, answer: RpcAnswer): Tamper =>
    (request, honest) =>
      request.method === method && request.params[0] === first ? answer : honest;

  test('labels that a node does not offer are null, in whatever way it says so', async () => {
    for (const answer of [{ result: null }, { error: { code: -39001, message: 'Unknown block' } }]) {
      const { provider, l1 } = await rig();
      provider.tamper = answering('eth_getBlockByNumber', 'safe', answer);
      const heads = await l1.heads();
      expect([heads.safe, heads.finalized?.number]).toEqual([null, 2]);
    }
  });

  test('labels out of order, a head of another chain and a missing head are refused', async () => {
    const cases: readonly [Tamper, string][] = [
      [answering('eth_getBlockByNumber', 'finalized', { result: blockJson(l1Ref('abcdef')) }), 'bad_answer'],
      [answering('eth_getBlockByNumber', 'latest', { result: blockJson(l1Ref('abc')) }), 'bad_answer'],
      [answering('eth_getBlockByNumber', 'latest', { result: null }), 'bad_answer'],
      [answering('eth_chainId', undefined, { result: '0x5' }), 'wrong_chain'],
    ];
    for (const [tamper, code] of cases) {
      const { provider, l1 } = await rig();
      provider.tamper = tamper;
      expect(await codeOf(l1.heads())).toBe(code);
    }
  });

  test('a block that is not the one asked for is refused', async () => {
    const { provider, l1 } = await rig();
    provider.tamper = () => ({ result: blockJson(l1Ref('abc')) });
    expect(await codeOf(l1.blockByNumber(3))).toBe('bad_answer');
    expect(await codeOf(l1.blockByHash(l1Ref('abcd').hash))).toBe('bad_answer');
    expect(await l1.blockByNumber(2)).toEqual(l1Ref('abc'));
  });

  test.each([
    ['number', '5'],
    ['number', '0xfffffffffffffffff'],
    ['hash', '0x12'],
    ['parentHash', undefined],
    ['timestamp', null],
  ])('a block whose %s is %s is refused, never defaulted', async (field, value) => {
    const { provider, l1 } = await rig();
    provider.tamper = () => ({ result: { ...(blockJson(l1Ref('abc')) as object), [field]: value } });
    expect(await codeOf(l1.blockByNumber(2))).toBe('bad_answer');
  });
});
