import { encodeFunctionData } from 'viem';
import { afterAll, describe, expect, test } from 'vitest';
import {
  depositCall,
  deposit as sendDeposit,
  sendToL2,
  sendToL2Call,
  sentMessages,
} from '../server/devnet/bridge.ts';
import { contractCode } from '../server/devnet/contracts.ts';
import { toHex } from '../server/protocol/bytes.ts';
import { commonBridgeAbi } from '../server/protocol/contractsAbi.ts';
import { privilegedRollingHash, privilegedTransactionHash } from '../server/protocol/privileged.ts';
import { type Address, type Hex, ZERO_ADDRESS } from '../server/protocol/refs.ts';
import { contractsOnL1, hash32, L2_CHAIN_ID, refusal } from '../server/testing/contractsOnL1.ts';

const l1 = await contractsOnL1();
const { anvil, s0, s1, stranger, deployed } = l1;
afterAll(() => l1.stop());

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
