import { toFunctionSelector } from 'viem';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { ManualClock, systemClock } from '../../lib/clock.ts';
import type { Clock } from '../../lib/time.ts';
import type { Hash, Hex } from '../../protocol/refs.ts';
import { httpRpc } from '../../sequencer/httpRpc.ts';
import { loadBlobCommitter } from '../../sequencer/kzg.ts';
import { LocalSigner } from '../../sequencer/localSigner.ts';
import { scriptedHttp } from '../../testing/scriptedHttp.ts';
import { type Anvil, startAnvil } from '../anvil.ts';
import { readRawTransaction } from './rawTransaction.ts';
import { RpcProxy } from './rpcProxy.ts';

const GWEI = 10n ** 9n;
const PROPOSER = '0x00000000000000000000000000000000000c0de0';
const COMMIT = toFunctionSelector('commitBatch(uint256)') as Hex;
const FEES = { maxFeePerGas: 100n * GWEI, maxPriorityFeePerGas: GWEI, maxFeePerBlobGas: null };

let anvil: Anvil;
beforeAll(async () => {
  anvil = await startAnvil({ accounts: 2 });
});
afterAll(() => anvil.stop());

const open: RpcProxy[] = [];
afterEach(() => Promise.all(open.splice(0).map((proxy) => proxy.close())));

async function proxied(clock: Clock = systemClock) {
  const commits = { to: PROPOSER, selector: COMMIT } as const;
  const proxy = await RpcProxy.open({ target: anvil.url, commits }, { clock });
  open.push(proxy);
  return { proxy, rpc: httpRpc(proxy.url, { timeoutMs: 10_000 }) };
}

let nonce = 0;
/** A signed transaction; the nonce is used up only by those that are meant to be mined. */
async function signed(call: { to: Hex; data: Hex }, mined = true): Promise<Hex> {
  const signer = new LocalSigner({ privateKey: anvil.accounts[0]!.privateKey }, { kzg: null });
  const raw = await signer.sign({
    chainId: 31_337,
    nonce: mined ? nonce++ : nonce,
    gas: 100_000n,
    fees: FEES,
    value: 0n,
    blobs: [],
    ...call,
  });
  return raw;
}
const commit = (mined = true) => signed({ to: PROPOSER, data: `${COMMIT}${'00'.repeat(31)}07` }, mined);
const mined = async (hash: Hash): Promise<boolean> =>
  (await anvil.rpc('eth_getTransactionReceipt', [hash])) !== null;
const isMined = (hash: Hash) => expect.poll(() => mined(hash), { timeout: 25_000 }).toBe(true);

test('without faults everything passes: calls, batches of calls, other paths, WebSockets', async () => {
  const { proxy, rpc } = await proxied();
  expect(await rpc.request('eth_chainId', [])).toBe('0x7a69');
  const batch = [1, 2].map((id) => ({ jsonrpc: '2.0', id, method: 'eth_chainId', params: [] }));
  const answer = await fetch(proxy.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(batch),
  });
  expect(await answer.json()).toHaveLength(2);
  const genesisBlobs = await fetch(`${proxy.url}/eth/v1/beacon/genesis`);
  expect(await genesisBlobs.json()).toEqual(
    await (await fetch(`${anvil.beaconUrl}/eth/v1/beacon/genesis`)).json(),
  );
  expect(await overWebSocket(proxy)).toBe('0x7a69');
  await expect(rpc.request('eth_nonsense', [])).rejects.toMatchObject({ code: -32601 });
});

async function overWebSocket(proxy: RpcProxy): Promise<unknown> {
  const socket = new WebSocket(proxy.wsUrl);
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  socket.send(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_chainId', params: [] }));
  const data = await new Promise<Buffer>((resolve) => socket.once('message', resolve));
  socket.close();
  return JSON.parse(data.toString()).result;
}

test('a cut breaks what is open and refuses what is new, until it is healed', async () => {
  const { proxy, rpc } = await proxied();
  const socket = new WebSocket(proxy.wsUrl);
  await new Promise((resolve) => socket.once('open', resolve));
  const closed = new Promise((resolve) => socket.once('close', resolve));
  proxy.set({ cut: true });
  await closed;
  await expect(rpc.request('eth_chainId', [])).rejects.toThrow();
  await expect(overWebSocket(proxy)).rejects.toThrow();
  expect(proxy.stats.cut).toBeGreaterThanOrEqual(2);
  proxy.set({ cut: false });
  expect(await rpc.request('eth_chainId', [])).toBe('0x7a69');
});

test('a cut does not wait for an answer that is on its way', async () => {
  const { proxy, rpc } = await proxied();
  const silent = await scriptedHttp(() => ({ kind: 'hang' }));
  proxy.set({ instead: silent.url });
  const asked = rpc.request('eth_chainId', []);
  const broken = expect(asked).rejects.toThrow('fetch failed');
  await expect.poll(() => silent.requests.length).toBe(1);
  proxy.set({ cut: true });
  await broken;
  await silent.close();
});

test('a delay holds every call for its time, and a change of the rules lets it go', async () => {
  const clock = new ManualClock();
  const { proxy, rpc } = await proxied(clock);
  proxy.set({ delayMs: 5_000 });
  const sleeping = (count: number) => expect.poll(() => clock.sleeping).toBe(count);
  let answered = 0;
  const one = rpc.request('eth_chainId', []).then(() => answered++);
  await sleeping(1);
  await clock.advance(4_999);
  expect(answered).toBe(0);
  await clock.advance(1);
  await one;
  const two = rpc.request('eth_chainId', []).then(() => answered++);
  await sleeping(1);
  proxy.set({ delayMs: 0 });
  await two;
  expect(answered).toBe(2);
});

test('dropped commits are taken and never seen again; other transactions and other calls pass', async () => {
  const { proxy, rpc } = await proxied();
  proxy.set({ commits: { kind: 'drop' } });
  const raw = await commit(false);
  const hash = (await rpc.request('eth_sendRawTransaction', [raw])) as Hash;
  expect(hash).toBe(readRawTransaction(raw)?.hash);
  const others = [
    await signed({ to: PROPOSER, data: '0x12345678' }),
    await signed({ to: '0x00000000000000000000000000000000000c0de1', data: COMMIT }),
  ];
  for (const other of others) await isMined((await rpc.request('eth_sendRawTransaction', [other])) as Hash);
  expect(await mined(hash)).toBe(false);
  expect(proxy.stats.droppedCommits).toBe(1);
  proxy.set({ commits: { kind: 'pass' } });
  await isMined((await rpc.request('eth_sendRawTransaction', [await commit()])) as Hash);
});

test('refused commits answer with an error, also inside a batch of calls', async () => {
  const { proxy, rpc } = await proxied();
  proxy.set({ commits: { kind: 'refuse' } });
  const raw = await commit(false);
  await expect(rpc.request('eth_sendRawTransaction', [raw])).rejects.toMatchObject({ code: -32_000 });
  const answer = await fetch(proxy.url, {
    method: 'POST',
    body: JSON.stringify([
      { jsonrpc: '2.0', id: 1, method: 'eth_chainId', params: [] },
      { jsonrpc: '2.0', id: 2, method: 'eth_sendRawTransaction', params: [raw] },
    ]),
  });
  expect(await answer.json()).toMatchObject([
    { id: 1, result: '0x7a69' },
    { id: 2, error: { code: -32_000 } },
  ]);
});

test('delayed commits are taken at once and reach L1 later, or when healed', async () => {
  const clock = new ManualClock();
  const { proxy, rpc } = await proxied(clock);
  proxy.set({ commits: { kind: 'delay', ms: 8_000 } });
  const first = (await rpc.request('eth_sendRawTransaction', [await commit()])) as Hash;
  await clock.advance(7_999);
  expect(await mined(first)).toBe(false);
  await clock.advance(1);
  await isMined(first);
  const second = (await rpc.request('eth_sendRawTransaction', [await commit()])) as Hash;
  expect(await mined(second)).toBe(false);
  proxy.set({ commits: { kind: 'pass' } });
  await isMined(second);
});

test('it can ask another endpoint in place of the usual one, and holds no connection without any', async () => {
  const { proxy, rpc } = await proxied();
  const other = await startAnvil({ chainId: 4711, accounts: 1 });
  try {
    proxy.set({ instead: other.url });
    expect(Number(await rpc.request('eth_chainId', []))).toBe(4711);
    proxy.set({ instead: null });
    expect(await rpc.request('eth_chainId', [])).toBe('0x7a69');
    proxy.setTarget(null);
    await expect(rpc.request('eth_chainId', [])).rejects.toThrow();
  } finally {
    await other.stop();
  }
});

test('a transaction with blobs is read like one without', async () => {
  const kzg = loadBlobCommitter;
  const signer = new LocalSigner({ privateKey: anvil.accounts[0]!.privateKey }, { kzg });
  const blob = new Uint8Array(131_072);
  const raw = await signer.sign({
    chainId: 31_337,
    nonce,
    gas: 100_000n,
    fees: { ...FEES, maxFeePerBlobGas: 10n * GWEI },
    value: 0n,
    to: PROPOSER,
    data: COMMIT,
    blobs: [blob],
  });
  nonce++;
  expect(readRawTransaction(raw)).toMatchObject({ to: PROPOSER, selector: COMMIT });
  expect(await anvil.rpc('eth_sendRawTransaction', [raw])).toBe(readRawTransaction(raw)?.hash);
});

test('what is no transaction is read as none', () => {
  for (const raw of [null, 7, '0x', '0x05', '0x02', '0x02c0', '0xzz', '0x7f', `0x02${'ff'.repeat(40)}`]) {
    expect(readRawTransaction(raw)).toBeNull();
  }
});
