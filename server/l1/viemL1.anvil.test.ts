import { createWalletClient, defineChain, getContractAddress, http, type WalletClient } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Anvil, startAnvil } from '../devnet/anvil.ts';
import { contractCode } from '../devnet/contracts.ts';
import { onChainProposerAbi, sequencerRegistryAbi } from '../protocol/contractsAbi.ts';
import {
  type Address,
  type Hash,
  type Hex,
  type L1BlockRef,
  ZERO_ADDRESS,
  ZERO_HASH,
} from '../protocol/refs.ts';
import { type JsonRpcRequest, rpcScript, type ScriptedHttp, scriptedHttp } from '../testing/scriptedHttp.ts';
import { L1Error } from './l1.ts';
import { createL1, type ViemL1 } from './viemL1.ts';

const CHAIN_ID = 31_337;
const root = (batch: number): Hash => `0x${batch.toString(16).padStart(64, '5')}`;

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'no error',
    (error: unknown) => (error instanceof L1Error ? error.code : String(error)),
  );

/** anvil with our contracts and one sequencer; every transaction is a block of its own. */
class Rollup {
  readonly anvil: Anvil;
  readonly wallet: WalletClient;
  readonly sequencer: Address;
  readonly onChainProposer: Address;
  readonly sequencerRegistry: Address;
  readonly #account: ReturnType<typeof privateKeyToAccount>;
  readonly #chain: ReturnType<typeof defineChain>;

  constructor(anvil: Anvil) {
    this.anvil = anvil;
    this.#account = privateKeyToAccount(anvil.accounts[0]?.privateKey as Hex);
    this.sequencer = anvil.accounts[0]?.address as Address;
    const rpcUrls = { default: { http: [anvil.url] } };
    this.#chain = defineChain({
      id: CHAIN_ID,
      name: 'anvil',
      nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
      rpcUrls,
    });
    this.wallet = createWalletClient({
      account: this.#account,
      chain: this.#chain,
      transport: http(anvil.url),
    });
    const at = (nonce: bigint) =>
      getContractAddress({ from: this.sequencer, nonce }).toLowerCase() as Address;
    this.onChainProposer = at(0n);
    this.sequencerRegistry = at(1n);
  }

  async deploy(): Promise<void> {
    const common = { account: this.#account, chain: this.#chain };
    const proposer = contractCode('OnChainProposer');
    const registry = contractCode('SequencerRegistry');
    await this.wallet.deployContract({
      ...common,
      abi: proposer.abi as never,
      bytecode: proposer.bytecode,
      args: [true, ZERO_ADDRESS, this.sequencerRegistry, root(0), 1n] as never,
    });
    await this.wallet.deployContract({
      ...common,
      abi: registry.abi as never,
      bytecode: registry.bytecode,
      args: [this.onChainProposer, 32n] as never,
    });
    await this.wallet.writeContract({
      ...common,
      address: this.sequencerRegistry,
      abi: sequencerRegistryAbi,
      functionName: 'register',
      args: [this.sequencer],
      value: 10n ** 18n,
    });
  }

  commit(batch: number): Promise<Hash> {
    return this.wallet.writeContract({
      account: this.#account,
      chain: this.#chain,
      address: this.onChainProposer,
      abi: onChainProposerAbi,
      functionName: 'commitBatch',
      args: [BigInt(batch), root(batch), ZERO_HASH, ZERO_HASH, root(batch), 0n, root(1), ['0xc0']],
    });
  }

  reader(url: string = this.anvil.url, trust: 'all' | 'none' = 'all'): ViemL1 {
    return createL1({
      rpcUrls: [url],
      trust,
      beaconUrl: this.anvil.beaconUrl,
      config: {
        l1ChainId: CHAIN_ID,
        onChainProposer: this.onChainProposer,
        sequencerRegistry: this.sequencerRegistry,
        l1StartBlock: 0,
      },
    });
  }
}

describe('the L1 reader against anvil', () => {
  let rollup: Rollup;
  let l1: ViemL1;
  const proxies: ScriptedHttp[] = [];

  /** A reader that sees anvil through a proxy, which calls `after` once a method has been answered. */
  async function through(after: (request: JsonRpcRequest) => Promise<void>): Promise<ViemL1> {
    const proxy = await scriptedHttp(
      rpcScript(async (request) => {
        const result = await rollup.anvil.rpc(request.method, request.params);
        await after(request);
        return { result };
      }),
    );
    proxies.push(proxy);
    return rollup.reader(proxy.url);
  }

  beforeAll(async () => {
    const anvil = await startAnvil({ chainId: CHAIN_ID, slotsInAnEpoch: 2 });
    rollup = new Rollup(anvil);
    await rollup.deploy();
    for (const batch of [1, 2, 3]) await rollup.commit(batch);
    l1 = rollup.reader();
  });
  afterAll(async () => {
    await l1.close();
    for (const proxy of proxies) await proxy.close();
    await rollup.anvil.stop();
  });

  test('reads head, safe and finalized in one request', async () => {
    const before = l1.requests;
    const heads = await l1.heads();
    expect(l1.requests - before).toBe(1);
    expect([heads.latest.number, heads.safe?.number, heads.finalized?.number]).toEqual([6, 4, 2]);
    expect(await l1.blockByHash(heads.latest.parentHash)).toEqual(await l1.blockByNumber(5));
    expect(await l1.blockByNumber(7)).toBeNull();
    expect(await l1.blockByHash(root(9))).toBeNull();
    expect(await l1.chainId()).toBe(CHAIN_ID);
  });

  test('reads the contracts at the pinned block, not at the head, in one request', async () => {
    const pinned = (await l1.blockByNumber(5)) as L1BlockRef;
    const before = l1.requests;
    const state = await l1.contractState(pinned);
    expect(l1.requests - before).toBe(1);
    expect(state).toEqual({
      at: { number: 5, hash: pinned.hash },
      lastCommittedBatch: 2,
      lastVerifiedBatch: 0,
      leader: rollup.sequencer,
    });
  });

  test('finds every commit of a range with its transaction, in four requests', async () => {
    const { latest } = await l1.heads();
    const before = l1.requests;
    const commits = await l1.batchCommits(0, latest.number, latest, undefined, {
      previousBatch: 0,
      lastBatch: 3,
    });
    expect(l1.requests - before).toBe(4);
    expect(commits.map((commit) => [commit.batchNumber, commit.newStateRoot, commit.l1Block.number])).toEqual(
      [
        [1, root(1), 4],
        [2, root(2), 5],
        [3, root(3), 6],
      ],
    );
    const [first] = commits;
    expect(first?.l1Block).toEqual(await l1.blockByNumber(4));
    expect(first?.transaction.from).toBe(rollup.sequencer);
    expect(first?.transaction.to).toBe(rollup.onChainProposer);
    expect(Buffer.from(first?.transaction.input.subarray(0, 4) ?? []).toString('hex')).toBe('4008fd7c');
    expect(await l1.batchCommits(0, 3, latest)).toEqual([]);
    expect(await l1.batchCommits(6, 6, latest)).toHaveLength(1);
    expect(await l1.batchCommits(5, 5, latest)).toHaveLength(1);
  });

  test('reads the same where nothing is believed, from whole blocks that hash to what they must', async () => {
    const { latest } = await l1.heads();
    const doubting = rollup.reader(rollup.anvil.url, 'none');
    expect(await doubting.heads()).toEqual(await l1.heads());
    const before = doubting.requests;
    const commits = await doubting.batchCommits(0, latest.number, latest, undefined, {
      previousBatch: 0,
      lastBatch: 3,
    });
    // Logs, headers of the commits' blocks, three whole blocks, the headers of the range, the pinned block.
    expect(doubting.requests - before).toBe(7);
    expect(commits).toEqual(await l1.batchCommits(0, latest.number, latest));
    expect(await doubting.commitOfBatch(2, latest)).toEqual(commits[1]);
    expect(await doubting.blockByNumber(0)).toEqual(await l1.blockByNumber(0));
    await doubting.close();
  });

  test('finds one batch by its number in four requests, and says when there is none', async () => {
    const { latest } = await l1.heads();
    const before = l1.requests;
    const commit = await l1.commitOfBatch(2, latest);
    expect(l1.requests - before).toBe(4);
    expect(commit).toEqual((await l1.batchCommits(5, 5, latest))[0]);
    expect(await l1.commitOfBatch(4, latest)).toBeNull();
    const older = (await l1.blockByNumber(4)) as L1BlockRef;
    expect(await l1.commitOfBatch(2, older)).toBeNull();
  });

  test('refuses a range whose logs do not add up to what the contract says', async () => {
    const { latest } = await l1.heads();
    const read = (from: number, previousBatch: number, lastBatch: number | null) =>
      codeOf(l1.batchCommits(from, latest.number, latest, undefined, { previousBatch, lastBatch }));
    expect(await read(0, 0, 4)).toBe('incomplete_logs');
    expect(await read(5, 0, 3)).toBe('incomplete_logs');
    expect(await read(5, 1, null)).toBe('no error');
  });

  test('refuses an endpoint of another chain', async () => {
    const other = createL1({
      rpcUrls: [rollup.anvil.url],
      config: {
        l1ChainId: 1,
        onChainProposer: rollup.onChainProposer,
        sequencerRegistry: null,
        l1StartBlock: 0,
      },
    });
    expect(await codeOf(other.heads())).toBe('wrong_chain');
    await other.close();
  });

  test('says so when there is no contract at the address', async () => {
    const genesis = (await l1.blockByNumber(0)) as L1BlockRef;
    await expect(l1.contractState(genesis)).rejects.toThrow(/no contract with lastCommittedBatch/);
  });

  test('a pinned block that was reorged away is not canonical, whatever is asked of it', async () => {
    const { latest } = await l1.heads();
    await rollup.anvil.rpc('anvil_reorg', [1, []]);
    expect(await codeOf(l1.contractState(latest))).toBe('not_canonical');
    expect(await codeOf(l1.batchCommits(0, latest.number, latest))).toBe('not_canonical');
    expect(await codeOf(l1.batchCommits(latest.number, latest.number, latest))).toBe('not_canonical');
    expect(await codeOf(l1.commitOfBatch(3, latest))).toBe('not_canonical');
    expect(await l1.blockByHash(latest.hash)).toBeNull();
    expect((await l1.contractState((await l1.heads()).latest)).lastCommittedBatch).toBe(2);
    await rollup.commit(3);
  });

  test.each(['eth_getLogs', 'eth_getTransactionByHash', 'eth_getBlockByNumber'])(
    'a reorg right after %s was answered ends the read as not canonical',
    async (method) => {
      let armed = true;
      const reader = await through(async (request) => {
        if (!armed || request.method !== method) return;
        armed = false;
        await rollup.anvil.rpc('anvil_reorg', [2, []]);
      });
      const pinned = (await l1.heads()).latest;
      expect(await codeOf(reader.batchCommits(0, pinned.number, pinned))).toBe('not_canonical');
      expect(armed).toBe(false);
      await reader.close();
      const { lastCommittedBatch } = await l1.contractState((await l1.heads()).latest);
      for (let batch = lastCommittedBatch + 1; batch <= 3; batch += 1) await rollup.commit(batch);
    },
  );

  test('reports a new head by subscription, and a silent rollback by the poll behind it', async () => {
    const reader = createL1({
      rpcUrls: [rollup.anvil.url],
      wsUrl: rollup.anvil.wsUrl,
      pollIntervalMs: 25,
      config: {
        l1ChainId: CHAIN_ID,
        onChainProposer: rollup.onChainProposer,
        sequencerRegistry: null,
        l1StartBlock: 0,
      },
    });
    let wake: () => void = () => {};
    const next = () =>
      new Promise<void>((resolve) => {
        wake = resolve;
      });
    const first = next();
    const stop = reader.onHead(() => wake());
    await first;
    const mined = next();
    await rollup.anvil.rpc('evm_mine', []);
    await mined;
    // anvil announces no head for a rollback: only the poll can see it.
    const rolledBack = next();
    await rollup.anvil.rpc('anvil_rollback', [1]);
    await rolledBack;
    stop();
    await reader.close();
  });
});
