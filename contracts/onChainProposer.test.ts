import { encodeAbiParameters, keccak256, parseEventLogs } from 'viem';
import { afterAll, describe, expect, test } from 'vitest';
import { depositCall } from '../server/devnet/bridge.ts';
import { commonBridgeAbi, onChainProposerAbi } from '../server/protocol/contractsAbi.ts';
import { privilegedRollingHash } from '../server/protocol/privileged.ts';
import { type Hex, ZERO_HASH } from '../server/protocol/refs.ts';
import { L1Contracts } from '../server/sequencer/l1Contracts.ts';
import {
  commit,
  commitData,
  contractsOnL1,
  GENESIS_ROOT,
  hash32,
  mined,
  refusal,
  verifyData,
  withBlob,
} from '../server/testing/contractsOnL1.ts';

const l1 = await contractsOnL1();
const { anvil, s0, stranger, deployed } = l1;
afterAll(() => l1.stop());

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
