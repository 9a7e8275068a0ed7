import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { parseTransaction, recoverTransactionAddress } from 'viem';
import { privateKeyToAddress } from 'viem/accounts';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { Address, Hex } from '../../protocol/refs.ts';
import { Secret } from '../../telemetry/secret.ts';
import { SecretUrl } from '../../telemetry/secretUrl.ts';
import { type FakeWeb3Signer, startFakeWeb3Signer } from '../../testing/fakeWeb3Signer.ts';
import { type BlobCommitter, LocalSigner } from '../localSigner.ts';
import type { TransactionSigner, UnsignedTransaction } from '../ports.ts';
import { encryptKeystore } from './keystore.ts';
import { openSigner, type SignerOptions } from './openSigner.ts';

/** Looks for itself in everything that could be printed. */
const KEY: Hex = `0x${'c0ffee42'.repeat(8)}`;
const PASSWORD = 'canary-password';
const ADDRESS = privateKeyToAddress(KEY).toLowerCase() as Address;
const OTHER: Address = '0x00000000000000000000000000000000000000aa';

const folder = mkdtempSync(join(tmpdir(), 'plumbline-keys-'));
let files = 0;
function write(text: string, mode = 0o600): string {
  const file = join(folder, `${++files}`);
  writeFileSync(file, text);
  chmodSync(file, mode);
  return file;
}
const KEYSTORE = write(await encryptKeystore(new Secret(KEY), new Secret(PASSWORD), { scryptN: 1024 }));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const signers: FakeWeb3Signer[] = [];
afterEach(async () => {
  for (const signer of signers.splice(0)) await signer.stop();
});
async function fake(keys: readonly Hex[] = [KEY], prefix = ''): Promise<FakeWeb3Signer> {
  const started = await startFakeWeb3Signer(keys, prefix);
  signers.push(started);
  return started;
}

/** Commitments that are none, 48 bytes each, made at once: signing does not look at them. */
const kzg = async (): Promise<BlobCommitter> => ({
  blobToKzgCommitment: (blob) => new Uint8Array(48).fill(blob[0] ?? 0),
  computeBlobKzgProof: () => new Uint8Array(48).fill(7),
});

const open = (options: SignerOptions): Promise<TransactionSigner> => openSigner(options, { kzg });
const keystore = (over: object = {}): Promise<TransactionSigner> =>
  open({ kind: 'keystore', file: KEYSTORE, passwordFile: write(`${PASSWORD}\n`), address: null, ...over });
const remote = (url: string, over: object = {}): Promise<TransactionSigner> =>
  open({
    kind: 'web3signer',
    url: SecretUrl.parse(url, ['http:'])!,
    address: ADDRESS,
    timeoutMs: 20_000,
    ...over,
  });
const plain = (over: object = {}): Promise<TransactionSigner> =>
  open({
    kind: 'plain',
    privateKey: new Secret(KEY),
    dangerousKeyInEnvironment: true,
    address: null,
    ...over,
  });

const TRANSACTION: UnsignedTransaction = {
  chainId: 31_337,
  nonce: 5,
  gas: 100_000n,
  fees: { maxFeePerGas: 20n, maxPriorityFeePerGas: 2n, maxFeePerBlobGas: null },
  to: OTHER,
  data: '0xabcdef',
  value: 0n,
  blobs: [],
};
const WITH_BLOB: UnsignedTransaction = {
  ...TRANSACTION,
  fees: { ...TRANSACTION.fees, maxFeePerBlobGas: 3n },
  blobs: [new Uint8Array(131_072).fill(1)],
};

describe('signer', () => {
  it('of every kind signs the same bytes as a key in memory, with and without a blob', async () => {
    const memory = new LocalSigner({ privateKey: KEY }, { kzg });
    const server = await fake();
    for (const signer of [await keystore(), await plain(), await remote(server.url)]) {
      expect(signer.address).toBe(ADDRESS);
      expect(await signer.sign(TRANSACTION)).toBe(await memory.sign(TRANSACTION));
      expect(await signer.sign(WITH_BLOB)).toBe(await memory.sign(WITH_BLOB));
    }
    const raw = (await (await remote(server.url)).sign(TRANSACTION)) as `0x02${string}`;
    expect((await recoverTransactionAddress({ serializedTransaction: raw })).toLowerCase()).toBe(ADDRESS);
    expect(parseTransaction(raw)).toMatchObject({ nonce: 5, data: '0xabcdef' });
    // The signer gets the transaction without its 128 KiB sidecar.
    expect(server.signed.map((data) => data.slice(0, 4))).toEqual(['0x02', '0x03', '0x02']);
    expect(server.signed[1]!.length).toBeLessThan(1_000);
  });

  it.each([
    [
      'a password file that others can read',
      'bad_mode',
      () => keystore({ passwordFile: write(PASSWORD, 0o640) }),
    ],
    [
      'a password file that is not there',
      'unreadable',
      () => keystore({ passwordFile: join(folder, 'none') }),
    ],
    ['a wrong password', 'wrong_password', () => keystore({ passwordFile: write('canary-other') })],
    ['a keystore that is not there', 'unreadable', () => keystore({ file: join(folder, 'none') })],
    ['a keystore that is a key', 'not_a_keystore', () => keystore({ file: write(KEY) })],
    ['a file that is too large', 'unreadable', () => keystore({ file: write('x'.repeat(100_000)) })],
    ['a folder', 'unreadable', () => keystore({ file: folder })],
    ['a keystore of another account', 'wrong_address', () => keystore({ address: OTHER })],
    ['a key without the flag', 'not_allowed', () => plain({ dangerousKeyInEnvironment: false })],
    ['a key of another account', 'wrong_address', () => plain({ address: OTHER })],
    ['a key that is none', 'bad_key', () => plain({ privateKey: new Secret(`${KEY}00`) })],
    ['a key of zero', 'bad_key', () => plain({ privateKey: new Secret(`0x${'00'.repeat(32)}`) })],
    ['a key above the order', 'bad_key', () => plain({ privateKey: new Secret(`0x${'ff'.repeat(32)}`) })],
    ['nobody at the remote address', 'no_answer', () => remote('http://127.0.0.1:1/canary-path')],
  ])('%s ends in one sentence without the secret', async (_, code, work) => {
    const error = await work().then(
      () => null,
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ name: 'KeyError', code });
    expectNoCanary(error);
  });
});

describe('remote signer', () => {
  it.each([
    ['silent', 'no_answer', 'nothing for 100 ms'],
    ['error', 'refused', 'status 500'],
    ['other_key', 'bad_answer', `not by ${ADDRESS}`],
    ['not_a_signature', 'bad_answer', 'no signature'],
    ['endless', 'bad_answer', 'too much'],
    ['redirect', 'no_answer', 'the connection failed'],
  ] as const)('that is %s: %s, in one sentence that names it', async (fault, code, part) => {
    const server = await fake();
    const signer = await remote(`${server.url}?token=canary`, {
      timeoutMs: fault === 'silent' ? 100 : 20_000,
    });
    server.fault = fault;
    const error = await signer.sign(TRANSACTION).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code, message: expect.stringContaining(part) });
    expect((error as Error).message).toContain(new URL(server.url).host);
    expectNoCanary(error);
    server.fault = 'json';
    expect(await signer.sign(TRANSACTION)).toMatch(/^0x02/);
  });

  it('without a key for the address is refused when it is opened', async () => {
    const server = await fake([`0x${'11'.repeat(32)}`, `0x${'22'.repeat(32)}`]);
    await expect(remote(server.url)).rejects.toMatchObject({
      code: 'wrong_address',
      message: expect.stringContaining('it has 2 others'),
    });
  });

  it('may have its API below a path and ask for a login, which no message shows', async () => {
    const server = await fake([KEY], '/tenant/canary-path');
    const signer = await remote(server.url.replace('http://', 'http://user:canary-login@'));
    await signer.sign(TRANSACTION);
    expect(server.logins[0]).toBe(`Basic ${Buffer.from('user:canary-login').toString('base64')}`);
    server.fault = 'error';
    expectNoCanary(await signer.sign(TRANSACTION).catch((reason: unknown) => reason));
  });
});

describe('secrets', () => {
  it('of a signer are in nothing that can be printed', async () => {
    const server = await fake();
    for (const signer of [
      await keystore(),
      await plain(),
      await remote(`${server.url}/?canary`).catch(() => null),
    ]) {
      expectNoCanary(signer);
    }
    expectNoCanary(await remote(server.url));
    const options = { kind: 'plain', privateKey: new Secret(KEY), dangerousKeyInEnvironment: true };
    expectNoCanary(options);
  });

  it('would be found if they were', () => {
    expect(() => expectNoCanary(new Error(`bad key ${KEY}`))).toThrow();
    expect(() => expectNoCanary({ password: PASSWORD })).toThrow();
    expect(() => expectNoCanary(new Error('x', { cause: new Error(KEY.slice(2)) }))).toThrow();
  });
});

function expectNoCanary(value: unknown): void {
  const stack = value instanceof Error ? `${value.stack}${inspect(value.cause)}` : '';
  const printed = `${inspect(value, { depth: 20, showHidden: true })}${JSON.stringify(value)}${String(value)}${stack}`;
  expect(printed).not.toContain('c0ffee42');
  expect(printed).not.toContain('canary');
}
