import { expect, test } from 'vitest';
import type { Hex } from '../../protocol/refs.ts';
import { buildOn, openTestEngine, testGenesis } from './testChain.ts';

const BEACON_ROOTS: Hex = '0x000f3df6d732807ef1319fb7b8bb8522d0beac02';
const BLOCK_HASHES: Hex = '0x0000f90827f1c53a10cb7a02335b175320002935';
const BEACON_CODE =
  '0x3373fffffffffffffffffffffffffffffffffffffffe14604d57602036146024575f5ffd5b5f35801560495762001fff810690815414603c575f5ffd5b62001fff01545f5260205ff35b5f5ffd5b62001fff42064281555f359062001fff015500';
const HASHES_CODE =
  '0x3373fffffffffffffffffffffffffffffffffffffffe14604657602036036042575f35600143038111604257611fff81430311604257611fff9006545f5260205ff35b5f5ffd5b5f35611fff60014303065500';

/** Builds a block on a genesis where both system contracts have the given code, and reads what they keep. */
async function expectRingBuffers(beaconCode: string, hashesCode: string): Promise<void> {
  const alloc = {
    [BEACON_ROOTS]: { balance: '0x0', nonce: '0x1', code: beaconCode },
    [BLOCK_HASHES]: { balance: '0x0', nonce: '0x1', code: hashesCode },
  };
  const node = await openTestEngine({ genesis: testGenesis({ alloc }) });
  const block = await buildOn(node.engine, node.genesis, { parentBeaconBlockRoot: `0x${'be'.repeat(32)}` });
  const read = (address: Hex, slot: bigint) =>
    node.rpc('eth_getStorageAt', [address, `0x${slot.toString(16)}`, { blockHash: block.hash }]);
  const time = BigInt(block.timestamp) % 8_191n;
  const slots = [
    await read(BEACON_ROOTS, time),
    await read(BEACON_ROOTS, time + 8_191n),
    await read(BLOCK_HASHES, 0n),
  ];
  const parent = node.genesis.hash;
  expect(slots).toEqual([
    `0x${block.timestamp.toString(16).padStart(64, '0')}`,
    `0x${'be'.repeat(32)}`,
    parent,
  ]);
  await node.close();
}

test('the ring buffers of EIP-4788 and EIP-2935 are the same whether written straight or by calling the code', async () => {
  await expectRingBuffers(BEACON_CODE, HASHES_CODE);
  // One unreachable byte more is other code, which has to be called.
  await expectRingBuffers(`${BEACON_CODE}00`, `${HASHES_CODE}00`);
});
