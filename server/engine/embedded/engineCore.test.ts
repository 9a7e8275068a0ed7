import { afterEach, describe, expect, test } from 'vitest';
import type { BlockHeader, SealedBlock } from '../../protocol/block.ts';
import { decodeBlock, encodeBlock, sealBlock } from '../../protocol/blockCodec.ts';
import { fromHex } from '../../protocol/bytes.ts';
import { type Hash, ZERO_HASH } from '../../protocol/refs.ts';
import {
  alice,
  attributesAfter,
  bob,
  buildBranch,
  buildOn,
  openTestEngine,
  sign,
  type TestEngine,
  tamper,
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

const latest = async ({ engine }: TestEngine): Promise<Hash> => (await engine.labels()).latest.hash;
const unknownHash: Hash = `0x${'77'.repeat(32)}`;

describe('branches', () => {
  test('the head moves between branches and back, and each block is executed once', async () => {
    const maker = await start();
    const a = await buildBranch(maker.engine, maker.genesis, 4, 0xaa);
    const b = await buildBranch(maker.engine, a[1]!, 3, 0xbb);
    const node = await start();
    for (const block of [...a, ...b]) {
      expect(await node.engine.newPayload(block)).toEqual({ status: 'VALID', latestValidHash: block.hash });
    }
    for (const tip of [a[3]!, b[2]!, a[3]!, b[0]!, maker.genesis, b[2]!]) {
      const answer = await node.engine.forkchoiceUpdated(toHead(tip.hash), null);
      expect(answer.payloadStatus.status).toBe('VALID');
      expect(await latest(node)).toBe(tip.hash);
    }
    const byNumber = await Promise.all([1, 2, 3, 4, 5].map((number) => node.engine.blockByNumber(number)));
    expect(byNumber.map((ref) => ref?.hash)).toEqual([
      a[0]!.hash,
      a[1]!.hash,
      b[0]!.hash,
      b[1]!.hash,
      b[2]!.hash,
    ]);
    expect(node.core.stats.executedBlocks).toBe(7);
  });

  test('a rewind to an ancestor is done, not skipped, and numbers above it are gone', async () => {
    const node = await start();
    const blocks = await buildBranch(node.engine, node.genesis, 5);
    await node.engine.forkchoiceUpdated(toHead(blocks[4]!.hash, blocks[3]!.hash, blocks[2]!.hash), null);
    await node.engine.forkchoiceUpdated(toHead(blocks[0]!.hash, blocks[0]!.hash), null);
    expect(await node.engine.labels()).toMatchObject({
      latest: { hash: blocks[0]!.hash },
      safe: { hash: blocks[0]!.hash },
      finalized: null,
    });
    expect(await node.engine.blockByNumber(2)).toBeNull();
    expect(await node.engine.blockByHash(blocks[4]!.hash)).toMatchObject({ number: 5 });
  });

  test('a block that the engine has is VALID again without being executed again', async () => {
    const maker = await start();
    const [block] = await buildBranch(maker.engine, maker.genesis, 1);
    const node = await start();
    for (let call = 0; call < 3; call++) await node.engine.newPayload(block!);
    expect(node.core.stats).toMatchObject({ executedBlocks: 1, knownPayloads: 2 });
    expect((await maker.engine.newPayload(block!)).status).toBe('VALID');
    expect(maker.core.stats).toMatchObject({ executedBlocks: 0, builtBlocks: 1 });
  });

  test('a block of unknown parent is SYNCING, and so is a head that was never given', async () => {
    const maker = await start();
    const [, second] = await buildBranch(maker.engine, maker.genesis, 2);
    const node = await start();
    expect(await node.engine.newPayload(second!)).toEqual({ status: 'SYNCING' });
    const answer = await node.engine.forkchoiceUpdated(toHead(second!.hash), null);
    expect(answer).toEqual({ payloadStatus: { status: 'SYNCING' }, payloadId: null });
    expect(await latest(node)).toBe(node.genesis.hash);
  });

  test('states of all branches stay readable by hash', async () => {
    const node = await start();
    const pay = await sign(alice, { nonce: 0, value: 5n });
    const paid = await buildOn(node.engine, node.genesis, { transactions: [pay], noTxPool: true });
    const other = await buildOn(node.engine, node.genesis, { suggestedFeeRecipient: `0x${'bb'.repeat(20)}` });
    await node.engine.forkchoiceUpdated(toHead(other.hash), null);
    const nonceAt = (hash: Hash) => node.rpc('eth_getTransactionCount', [alice.address, { blockHash: hash }]);
    expect(await Promise.all([nonceAt(paid.hash), nonceAt(other.hash)])).toEqual(['0x1', '0x0']);
  });
});

describe('labels', () => {
  test('a safe or finalized block that is unknown or off the branch is -38002 and moves nothing', async () => {
    const node = await start();
    const a = await buildBranch(node.engine, node.genesis, 2, 0xaa);
    const b = await buildBranch(node.engine, node.genesis, 2, 0xbb);
    await node.engine.forkchoiceUpdated(toHead(a[1]!.hash), null);
    const refused: readonly (readonly [Hash, Hash, Hash])[] = [
      [b[1]!.hash, a[0]!.hash, ZERO_HASH],
      [b[1]!.hash, unknownHash, ZERO_HASH],
      [b[1]!.hash, b[0]!.hash, a[0]!.hash],
      [b[1]!.hash, b[0]!.hash, b[1]!.hash],
      [b[0]!.hash, b[1]!.hash, ZERO_HASH],
      [ZERO_HASH, ZERO_HASH, ZERO_HASH],
    ];
    for (const labels of refused) {
      const call = node.engine.forkchoiceUpdated(toHead(...labels), null);
      await expect(call).rejects.toMatchObject({ code: 'invalid_forkchoice_state', rpcCode: -38002 });
    }
    expect(await latest(node)).toBe(a[1]!.hash);
  });

  test('a zero hash keeps a label while the head descends from it, and drops it otherwise', async () => {
    const node = await start();
    const a = await buildBranch(node.engine, node.genesis, 3, 0xaa);
    const b = await buildBranch(node.engine, a[0]!, 3, 0xbb);
    await node.engine.forkchoiceUpdated(toHead(a[2]!.hash, a[1]!.hash, a[0]!.hash), null);
    await node.engine.forkchoiceUpdated(toHead(a[1]!.hash), null);
    expect(await node.engine.labels()).toMatchObject({ safe: { number: 2 }, finalized: { number: 1 } });
    await node.engine.forkchoiceUpdated(toHead(b[2]!.hash), null);
    expect(await node.engine.labels()).toMatchObject({ safe: null, finalized: { hash: a[0]!.hash } });
  });
});

describe('a block that breaks a rule is INVALID', () => {
  const wrong: readonly (readonly [string, Partial<BlockHeader>, string])[] = [
    ['state root', { stateRoot: unknownHash }, 'state root is'],
    ['receipts root', { receiptsRoot: unknownHash }, 'receipts root is'],
    ['logs bloom', { logsBloom: `0x${'01'.repeat(256)}` }, 'logs bloom is'],
    ['gas used', { gasUsed: 21_001n }, 'gas used is 21000'],
    ['gas used above the limit', { gasUsed: 40_000_000n }, 'above the limit'],
    ['base fee', { baseFeePerGas: 7n }, 'base fee is 7'],
    ['gas limit', { gasLimit: 31_000_000n }, 'too far from'],
    ['number', { number: 2 }, 'number 2 after 0'],
    ['timestamp', { timestamp: 1_700_000_000 }, 'is not after'],
    ['blob gas used', { blobGasUsed: 131_072n }, 'blob gas used is 0'],
    ['blob gas above the limit', { blobGasUsed: 13_107_200n }, 'above'],
    ['excess blob gas', { excessBlobGas: 1n }, 'excess blob gas is 1'],
  ];
  test.each(wrong)('%s', async (_, change, clause) => {
    const maker = await start();
    const transactions = [await sign(alice, { nonce: 0 })];
    const block = await buildOn(maker.engine, maker.genesis, { transactions });
    const node = await start();
    const status = await node.engine.newPayload(tamper(block, change));
    if (status.status !== 'INVALID') throw new Error(status.status);
    expect(status.validationError).toContain(clause);
    expect(status.latestValidHash).toBe(node.genesis.hash);
    expect((await node.engine.newPayload(block)).status).toBe('VALID');
  });

  test('its descendants are too, with the same valid ancestor, and so is a head there', async () => {
    const maker = await start();
    const [first, second] = await buildBranch(maker.engine, maker.genesis, 2);
    const bad = tamper(second!, { stateRoot: unknownHash });
    const child = tamper(second!, { parentHash: bad.hash, number: 3, timestamp: second!.timestamp + 1 });
    const node = await start();
    await node.engine.newPayload(first!);
    expect(await node.engine.newPayload(bad)).toMatchObject({
      status: 'INVALID',
      latestValidHash: first!.hash,
    });
    expect(await node.engine.newPayload(child)).toMatchObject({
      status: 'INVALID',
      latestValidHash: first!.hash,
      validationError: `ancestor ${bad.hash} is invalid`,
    });
    const { payloadStatus } = await node.engine.forkchoiceUpdated(toHead(child.hash), null);
    expect(payloadStatus).toMatchObject({ status: 'INVALID', latestValidHash: first!.hash });
    expect(node.core.stats.executedBlocks).toBe(1);
  });

  test('transactions: bad signature, wrong chain, nonce gap, no funds, too much gas, bytes that are none', async () => {
    const maker = await start();
    const good = await sign(alice, { nonce: 0 });
    const block = await buildOn(maker.engine, maker.genesis, { transactions: [good] });
    const bad: readonly (readonly [Uint8Array, RegExp])[] = [
      [fromHex(`${good.slice(0, -64)}${'00'.repeat(32)}`), /transaction 0: /],
      [fromHex(await sign(alice, { nonce: 0, chainId: 5 })), /[Cc]hain/],
      [fromHex(await sign(alice, { nonce: 3 })), /nonce/],
      [fromHex(await sign(alice, { nonce: 0, value: 10n ** 30n })), /funds/],
      [fromHex(await sign(alice, { nonce: 0, gas: 40_000_000n })), /gas limit 40000000 is above/],
      [fromHex(await sign(alice, { nonce: 0, maxFeePerGas: 1n, maxPriorityFeePerGas: 0n })), /[Ff]ee/],
      [Uint8Array.of(2, 0xc0), /transaction 0: /],
      [Uint8Array.of(9, 9, 9), /transaction 0: /],
    ];
    const node = await start();
    for (const [encoded, clause] of bad) {
      const { header } = block;
      const status = await node.engine.newPayload(sealBlock(header, [encoded], []));
      if (status.status !== 'INVALID') throw new Error(status.status);
      expect(status.validationError).toMatch(clause);
      expect(status.latestValidHash).toBe(node.genesis.hash);
    }
    expect((await node.engine.newPayload(block)).status).toBe('VALID');
  });

  test('a payload whose contents hash to something else names no branch', async () => {
    const maker = await start();
    const [block] = await buildBranch(maker.engine, maker.genesis, 1);
    const status = await maker.engine.newPayload({ ...block!, hash: unknownHash });
    expect(status).toMatchObject({ status: 'INVALID', latestValidHash: null });
  });

  test('execution requests that the batch cannot carry', async () => {
    const maker = await start();
    const [block] = await buildBranch(maker.engine, maker.genesis, 1);
    const status = await maker.engine.newPayload(tamper(block!, { requestsHash: unknownHash }));
    expect(status).toMatchObject({ status: 'INVALID', latestValidHash: null });
  });
});

describe('building', () => {
  const decoded = (block: SealedBlock): SealedBlock => {
    const result = decodeBlock(encodeBlock(block, { items: 3 }));
    if (!result.ok) throw new Error(result.error.detail);
    return result.value;
  };

  test('a built block decodes from its RLP and imports elsewhere to the same hash', async () => {
    const maker = await start();
    const forced = [await sign(alice, { nonce: 0, value: 1n }), await sign(alice, { nonce: 1 })];
    const block = await buildOn(maker.engine, maker.genesis, { transactions: forced });
    await maker.rpc('eth_sendRawTransaction', [await sign(bob, { nonce: 0, to: alice.address })]);
    const next = await buildOn(maker.engine, block);
    expect(next.transactions).toHaveLength(1);
    const node = await start();
    for (const built of [block, next]) {
      expect(decoded(built)).toEqual(built);
      expect(await node.engine.newPayload(decoded(built))).toEqual({
        status: 'VALID',
        latestValidHash: built.hash,
      });
    }
  });

  test('forced transactions come first, then the pool by tip and nonce while gas fits', async () => {
    const node = await start();
    const gas = 21_000n;
    const forced = await sign(alice, { nonce: 0, gas });
    const pool = [
      await sign(alice, { nonce: 2, gas, maxPriorityFeePerGas: 5n * 10n ** 9n }),
      await sign(alice, { nonce: 1, gas, maxPriorityFeePerGas: 1n }),
      await sign(bob, { nonce: 0, gas, maxPriorityFeePerGas: 10n ** 9n }),
      await sign(bob, { nonce: 1, gas: 29_960_000n }),
    ];
    for (const raw of pool) await node.rpc('eth_sendRawTransaction', [raw]);
    const block = await buildOn(node.engine, node.genesis, { transactions: [forced] });
    const hex = block.transactions.map((encoded) => `0x${Buffer.from(encoded).toString('hex')}`);
    expect(hex).toEqual([forced, pool[2], pool[1], pool[0]]);
    await node.engine.forkchoiceUpdated(toHead(block.hash), null);
    expect(await node.rpc('txpool_status', [])).toEqual({ pending: '0x1', queued: '0x0' });
  });

  test('a pool transaction that cannot be executed is dropped with its reason and the block is built', async () => {
    const node = await start();
    const spend = await sign(alice, { nonce: 0, value: 999n * 10n ** 18n });
    const poor = await sign(alice, { nonce: 1, value: 999n * 10n ** 18n });
    await node.rpc('eth_sendRawTransaction', [spend]);
    const hash = await node.rpc('eth_sendRawTransaction', [poor]);
    const block = await buildOn(node.engine, node.genesis);
    expect(block.transactions).toHaveLength(1);
    expect(await node.rpc('plumbline_dropReason', [hash])).toContain('funds');
  });

  test('without the pool only what is forced is in the block', async () => {
    const node = await start();
    await node.rpc('eth_sendRawTransaction', [await sign(alice, { nonce: 0 })]);
    const block = await buildOn(node.engine, node.genesis, { noTxPool: true });
    expect(block.transactions).toHaveLength(0);
  });

  test('a forced transaction that cannot be in the block is -38003, and the next block can be built', async () => {
    const node = await start();
    const transactions = [await sign(alice, { nonce: 7 })];
    await expect(buildOn(node.engine, node.genesis, { transactions })).rejects.toMatchObject({
      code: 'invalid_payload_attributes',
    });
    expect((await buildOn(node.engine, node.genesis)).number).toBe(1);
  });

  test('the gas limit moves towards the wanted one by at most 1/1024', async () => {
    const node = await start();
    const up = await buildOn(node.engine, node.genesis, { gasLimit: 60_000_000n });
    expect(up.header.gasLimit).toBe(30_000_000n + 30_000_000n / 1024n - 1n);
    const near = await buildOn(node.engine, up, { gasLimit: 30_020_000n });
    expect(near.header.gasLimit).toBe(30_020_000n);
    const other = await start();
    expect((await other.engine.newPayload(up)).status).toBe('VALID');
    expect((await other.engine.newPayload(near)).status).toBe('VALID');
  });

  test('attributes that are not after the head are -38003, an unknown payload is -38001', async () => {
    const node = await start();
    const stale = { ...attributesAfter(node.genesis), timestamp: node.genesis.timestamp };
    await expect(node.engine.forkchoiceUpdated(toHead(node.genesis.hash), stale)).rejects.toMatchObject({
      code: 'invalid_payload_attributes',
    });
    await expect(node.engine.getPayload('0x0000000000000001')).rejects.toMatchObject({
      code: 'unknown_payload',
    });
  });

  test('withdrawals are paid in gwei, on Shanghai and Cancun too', async () => {
    for (const genesis of [{ cancun: false, prague: false }, { prague: false }, {}]) {
      const { testGenesis } = await import('./testChain.ts');
      const node = await start({ genesis: testGenesis(genesis) });
      const address = `0x${'cc'.repeat(20)}` as const;
      const withdrawals = [{ index: 0n, validatorIndex: 1n, address, amount: 7n }];
      const block = await buildOn(node.engine, node.genesis, { withdrawals });
      const other = await start({ genesis: testGenesis(genesis) });
      expect((await other.engine.newPayload(block)).status).toBe('VALID');
      await other.engine.forkchoiceUpdated(toHead(block.hash), null);
      expect(await other.rpc('eth_getBalance', [address, 'latest'])).toBe(
        `0x${(7n * 10n ** 9n).toString(16)}`,
      );
    }
  });
});

describe('reorg and pool', () => {
  test('transactions of a dropped branch are offered again, those of the new one leave the pool', async () => {
    const node = await start();
    const [first, second] = [
      await sign(alice, { nonce: 0 }),
      await sign(bob, { nonce: 0, to: alice.address }),
    ];
    const a = await buildOn(node.engine, node.genesis, { transactions: [first, second] });
    const b = await buildOn(node.engine, node.genesis, {
      transactions: [second],
      suggestedFeeRecipient: `0x${'bb'.repeat(20)}`,
    });
    await node.engine.forkchoiceUpdated(toHead(a.hash), null);
    expect(node.core.pool.size).toBe(0);
    await node.engine.forkchoiceUpdated(toHead(b.hash), null);
    expect(await node.rpc('txpool_status', [])).toEqual({ pending: '0x1', queued: '0x0' });
    await node.engine.forkchoiceUpdated(toHead(a.hash), null);
    expect(node.core.pool.size).toBe(0);
  });
});
