import { toFunctionSelector } from 'viem';
import { expect, test } from 'vitest';
import { parseGenesis } from '../engine/embedded/genesis.ts';
import { L2_BRIDGE } from './bridge.ts';
import { DEV_COUNTER, DEV_TOKEN, DEVNET_L2_CHAIN_ID, devAccounts, devnetGenesis } from './genesis.ts';

test('the embedded engine reads the genesis, with Prague from the first block', () => {
  const genesis = parseGenesis(devnetGenesis({ timestamp: 1_700_000_000 }));
  expect(genesis.chainId).toBe(BigInt(DEVNET_L2_CHAIN_ID));
  expect(genesis.forkTimes).toEqual({ shanghai: 0, cancun: 0, prague: 0 });
  expect(genesis.header.timestamp).toBe(1_700_000_000);
});

test('the accounts are the ones that development tools know', () => {
  const [first] = devAccounts(1);
  expect(first).toEqual({
    address: '0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266',
    privateKey: '0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80',
  });
});

test('bridge and traffic contracts have code, and the bridge answers to mintETH', () => {
  const { alloc } = devnetGenesis();
  for (const address of [L2_BRIDGE, DEV_TOKEN, DEV_COUNTER]) {
    expect(alloc[address]?.code?.length ?? 0).toBeGreaterThan(100);
  }
  expect(toFunctionSelector('mintETH(address)')).toBe('0xb0f4d395');
  expect(alloc[L2_BRIDGE]?.code).toContain('b0f4d395');
});

test('the same options give the same genesis', () => {
  expect(devnetGenesis({ timestamp: 7 })).toEqual(devnetGenesis({ timestamp: 7 }));
});
