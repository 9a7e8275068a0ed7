import { encodeFunctionData } from 'viem';
import { afterAll, describe, expect, test } from 'vitest';
import { MIN_COLLATERAL, registerCall } from '../server/devnet/deploy.ts';
import { sequencerRegistryAbi } from '../server/protocol/contractsAbi.ts';
import { ZERO_ADDRESS } from '../server/protocol/refs.ts';
import {
  commit,
  commitData,
  contractsOnL1,
  mined,
  refusal,
  unregisterData,
} from '../server/testing/contractsOnL1.ts';

const l1 = await contractsOnL1();
const { s0, s1, stranger, deployed } = l1;
afterAll(() => l1.stop());

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
