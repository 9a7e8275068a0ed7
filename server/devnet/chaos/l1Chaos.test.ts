import { encodeFunctionData } from 'viem';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { onChainProposerAbi } from '../../protocol/contractsAbi.ts';
import { type Hash, ZERO_HASH } from '../../protocol/refs.ts';
import { httpRpc } from '../../sequencer/httpRpc.ts';
import { type Anvil, startAnvil } from '../anvil.ts';
import { deployContracts, type RollupAddresses } from '../deploy.ts';
import { devAccounts } from '../genesis.ts';
import { openL1Wallet } from '../l1Wallet.ts';
import { L1Chaos } from './l1Chaos.ts';

const [deployer, one, two, stranger, payer] = devAccounts(5);
let anvil: Anvil;
let contracts: RollupAddresses;
let chaos: L1Chaos;

beforeAll(async () => {
  anvil = await startAnvil({ accounts: 5 });
});
afterAll(() => anvil.stop());
beforeEach(async () => {
  contracts = await deployContracts({
    l1Url: anvil.url,
    deployerKey: deployer!.privateKey,
    genesisStateRoot: `0x${'01'.repeat(32)}`,
    l2ChainId: 4711,
    batchesPerSequencer: 2,
    validium: true,
    sequencers: [one!.address, two!.address],
  });
  const registered = Number(await anvil.rpc('eth_blockNumber'));
  chaos = new L1Chaos(
    {
      l1Url: anvil.url,
      registry: contracts.sequencerRegistry,
      firstBlock: registered + 1,
      strangerKey: stranger!.privateKey,
    },
    { rpc: httpRpc(anvil.url, { timeoutMs: 10_000 }) },
  );
});

async function commit(batch: bigint): Promise<Hash> {
  const wallet = await openL1Wallet(anvil.url, one!.privateKey);
  const word: Hash = `0x${'02'.repeat(32)}`;
  const args = [batch, word, ZERO_HASH, ZERO_HASH, word, 0n, word, []] as const;
  const data = encodeFunctionData({ abi: onChainProposerAbi, functionName: 'commitBatch', args });
  const hash = await wallet.send({ to: contracts.onChainProposer, data });
  await wallet.wait(hash);
  return hash;
}
const lastCommitted = async (): Promise<number> => {
  const data = encodeFunctionData({ abi: onChainProposerAbi, functionName: 'lastCommittedBatch' });
  return Number(await anvil.rpc('eth_call', [{ to: contracts.onChainProposer, data }, 'latest']));
};
const blockOf = async (hash: Hash) =>
  (await anvil.rpc<{ blockNumber: string; blockHash: string } | null>('eth_getTransactionReceipt', [hash])) ??
  null;

test('a stranger takes a leader off the list and puts it back at its end; twice is once', async () => {
  expect(await chaos.leader()).toBe(one!.address);
  expect([await chaos.unregister(one!.address), await chaos.unregister(one!.address)]).toEqual([true, false]);
  expect(await chaos.leader()).toBe(two!.address);
  expect(await chaos.unregister(two!.address)).toBe(true);
  expect(await chaos.leader()).toBeNull();
  expect(await chaos.register(two!.address)).toBe(true);
  expect([await chaos.register(one!.address), await chaos.register(one!.address)]).toEqual([true, false]);
  expect(await chaos.leader()).toBe(two!.address);
  expect(await chaos.isRegistered(one!.address)).toBe(true);
});

test('a reorg that keeps transactions moves the commits to other blocks and changes no state', async () => {
  const committed = await commit(1n);
  const wallet = await openL1Wallet(anvil.url, payer!.privateKey);
  const paid = await wallet.send({ to: stranger!.address, data: '0x', value: 1n });
  await wallet.wait(paid);
  const before = await blockOf(committed);
  const reorg = await chaos.reorg(2, 'keep');
  expect(reorg).toMatchObject({ depth: 2, from: Number(before!.blockNumber), transactions: 2 });
  const after = await blockOf(committed);
  expect(Number((await blockOf(paid))!.blockNumber)).toBe(reorg.from + 1);
  expect(after!.blockNumber).toBe(before!.blockNumber);
  expect(after!.blockHash).not.toBe(before!.blockHash);
  expect([reorg.was, reorg.is]).toEqual([before!.blockHash, after!.blockHash]);
  expect(await lastCommitted()).toBe(1);
});

test('a reorg that drops transactions takes commits back, and they can be made again', async () => {
  const hash = await commit(1n);
  expect(await chaos.reorg(1, 'drop')).toMatchObject({ depth: 1, transactions: 1 });
  expect(await blockOf(hash)).toBeNull();
  expect(await lastCommitted()).toBe(0);
  await commit(1n);
  expect(await lastCommitted()).toBe(1);
});

test('no reorg reaches the contracts or their first registrations', async () => {
  await expect(chaos.reorg(1, 'drop')).rejects.toMatchObject({
    code: 'not_now',
    message: 'L1 cannot replace 1 blocks without the contracts: none is possible yet.',
  });
  await anvil.rpc('anvil_mine', ['0x5']);
  await expect(chaos.reorg(6, 'drop')).rejects.toThrow('at most 5 are possible now');
  expect(await chaos.reorg(5, 'drop')).toMatchObject({ depth: 5 });
  expect(await chaos.leader()).toBe(one!.address);
});

test('a reorg has the depth that was asked for while blocks go on coming, and they come on after it', async () => {
  const mining = await startAnvil({ accounts: 5, blockTime: 1 });
  try {
    const blocks = async (): Promise<number> => Number(await mining.rpc('eth_blockNumber'));
    await mining.rpc('anvil_mine', ['0x8']);
    const rpc = httpRpc(mining.url, { timeoutMs: 10_000 });
    // A block comes between each two questions of the verb, unless it holds the mining.
    const hurried = {
      request: async (method: string, params: readonly unknown[]) => {
        const answer = await rpc.request(method, params);
        const held = (await mining.rpc('anvil_getIntervalMining')) === null;
        if (method === 'eth_blockNumber' && !held) await mining.rpc('anvil_mine', ['0x1']);
        return answer;
      },
    };
    const options = {
      l1Url: mining.url,
      registry: contracts.sequencerRegistry,
      firstBlock: 1,
      strangerKey: stranger!.privateKey,
    };
    const reorg = await new L1Chaos(options, { rpc: hurried }).reorg(3, 'drop');
    expect(reorg.is).not.toBe(reorg.was);
    const before = await blocks();
    await expect.poll(blocks, { timeout: 20_000 }).toBeGreaterThan(before);
  } finally {
    await mining.stop();
  }
}, 60_000);
