import { request } from 'node:http';
import { createPublicClient, createWalletClient, defineChain, http, parseAbi } from 'viem';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Hex } from '../../protocol/refs.ts';
import { connectEngine } from '../connect.ts';
import type { Engine } from '../engine.ts';
import { createJwt, parseJwtSecret } from '../transport/jwt.ts';
import { type EmbeddedEngine, openEmbeddedEngine } from './open.ts';
import {
  alice,
  attributesAfter,
  bob,
  CHAIN_ID,
  ETHER,
  REVERTER,
  STORER,
  testGenesis,
  toHead,
} from './testChain.ts';

const SECRET = '0f'.repeat(32);
let embedded: EmbeddedEngine;
let url: string;

beforeAll(async () => {
  embedded = await openEmbeddedEngine({
    genesis: testGenesis(),
    l2Rules: true,
    http: { port: 0, jwtSecret: SECRET, corsOrigins: ['https://wallet.example'] },
  });
  url = embedded.httpUrl!;
});
afterAll(() => embedded.close());

const post = (body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });

/** One block from the pool on top of the head, over HTTP with a token. */
async function mine(engine: Engine): Promise<void> {
  const { latest } = await engine.labels();
  const attributes = { ...attributesAfter(embeddedParent(latest)), timestamp: latest.timestamp + 1 };
  const { payloadId } = await engine.forkchoiceUpdated(toHead(latest.hash), attributes);
  const { block } = await engine.getPayload(payloadId!);
  await engine.newPayload(block);
  await engine.forkchoiceUpdated(toHead(block.hash), null);
}

const embeddedParent = (latest: { timestamp: number }) => latest as Parameters<typeof attributesAfter>[0];

describe('a wallet', () => {
  const chain = defineChain({
    id: CHAIN_ID,
    name: 'test',
    nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
    rpcUrls: { default: { http: [] } },
  });
  const clients = () => ({
    reader: createPublicClient({ chain, transport: http(url) }),
    wallet: createWalletClient({ account: alice, chain, transport: http(url) }),
  });

  test('sends, waits for the receipt and reads the result', async () => {
    const engine = connectEngine({ url, jwtSecret: SECRET });
    const { reader, wallet } = clients();
    expect(await reader.getChainId()).toBe(CHAIN_ID);
    expect(await reader.getBalance({ address: bob.address })).toBe(1_000n * ETHER);
    const hash = await wallet.sendTransaction({ to: bob.address, value: 5n });
    expect(await reader.getTransactionCount({ address: alice.address, blockTag: 'pending' })).toBe(1);
    expect(await reader.getTransaction({ hash })).toMatchObject({ blockNumber: null, value: 5n });
    await mine(engine);
    const receipt = await reader.waitForTransactionReceipt({ hash });
    expect(receipt).toMatchObject({
      status: 'success',
      gasUsed: 21_000n,
      type: 'eip1559',
      transactionIndex: 0,
    });
    expect(await reader.getBalance({ address: bob.address })).toBe(1_000n * ETHER + 5n);
    const block = await reader.getBlock({ includeTransactions: true });
    expect(block.transactions[0]).toMatchObject({ hash, nonce: 0, to: bob.address.toLowerCase() });
    expect(await reader.getBlock({ blockNumber: 0n })).toMatchObject({ number: 0n });
    await engine.close();
  });

  test('calls, estimates, deploys and filters logs', async () => {
    const engine = connectEngine({ url, jwtSecret: SECRET });
    const { reader, wallet } = clients();
    const data: Hex = `0x${'00'.repeat(31)}09`;
    const gas = await reader.estimateGas({ account: alice, to: STORER, data });
    const hash = await wallet.sendTransaction({ to: STORER, data, gas });
    // Init code that returns 1 byte 0x00 (STOP) as the contract's code.
    const deploy = await wallet.sendTransaction({ data: '0x60016000f3' });
    await mine(engine);
    const stored = await reader.getTransactionReceipt({ hash });
    expect(stored).toMatchObject({ status: 'success', gasUsed: gas });
    expect(await reader.getStorageAt({ address: STORER, slot: '0x0' })).toBe(data);
    const [log, ...more] = await reader.getLogs({ address: STORER, fromBlock: 0n });
    expect(more).toEqual([]);
    expect(log).toMatchObject({
      data,
      transactionHash: hash,
      logIndex: 0,
      topics: [`0x${'00'.repeat(31)}07`],
    });
    expect(await reader.getLogs({ address: bob.address, fromBlock: 0n })).toEqual([]);
    const { contractAddress } = await reader.getTransactionReceipt({ hash: deploy });
    expect(await reader.getCode({ address: contractAddress! })).toBe('0x00');
    expect(await reader.getFeeHistory({ blockCount: 2, rewardPercentiles: [50] })).toMatchObject({
      baseFeePerGas: { length: 3 },
    });
    expect(await reader.getGasPrice()).toBeGreaterThan(0n);
    await engine.close();
  });

  test('is told why: a revert with its data, and each refusal of the pool', async () => {
    const { reader, wallet } = clients();
    const abi = parseAbi(['function f()']);
    const call = reader.readContract({ address: REVERTER, abi, functionName: 'f' });
    await expect(call).rejects.toThrow(/reverted/);
    await expect(reader.estimateGas({ account: alice, to: REVERTER })).rejects.toThrow(/reverted/);
    const raw = await embedded.rpc('eth_call', [{ to: REVERTER }]).catch((error: unknown) => error);
    expect(raw).toMatchObject({ rpcCode: 3 });
    const nonce = await reader.getTransactionCount({ address: alice.address });
    const gas = 21_000n;
    const send = (more: object) => wallet.sendTransaction({ to: bob.address, gas, ...more });
    await expect(send({ nonce: 0 })).rejects.toThrow(/nonce/i);
    await expect(send({ nonce: nonce + 5_000 })).rejects.toThrow(/nonce/i);
    await expect(send({ nonce, value: 10n ** 24n })).rejects.toThrow(/funds/);
    await expect(send({ nonce, gas: 20_000n })).rejects.toThrow(/intrinsic gas too low/);
    await expect(send({ nonce, gas: 10n ** 9n })).rejects.toThrow(/exceeds block gas limit/);
    await expect(send({ nonce, data: `0x${'00'.repeat(140_000)}`, gas: 29_000_000n })).rejects.toThrow(
      /oversized/,
    );
    const fees = { maxFeePerGas: 2n * 10n ** 9n, maxPriorityFeePerGas: 10n ** 9n };
    await send({ nonce, ...fees });
    await expect(send({ nonce, value: 1n, ...fees })).rejects.toThrow(/underpriced/);
    const bumped = { maxFeePerGas: 22n * 10n ** 8n, maxPriorityFeePerGas: 11n * 10n ** 8n };
    await expect(send({ nonce, value: 1n, ...bumped })).resolves.toMatch(/^0x/);
    await expect(embedded.rpc('eth_sendRawTransaction', ['0x7e01'])).rejects.toMatchObject({
      rpcCode: -32000,
    });
  });
});

describe('authentication', () => {
  const call = { jsonrpc: '2.0', id: 1, method: 'engine_exchangeCapabilities', params: [[]] };
  const now = (): number => Date.now() / 1000;
  const secret = parseJwtSecret(SECRET);

  const tokens: readonly (readonly [string, () => string, number])[] = [
    ['a fresh token', () => createJwt(secret, now()), 200],
    ['59 s old', () => createJwt(secret, now() - 59), 200],
    ['59 s ahead', () => createJwt(secret, now() + 59), 200],
    ['62 s old', () => createJwt(secret, now() - 62), 401],
    ['62 s ahead', () => createJwt(secret, now() + 62), 401],
    ['another secret', () => createJwt(new Uint8Array(32), now()), 401],
    ['no signature', () => `${createJwt(secret, now()).split('.').slice(0, 2).join('.')}.`, 401],
    ['algorithm none', () => `${Buffer.from('{"alg":"none"}').toString('base64url')}.e30.`, 401],
    ['not a token', () => 'hello', 401],
  ];
  test.each(tokens)('%s', async (_, token, status) => {
    const response: Response = await post(call, { authorization: `Bearer ${token()}` });
    expect(response.status).toBe(status);
    await response.text();
  });

  test('no token reaches no engine_ method, not even inside a batch, while eth_ is open', async () => {
    expect((await post(call)).status).toBe(401);
    expect((await post([{ jsonrpc: '2.0', id: 1, method: 'eth_chainId' }, call])).status).toBe(401);
    const open = await post({ jsonrpc: '2.0', id: 7, method: 'eth_chainId' });
    expect(await open.json()).toEqual({ jsonrpc: '2.0', id: 7, result: '0x539' });
  });

  test('the client says auth_failed for a wrong secret and unreachable for a closed port', async () => {
    const wrong = connectEngine({ url, jwtSecret: '11'.repeat(32) });
    await expect(wrong.exchangeCapabilities()).rejects.toMatchObject({ code: 'auth_failed' });
    const nobody = connectEngine({ url: 'http://127.0.0.1:9', jwtSecret: SECRET });
    await expect(nobody.exchangeCapabilities()).rejects.toMatchObject({ code: 'unreachable' });
    expect(() => connectEngine({ url, jwtSecret: 'short' })).toThrow(/64 hex digits/);
  });

  test('without a configured secret the engine_ namespace is not there', async () => {
    const open = await openEmbeddedEngine({ genesis: testGenesis(), http: { port: 0 } });
    const response: Response = await fetch(open.httpUrl!, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(call),
    });
    expect(response.status).toBe(401);
    await open.close();
  });
});

describe('the HTTP server', () => {
  const chainId = { jsonrpc: '2.0', id: 1, method: 'eth_chainId', params: [] };

  test('refuses foreign hosts, origins, methods, content types and bodies that are too large', async () => {
    expect((await post(chainId, { origin: 'https://evil.example' })).status).toBe(403);
    expect((await fetch(url)).status).toBe(405);
    expect((await post(chainId, { 'content-type': 'text/plain' })).status).toBe(415);
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const outgoing = request(url, { method: 'POST', headers: { host: 'evil.example' } }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      outgoing.on('error', reject);
      outgoing.end('{}');
    });
    expect(status).toBe(403);
  });

  test('answers an allowed origin and its preflight', async () => {
    const origin = 'https://wallet.example';
    const preflight = await fetch(url, { method: 'OPTIONS', headers: { origin } });
    expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([204, origin]);
  });

  test('answers malformed requests with JSON-RPC errors', async () => {
    const code = async (body: unknown) =>
      ((await (await post(body)).json()) as { error: { code: number } }).error.code;
    expect(await code('{')).toBe(-32700);
    expect(await code('[]')).toBe(-32700);
    expect(await code({ id: 1 })).toBe(-32600);
    expect(await code({ ...chainId, method: 'eth_nothing' })).toBe(-32601);
    expect(await code({ ...chainId, method: 'eth_getBalance', params: ['0x12'] })).toBe(-32602);
    expect(await code({ ...chainId, method: 'eth_getBlockByNumber', params: [{}] })).toBe(-32602);
    const batch = await (await post([chainId, { ...chainId, id: 2 }])).json();
    expect(batch).toMatchObject([{ id: 1, result: '0x539' }, { id: 2 }]);
  });

  test('a taken port is one sentence', async () => {
    const port = Number(new URL(url).port);
    await expect(openEmbeddedEngine({ genesis: testGenesis(), http: { port } })).rejects.toMatchObject({
      code: 'http_listen',
      message: `the engine cannot listen on 127.0.0.1:${port}: it is in use`,
    });
  });
});

test('a closed engine answers nothing any more, and closing twice is closing once', async () => {
  const { engine, close } = await openEmbeddedEngine({ genesis: testGenesis() });
  await Promise.all([close(), close()]);
  await expect(engine.chainId()).rejects.toMatchObject({ code: 'unreachable' });
});

test('a genesis that is not one keeps the engine from starting, with the reason', async () => {
  await expect(openEmbeddedEngine({ genesis: {} })).rejects.toMatchObject({ code: 'malformed_genesis' });
});
