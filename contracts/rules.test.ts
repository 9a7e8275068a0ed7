import { encodeAbiParameters, encodeFunctionData, keccak256, parseEventLogs } from 'viem';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Anvil, startAnvil } from '../server/devnet/anvil.ts';
import {
  depositCall,
  deposit as sendDeposit,
  sendToL2,
  sendToL2Call,
  sentMessages,
} from '../server/devnet/bridge.ts';
import { contractCode } from '../server/devnet/contracts.ts';
import {
  deployContracts,
  MIN_COLLATERAL,
  type RollupAddresses,
  registerCall,
} from '../server/devnet/deploy.ts';
import { type L1Wallet, openL1Wallet, revertReason } from '../server/devnet/l1Wallet.ts';
import { toHex } from '../server/protocol/bytes.ts';
import {
  commonBridgeAbi,
  onChainProposerAbi,
  sequencerRegistryAbi,
} from '../server/protocol/contractsAbi.ts';
import { privilegedRollingHash, privilegedTransactionHash } from '../server/protocol/privileged.ts';
import { type Address, type Hash, type Hex, ZERO_ADDRESS, ZERO_HASH } from '../server/protocol/refs.ts';
import { L1Contracts } from '../server/sequencer/l1Contracts.ts';

const L2_CHAIN_ID = 65536999;
const GENESIS_ROOT: Hash = `0x${'47'.repeat(32)}`;
const hash32 = (value: number | bigint): Hash => `0x${value.toString(16).padStart(64, '0')}`;
const BLOB_HASH: Hash = `0x01${'ab'.repeat(31)}`;

let anvil: Anvil;
/** Accounts 1 and 2 are sequencers, 3 is a stranger. */
let s0: L1Wallet;
let s1: L1Wallet;
let stranger: L1Wallet;

beforeAll(async () => {
  anvil = await startAnvil();
  const wallets = anvil.accounts.slice(1, 4).map((account) => openL1Wallet(anvil.url, account.privateKey));
  [s0, s1, stranger] = (await Promise.all(wallets)) as [L1Wallet, L1Wallet, L1Wallet];
});
afterAll(() => anvil?.stop());

interface Deployed extends RollupAddresses {
  read(name: 'lastCommittedBatch' | 'lastVerifiedBatch'): Promise<number>;
  commitment(batch: number): Promise<readonly unknown[]>;
  pending(): Promise<readonly Hash[]>;
  leader(batch?: number): Promise<string>;
}

async function deployed(options: Partial<Parameters<typeof deployContracts>[0]> = {}): Promise<Deployed> {
  const addresses = await deployContracts({
    l1Url: anvil.url,
    deployerKey: anvil.accounts[0]!.privateKey,
    genesisStateRoot: GENESIS_ROOT,
    l2ChainId: L2_CHAIN_ID,
    validium: true,
    sequencers: [s0.address],
    ...options,
  });
  const proposer = { address: addresses.onChainProposer, abi: onChainProposerAbi } as const;
  const registry = { address: addresses.sequencerRegistry, abi: sequencerRegistryAbi } as const;
  const { client } = s0;
  return {
    ...addresses,
    read: async (functionName) => Number(await client.readContract({ ...proposer, functionName })),
    commitment: (batch) =>
      client.readContract({ ...proposer, functionName: 'batchCommitments', args: [BigInt(batch)] }),
    pending: () =>
      client.readContract({
        address: addresses.bridge,
        abi: commonBridgeAbi,
        functionName: 'getPendingTransactionHashes',
      }),
    leader: async (batch) =>
      (batch === undefined
        ? await client.readContract({ ...registry, functionName: 'leaderSequencer' })
        : await client.readContract({
            ...registry,
            functionName: 'leadSequencerForBatch',
            args: [BigInt(batch)],
          })
      ).toLowerCase(),
  };
}

interface Commit {
  readonly batch: number;
  readonly withdrawals?: Hash;
  readonly rolling?: Hash;
  readonly lastBlockHash?: Hash;
  readonly nonPrivileged?: bigint;
  readonly commitHash?: Hash;
}
const commitData = ({ batch, withdrawals, rolling, lastBlockHash, nonPrivileged, commitHash }: Commit): Hex =>
  encodeFunctionData({
    abi: onChainProposerAbi,
    functionName: 'commitBatch',
    args: [
      BigInt(batch),
      hash32(batch + 1000),
      withdrawals ?? ZERO_HASH,
      rolling ?? ZERO_HASH,
      lastBlockHash ?? hash32(batch + 2000),
      nonPrivileged ?? 0n,
      commitHash ?? hash32(1),
      [],
    ],
  });
const verifyData = (first: number, count: number, others = count): Hex => {
  const proofs = (length: number): Hex[] => new Array<Hex>(length).fill('0x');
  const args = [BigInt(first), proofs(count), proofs(others), proofs(count)] as const;
  return encodeFunctionData({ abi: onChainProposerAbi, functionName: 'verifyBatches', args });
};
const unregisterData = (sequencer: Address): Hex =>
  encodeFunctionData({ abi: sequencerRegistryAbi, functionName: 'unregister', args: [sequencer] });

const mined = async (wallet: L1Wallet, to: Address, data: Hex, value = 0n) =>
  wallet.wait(await wallet.send({ to, data, value }));
const commit = (wallet: L1Wallet, contracts: Deployed, arguments_: Commit) =>
  mined(wallet, contracts.onChainProposer, commitData(arguments_));

/** What a call reverts with: a custom error's name or a string; null when it succeeds. */
async function refusal(from: L1Wallet, to: Address, data: Hex, extra: object = {}): Promise<string | null> {
  const call = { from: from.address, to, data, gas: '0x2faf080', ...extra };
  try {
    await from.client.request({ method: 'eth_call', params: [call as never, 'latest'] });
    return null;
  } catch (error) {
    return revertReason(error) ?? `no revert data: ${String(error)}`;
  }
}
const withBlob = {
  type: '0x3',
  blobVersionedHashes: [BLOB_HASH],
  maxFeePerBlobGas: '0xffffff',
  maxFeePerGas: '0x174876e800',
};

describe('commitBatch', () => {
  test('makes its checks in the order of the original: each refusal wins over all later ones', async () => {
    const contracts = await deployed();
    const { onChainProposer: to } = contracts;
    await mined(stranger, contracts.bridge, depositCall(stranger.address), 1n);
    const wrong = { rolling: hash32(1n << 240n), lastBlockHash: ZERO_HASH, commitHash: ZERO_HASH } as const;
    const slot = keccak256(encodeAbiParameters([{ type: 'uint256' }, { type: 'uint256' }], [1n, 2n]));
    await anvil.rpc('anvil_setStorageAt', [to, slot, hash32(7)]);
    const answers = [
      await refusal(stranger, to, commitData({ batch: 9, ...wrong }), withBlob),
      await refusal(s0, to, commitData({ batch: 9, ...wrong }), withBlob),
      await refusal(s0, to, commitData({ batch: 1, ...wrong }), withBlob),
    ];
    await anvil.rpc('anvil_setStorageAt', [to, slot, ZERO_HASH]);
    const commitHash = ZERO_HASH;
    answers.push(
      await refusal(s0, to, commitData({ batch: 1, ...wrong }), withBlob),
      await refusal(s0, to, commitData({ batch: 1, rolling: wrong.rolling, commitHash }), withBlob),
      await refusal(s0, to, commitData({ batch: 1, commitHash }), withBlob),
      await refusal(s0, to, commitData({ batch: 1 }), withBlob),
      await refusal(s0, to, commitData({ batch: 1 })),
    );
    expect(answers).toEqual([
      'CallerHasNoSequencingRights',
      'BatchNumberNotSuccessor',
      'BatchAlreadyCommitted',
      'LastBlockHashIsZero',
      'InvalidPrivilegedTransactionLogs',
      'CommitHashIsZero',
      'ValidiumBlobPublished',
      null,
    ]);
  });

  test('a rollup wants a blob and stores its hash', async () => {
    const { onChainProposer: to } = await deployed({ validium: false });
    expect(await refusal(s0, to, commitData({ batch: 1 }))).toBe('RollupBlobNotPublished');
    expect(await refusal(s0, to, commitData({ batch: 1 }), withBlob)).toBe(null);
  });

  test('stores what it was given, says so, and remembers who committed', async () => {
    const contracts = await deployed();
    const { hash } = await commit(s0, contracts, { batch: 1, nonPrivileged: 3n, withdrawals: hash32(55) });
    expect(await contracts.commitment(1)).toEqual([
      hash32(1001),
      ZERO_HASH,
      ZERO_HASH,
      hash32(55),
      hash32(2001),
      3n,
      hash32(1),
    ]);
    expect((await contracts.commitment(0))[0]).toBe(GENESIS_ROOT);
    expect(await contracts.read('lastCommittedBatch')).toBe(1);
    expect(await contracts.leader(1)).toBe(s0.address);
    const { logs } = await s0.client.getTransactionReceipt({ hash });
    expect(
      parseEventLogs({ abi: [...onChainProposerAbi, ...commonBridgeAbi], logs }).map((log) => [
        log.eventName,
        log.args,
      ]),
    ).toEqual([
      ['WithdrawalsPublished', { batchNumber: 1n, withdrawalsLogsMerkleRoot: hash32(55) }],
      ['BatchCommitted', { number: 1n, newStateRoot: hash32(1001) }],
    ]);
  });

  test('other argument lists of commitBatch are unknown to it', async () => {
    const { onChainProposer } = await deployed();
    for (const selector of ['0x747f46dd', '0x0cce9190', '0xc0ddc604'] as const) {
      const data: Hex = `${selector}${commitData({ batch: 1 }).slice(10)}`;
      expect(await refusal(s0, onChainProposer, data)).not.toBe(null);
    }
  });
});

describe('verifyBatches', () => {
  test('goes by one from the last verified batch, whoever calls, and drops the predecessor', async () => {
    const contracts = await deployed();
    const { onChainProposer: to } = contracts;
    for (const batch of [1, 2, 3]) await commit(s0, contracts, { batch });
    expect(await refusal(stranger, to, verifyData(1, 0))).toBe('EmptyBatchArray');
    expect(await refusal(stranger, to, verifyData(1, 2, 1))).toBe('BatchArrayLengthMismatch');
    expect(await refusal(stranger, to, verifyData(2, 1))).toBe('BatchNotSequential');
    expect(await refusal(stranger, to, verifyData(1, 4))).toBe('BatchNotCommitted');
    const { hash } = await mined(stranger, to, verifyData(1, 2));
    const { logs } = await s0.client.getTransactionReceipt({ hash });
    expect(parseEventLogs({ abi: onChainProposerAbi, logs }).map((log) => log.args)).toEqual([
      { lastVerifiedBatch: 1n },
      { lastVerifiedBatch: 2n },
    ]);
    expect(await contracts.read('lastVerifiedBatch')).toBe(2);
    expect((await contracts.commitment(1))[0]).toBe(ZERO_HASH);
    expect((await contracts.commitment(2))[0]).toBe(hash32(1002));
  });

  test('messages leave the queue when their batch is verified, not before', async () => {
    const contracts = await deployed();
    for (const value of [1n, 2n, 3n])
      await mined(stranger, contracts.bridge, depositCall(stranger.address), value);
    const queued = await contracts.pending();
    await commit(s0, contracts, { batch: 1, rolling: privilegedRollingHash(queued.slice(0, 2)) });
    expect(await contracts.pending()).toEqual(queued);
    const next = commitData({ batch: 2, rolling: privilegedRollingHash(queued.slice(2)) });
    expect(await refusal(s0, contracts.onChainProposer, next)).toBe('InvalidPrivilegedTransactionLogs');
    await mined(stranger, contracts.onChainProposer, verifyData(1, 1));
    expect(await contracts.pending()).toEqual(queued.slice(2));
    expect(await refusal(s0, contracts.onChainProposer, next)).toBe(null);
  });

  test('our reader tells the deadline of each message as the contract counts it, and what it lets one wait', async () => {
    const contracts = await deployed({ inclusionMaxWait: 1_234 });
    for (const value of [1n, 2n])
      await mined(stranger, contracts.bridge, depositCall(stranger.address), value);
    const rpc = { request: (method: string, params: readonly unknown[]) => anvil.rpc(method, params) };
    const reader = new L1Contracts(
      { proposer: contracts.onChainProposer, bridge: contracts.bridge, registry: null },
      { rpc },
    );
    const { at, pendingMessages } = await reader.snapshot();
    const deadlines = await reader.deadlines(pendingMessages, at);
    expect(deadlines).toHaveLength(2);
    expect(deadlines[1]).toBe(at.timestamp + 1_234);
    expect(deadlines[0]).toBeLessThanOrEqual(deadlines[1]!);
    expect(await reader.maxWait(at)).toBe(1_234);
  });

  test('with a message overdue, a batch with other transactions cannot be verified', async () => {
    const contracts = await deployed({ inclusionMaxWait: 0 });
    await mined(stranger, contracts.bridge, depositCall(stranger.address), 1n);
    await commit(s0, contracts, { batch: 1 });
    await anvil.rpc('evm_increaseTime', [10]);
    await anvil.rpc('evm_mine');
    expect(await refusal(stranger, contracts.onChainProposer, verifyData(1, 1))).toBe(null);
    await mined(stranger, contracts.onChainProposer, verifyData(1, 1));
    await commit(s0, contracts, { batch: 2, nonPrivileged: 1n });
    const answer = await refusal(stranger, contracts.onChainProposer, verifyData(2, 1));
    expect(answer).toBe('ExpiredPrivilegedTransactionDeadline');
  });

  test('an overdue message does not hinder the batch that includes it', async () => {
    const contracts = await deployed({ inclusionMaxWait: 0 });
    await mined(stranger, contracts.bridge, depositCall(stranger.address), 1n);
    const rolling = privilegedRollingHash(await contracts.pending());
    await commit(s0, contracts, { batch: 1, nonPrivileged: 1n, rolling });
    await anvil.rpc('evm_increaseTime', [10]);
    await anvil.rpc('evm_mine');
    expect(await refusal(stranger, contracts.onChainProposer, verifyData(1, 1))).toBe(null);
  });
});

describe('the leader rule', () => {
  test('terms of 32: batches 1 to 31 are the first sequencer’s, 32 to 63 the second’s', async () => {
    const contracts = await deployed({ sequencers: [s0.address, s1.address] });
    const names = new Map([
      [s0.address as string, 'S0'],
      [s1.address as string, 'S1'],
    ]);
    const leaders: string[] = [];
    for (const batch of [1, 31, 32, 63, 64])
      leaders.push(`${batch}:${names.get(await contracts.leader(batch))}`);
    expect(leaders.join(' ')).toBe('1:S0 31:S0 32:S1 63:S1 64:S0');
    expect(await contracts.leader()).toBe(s0.address);
  });

  test('the length of a term is chosen at deployment, and history is by who committed', async () => {
    const contracts = await deployed({ sequencers: [s0.address, s1.address], batchesPerSequencer: 2 });
    await commit(s0, contracts, { batch: 1 });
    expect(await contracts.leader()).toBe(s1.address);
    expect(await refusal(s0, contracts.onChainProposer, commitData({ batch: 2 }))).toBe(
      'CallerHasNoSequencingRights',
    );
    await commit(s1, contracts, { batch: 2 });
    await mined(stranger, contracts.sequencerRegistry, unregisterData(s1.address));
    expect(await contracts.leader(2)).toBe(s1.address);
    expect(await contracts.leader(3)).toBe(s0.address);
  });

  test('anyone may unregister: the last takes the place, the turn changes, the collateral goes back', async () => {
    const all = [s0.address, s1.address, stranger.address];
    const contracts = await deployed({ sequencers: all });
    const before = await s0.client.getBalance({ address: s0.address });
    await mined(stranger, contracts.sequencerRegistry, unregisterData(s0.address));
    expect(await contracts.leader()).toBe(stranger.address);
    expect(await contracts.leader(32)).toBe(s1.address);
    expect(await contracts.leader(64)).toBe(stranger.address);
    expect(await s0.client.getBalance({ address: s0.address })).toBe(before + MIN_COLLATERAL);
  });

  test('with nobody registered there is no leader and nobody can commit', async () => {
    const contracts = await deployed({ sequencers: [] });
    expect(await contracts.leader()).toBe(ZERO_ADDRESS);
    expect(await refusal(s0, contracts.onChainProposer, commitData({ batch: 1 }))).toBe(
      'CallerHasNoSequencingRights',
    );
  });

  test('refusals of the registry are strings', async () => {
    const { sequencerRegistry: to } = await deployed();
    const ether = { value: `0x${MIN_COLLATERAL.toString(16)}` };
    const push = encodeFunctionData({
      abi: sequencerRegistryAbi,
      functionName: 'pushSequencer',
      args: [1n, s1.address],
    });
    expect([
      await refusal(stranger, to, registerCall(s0.address), ether),
      await refusal(stranger, to, registerCall(s1.address)),
      await refusal(stranger, to, unregisterData(s1.address)),
      await refusal(stranger, to, push),
      await refusal(stranger, to, registerCall(s1.address), ether),
    ]).toEqual([
      'SequencerRegistry: Already registered',
      'SequencerRegistry: Insufficient collateral',
      'SequencerRegistry: Not registered',
      'SequencerRegistry: Only onChainProposer can push sequencer',
      null,
    ]);
  });
});

describe('the bridge', () => {
  test('queues each message under the hash, and gives the rolling hash, that our codec computes', async () => {
    const { bridge, deployedAtBlock, pending } = await deployed();
    await stranger.wait(await sendDeposit(stranger, bridge, { recipient: s1.address, value: 5n }));
    const outgoing = { to: s1.address, gasLimit: 30_000n, value: 7n, data: '0xc0ffee' } as const;
    await stranger.wait(await sendToL2(stranger, bridge, outgoing));
    await stranger.wait(await sendToL2(stranger, bridge, { ...outgoing, data: '0x', to: ZERO_ADDRESS }));
    const head = Number(await s0.client.getBlockNumber({ cacheTime: 0 }));
    const sent = await sentMessages(s0.client, bridge, deployedAtBlock, head);
    expect(
      sent.map(({ messageId, from, to, value, gasLimit, data }) => [
        messageId,
        from,
        to,
        value,
        gasLimit,
        toHex(data),
      ]),
    ).toEqual([
      [
        0n,
        `0x${'0'.repeat(36)}ffff`,
        `0x${'0'.repeat(36)}ffff`,
        5n,
        105_000n,
        `0xb0f4d395${s1.address.slice(2).padStart(64, '0')}`,
      ],
      [1n, stranger.address, s1.address, 7n, 30_000n, '0xc0ffee'],
      [2n, stranger.address, ZERO_ADDRESS, 7n, 30_000n, '0x'],
    ]);
    const hashes = sent.map((message) =>
      privilegedTransactionHash({ ...message, chainId: BigInt(L2_CHAIN_ID) }),
    );
    expect(await pending()).toEqual(hashes);
    for (const count of [1, 2, 3]) {
      const rolling = await s0.client.readContract({
        address: bridge,
        abi: commonBridgeAbi,
        functionName: 'getPendingTransactionsVersionedHash',
        args: [count],
      });
      expect(rolling).toBe(privilegedRollingHash(hashes.slice(0, count)));
    }
  });

  test('a contract speaks on L2 under a moved address', async () => {
    const { bridge, deployedAtBlock } = await deployed();
    const relay: Address = '0x00000000000000000000000000000000000e11a5';
    // Passes its calldata on to the bridge: calldatacopy(0, 0, size); call(gas, bridge, 0, 0, size, 0, 0).
    await anvil.rpc('anvil_setCode', [relay, `0x365f5f375f5f365f5f73${bridge.slice(2)}5af100`]);
    const data = sendToL2Call({ to: s1.address, gasLimit: 21_000n, value: 0n, data: '0x' });
    await stranger.wait(await stranger.send({ to: relay, data, gas: 500_000n }));
    const head = Number(await s0.client.getBlockNumber({ cacheTime: 0 }));
    const [message] = await sentMessages(s0.client, bridge, deployedAtBlock, head);
    const moved = BigInt(relay) + 0xee110000000000000000000000000000000011ffn;
    expect(message).toMatchObject({ l1From: relay, from: `0x${moved.toString(16).padStart(40, '0')}` });
  });

  test('only the proposer moves the queue, and a deposit carries ether', async () => {
    const { bridge } = await deployed();
    const { abi } = contractCode('CommonBridge');
    for (const [functionName, ...args] of [
      ['publishWithdrawals', 1n, hash32(1)],
      ['removePendingTransactionHashes', 0],
    ]) {
      const data = encodeFunctionData({ abi, functionName: functionName as string, args });
      expect(await refusal(stranger, bridge, data)).toBe('CommonBridge: caller is not the OnChainProposer');
    }
    expect(await refusal(stranger, bridge, depositCall(s1.address))).toBe(
      'CommonBridge: amount to deposit is zero',
    );
    const pendingOf = (number: number): Hex =>
      encodeFunctionData({
        abi: commonBridgeAbi,
        functionName: 'getPendingTransactionsVersionedHash',
        args: [number],
      });
    expect(await refusal(stranger, bridge, pendingOf(0))).toBe('CommonBridge: number is zero (get)');
    expect(await refusal(stranger, bridge, pendingOf(1))).toMatch(/greater than the length/);
  });
});
