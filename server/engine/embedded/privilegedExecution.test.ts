import { afterEach, expect, test } from 'vitest';
import { sealBlock } from '../../protocol/blockCodec.ts';
import { fromHex, toHex } from '../../protocol/bytes.ts';
import type { Hex } from '../../protocol/refs.ts';
import { encodeRlpList, encodeRlpString, encodeRlpUint } from '../../protocol/rlp.ts';
import { decodeTransaction, transactionHash } from '../../protocol/transaction.ts';
import {
  alice,
  BRIDGE,
  buildOn,
  ETHER,
  openTestEngine,
  type PrivilegedOptions,
  privileged,
  REVERTER,
  STORER,
  sign,
  type TestEngine,
  testGenesis,
  toHead,
} from './testChain.ts';

const open: TestEngine[] = [];
const start = async (...args: Parameters<typeof openTestEngine>): Promise<TestEngine> => {
  const engine = await openTestEngine(...args);
  open.push(engine);
  return engine;
};
afterEach(async () => {
  for (const engine of open.splice(0)) await engine.close();
});

const stranger: Hex = `0x${'5e'.repeat(20)}`;
const receiver: Hex = `0x${'4e'.repeat(20)}`;
const word = (last: number) => Uint8Array.from({ length: 32 }, (_, at) => (at === 31 ? last : 0));

/** Puts one L1 message in a block, imports the block in a second engine, and reads what it did there. */
async function include(options: PrivilegedOptions) {
  const maker = await start();
  const raw = privileged(options);
  const block = await buildOn(maker.engine, maker.genesis, { transactions: [raw], noTxPool: true });
  const node = await start();
  expect(await node.engine.newPayload(block)).toEqual({ status: 'VALID', latestValidHash: block.hash });
  await node.engine.forkchoiceUpdated(toHead(block.hash), null);
  const hash = transactionHash(fromHex(raw));
  const receipt = (await node.rpc('eth_getTransactionReceipt', [hash])) as Record<string, unknown>;
  const balance = async (address: Hex) =>
    BigInt((await node.rpc('eth_getBalance', [address, 'latest'])) as Hex);
  return { node, block, hash, receipt, balance };
}

test('the bridge mints: the receiver gains, nobody loses, the fee recipient earns nothing', async () => {
  const { receipt, balance, hash, block } = await include({ to: receiver, value: 7n });
  expect(receipt).toMatchObject({ status: '0x1', type: '0x7e', gasUsed: '0x5208', transactionHash: hash });
  expect(receipt).toMatchObject({
    from: BRIDGE,
    to: receiver,
    effectiveGasPrice: '0x0',
    contractAddress: null,
  });
  expect(await balance(receiver)).toBe(7n);
  expect(await balance(BRIDGE)).toBe(0n);
  expect(await balance(block.header.beneficiary)).toBe(0n);
});

test('its hash is that of the L1 message, under which it is found again', async () => {
  const { node, hash, block } = await include({ to: STORER, data: word(9), messageId: 41n });
  const found = (await node.rpc('eth_getTransactionByHash', [hash])) as Record<string, unknown>;
  expect(found).toMatchObject({ hash, type: '0x7e', nonce: '0x29', blockHash: block.hash, from: BRIDGE });
  const decoded = decodeTransaction(block.transactions[0]!);
  expect(decoded.ok && decoded.value.kind).toBe('privileged');
});

test('a call runs with its data, logs, and leaves the nonce of its sender alone', async () => {
  const { node, receipt, balance } = await include({
    from: alice.address.toLowerCase() as Hex,
    to: STORER,
    data: word(9),
  });
  expect(receipt).toMatchObject({ status: '0x1' });
  expect(receipt['logs']).toMatchObject([{ address: STORER, data: toHex(word(9)), logIndex: '0x0' }]);
  expect(await node.rpc('eth_getStorageAt', [STORER, '0x0', 'latest'])).toBe(toHex(word(9)));
  expect(await node.rpc('eth_getTransactionCount', [alice.address, 'latest'])).toBe('0x0');
  expect(await balance(alice.address)).toBe(1_000n * ETHER);
});

test('a sender other than the bridge pays the value', async () => {
  const { balance } = await include({ from: alice.address.toLowerCase() as Hex, to: receiver, value: 3n });
  expect(await balance(receiver)).toBe(3n);
  expect(await balance(alice.address)).toBe(1_000n * ETHER - 3n);
});

test('a sender without the value: included, failed, all its gas gone, nothing moved', async () => {
  const { receipt, balance } = await include({ from: stranger, to: receiver, value: 3n, gasLimit: 60_000n });
  expect(receipt).toMatchObject({ status: '0x0', gasUsed: '0xea60', logs: [] });
  expect(await balance(receiver)).toBe(0n);
});

test('a failing call gives the value back to its sender', async () => {
  const { receipt, balance } = await include({
    from: alice.address.toLowerCase() as Hex,
    to: REVERTER,
    value: 3n,
  });
  expect(receipt).toMatchObject({ status: '0x0' });
  expect(await balance(REVERTER)).toBe(0n);
  expect(await balance(alice.address)).toBe(1_000n * ETHER);
});

test('what the bridge mints stays with the receiver even when the call fails', async () => {
  const { receipt, balance } = await include({ to: REVERTER, value: 3n });
  expect(receipt).toMatchObject({ status: '0x0' });
  expect(await balance(REVERTER)).toBe(3n);
  expect(await balance(BRIDGE)).toBe(0n);
});

test('too little gas for the intrinsic cost: failed with all its gas, and the value is gone', async () => {
  const from = alice.address.toLowerCase() as Hex;
  const { receipt, balance } = await include({ from, to: receiver, value: 3n, gasLimit: 20_000n });
  expect(receipt).toMatchObject({ status: '0x0', gasUsed: '0x4e20' });
  expect(await balance(receiver)).toBe(0n);
  expect(await balance(from)).toBe(1_000n * ETHER - 3n);
});

test('an access list costs its intrinsic gas and warms what it names', async () => {
  const accessList = encodeRlpList([
    encodeRlpList([encodeRlpString(fromHex(STORER)), encodeRlpList([encodeRlpString(word(0))])]),
  ]);
  const withList = (list: Uint8Array): Hex => {
    const fields = [1_337n, 0n, 1n, 10n ** 11n, 105_000n].map((value) => encodeRlpUint(value));
    const call = [encodeRlpString(fromHex(STORER)), encodeRlpUint(0), encodeRlpString(word(9))];
    const payload = encodeRlpList([...fields, ...call, list, encodeRlpString(fromHex(BRIDGE))]);
    return toHex(Uint8Array.of(0x7e, ...payload));
  };
  const maker = await start();
  const plain = await buildOn(maker.engine, maker.genesis, { transactions: [withList(encodeRlpList([]))] });
  const listed = await buildOn(maker.engine, maker.genesis, { transactions: [withList(accessList)] });
  // EIP-2930: 2,400 for the address and 1,900 for the key, then the slot is 2,100 cheaper (EIP-2929).
  expect(listed.header.gasUsed - plain.header.gasUsed).toBe(2_400n + 1_900n - 2_100n);
});

test('a fee cap below the base fee, or no receiver, makes the block invalid', async () => {
  const maker = await start();
  const block = await buildOn(maker.engine, maker.genesis);
  const creation = Uint8Array.of(
    0x7e,
    ...encodeRlpList([
      ...[1_337n, 0n, 1n, 10n ** 11n, 105_000n].map((value) => encodeRlpUint(value)),
      encodeRlpString(new Uint8Array(0)),
      ...[encodeRlpUint(0), encodeRlpString(new Uint8Array(0)), encodeRlpList([])],
      encodeRlpString(fromHex(BRIDGE)),
    ]),
  );
  for (const [encoded, clause] of [
    [fromHex(privileged({ maxFeePerGas: 1n })), 'below the base fee'],
    [creation, 'creates a contract'],
  ] as const) {
    const status = await maker.engine.newPayload(sealBlock(block.header, [encoded], []));
    expect(status).toMatchObject({ status: 'INVALID', latestValidHash: maker.genesis.hash });
    expect(status.status === 'INVALID' && status.validationError).toContain(clause);
  }
});

test('without the L2 rules 0x7e, and always 0x7d, is refused by name and not called invalid', async () => {
  const maker = await start();
  const block = await buildOn(maker.engine, maker.genesis, { transactions: [privileged()] });
  const plain = await start({ l2Rules: false });
  await expect(plain.engine.newPayload(block)).rejects.toMatchObject({ code: 'unsupported_transaction' });
  const feeToken = sealBlock(block.header, [Uint8Array.of(0x7d, 0xc0)], []);
  await expect(maker.engine.newPayload(feeToken)).rejects.toMatchObject({ code: 'unsupported_transaction' });
  const built = buildOn(maker.engine, maker.genesis, { transactions: ['0x7dc0'] });
  await expect(built).rejects.toMatchObject({ code: 'unsupported_transaction' });
});

test('P256VERIFY answers at 0x100 under the L2 rules only', async () => {
  // A call to an address without code succeeds with nothing; the precompile charges 6,900 gas (EIP-7951).
  const call = await sign(alice, {
    nonce: 0,
    to: '0x0000000000000000000000000000000000000100',
    gas: 90_000n,
  });
  const gasUsed = async (l2Rules: boolean) => {
    const node = await start({ l2Rules, genesis: testGenesis() });
    return (await buildOn(node.engine, node.genesis, { transactions: [call] })).header.gasUsed;
  };
  expect([await gasUsed(true), await gasUsed(false)]).toEqual([27_900n, 21_000n]);
});
