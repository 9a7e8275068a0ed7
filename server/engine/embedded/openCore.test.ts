import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Hex } from '../../protocol/refs.ts';
import { alice, bob, buildBranch, buildOn, openTestEngine, sign, testGenesis, toHead } from './testChain.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'plumbline-engine-'));
});
afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

const balanceOf = async (
  node: Awaited<ReturnType<typeof openTestEngine>>,
  address: Hex,
  at: unknown = 'latest',
) => BigInt((await node.rpc('eth_getBalance', [address, at])) as Hex);

test('a reopened engine has the same labels, branches and states, and executes nothing again', async () => {
  const before = await openTestEngine({ dir });
  const pay = await sign(alice, { nonce: 0, value: 5n });
  const a = await buildOn(before.engine, before.genesis, { transactions: [pay] });
  const [b] = await buildBranch(before.engine, before.genesis, 1, 0xbb);
  const [tip] = await buildBranch(before.engine, a, 1);
  await before.engine.forkchoiceUpdated(toHead(tip!.hash, a.hash, before.genesis.hash), null);
  const labels = await before.engine.labels();
  await before.close();

  const after = await openTestEngine({ dir });
  expect(await after.engine.labels()).toEqual(labels);
  const paid = 1_000n * 10n ** 18n + 5n;
  expect(await balanceOf(after, bob.address)).toBe(paid);
  expect(await balanceOf(after, bob.address, { blockHash: b!.hash })).toBe(paid - 5n);
  for (const block of [a, b!, tip!]) expect((await after.engine.newPayload(block)).status).toBe('VALID');
  expect(after.core.stats).toMatchObject({ executedBlocks: 0, knownPayloads: 3 });
  expect((await buildOn(after.engine, tip!)).number).toBe(3);
  await after.close();
});

test('a directory of another genesis or other rules, in use, or damaged gives one sentence with a code', async () => {
  const first = await openTestEngine({ dir });
  await expect(openTestEngine({ dir })).rejects.toMatchObject({
    code: 'dir_locked',
    message: `another process uses the engine directory ${dir}: stop it first`,
  });
  await first.close();
  const genesis = testGenesis({ gasLimit: '0x2000000' });
  await expect(openTestEngine({ dir, genesis })).rejects.toMatchObject({ code: 'dir_foreign_genesis' });
  await expect(openTestEngine({ dir, l2Rules: false })).rejects.toMatchObject({
    code: 'dir_foreign_genesis',
  });
  await writeFile(join(dir, 'CURRENT'), 'MANIFEST-999999\n');
  await expect(openTestEngine({ dir })).rejects.toMatchObject({
    code: 'dir_unreadable',
    message: expect.stringMatching(
      /^the engine directory .* cannot be read \(.*\): remove it, the chain is derived again$/,
    ),
  });
});

test('a genesis that is not one is refused with the field that is wrong', async () => {
  const wrong: readonly (readonly [unknown, RegExp])[] = [
    [{}, /genesis: config/],
    [{ ...testGenesis(), gasLimit: 'much' }, /genesis: gasLimit not a number: much/],
    [{ ...testGenesis(), config: { chainId: 1, londonBlock: 5 } }, /londonBlock must be 0/],
    [{ ...testGenesis(), config: { chainId: 1, osakaTime: 5 } }, /osakaTime is set/],
    [{ ...testGenesis(), alloc: { zz: {} } }, /zz is not a hex string/],
  ];
  for (const [genesis, message] of wrong) {
    await expect(openTestEngine({ genesis })).rejects.toMatchObject({ code: 'malformed_genesis', message });
  }
});

/** Linear congruential: the seed is in the test's name when it fails. */
const random = (seed: number) => () => {
  seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
  return seed / 2_147_483_648;
};

/** Runs the victim until it has printed `lines` heads, then kills it in whatever it is doing. */
async function runAndKill(lines: number, extraTurns: number): Promise<{ number: number; hash: Hex }> {
  const script = fileURLToPath(new URL('./killVictim.ts', import.meta.url));
  const child = spawn(process.execPath, ['--no-warnings', script, dir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let last = { number: -1, hash: '0x' as Hex };
  let seen = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    const [number, hash] = line.split(' ');
    last = { number: Number(number), hash: hash as Hex };
    if (++seen < lines) continue;
    // A few turns of the event loop later the child is somewhere else in its work.
    for (let turn = 0; turn < extraTurns; turn++) await new Promise((resolve) => setImmediate(resolve));
    child.kill('SIGKILL');
  }
  return last;
}

const SEED = 20_260_204;
test(`kill -9 at random moments leaves a head with its state and no reported block lost (seed ${SEED})`, async () => {
  const next = random(SEED);
  for (let round = 0; round < 6; round++) {
    const reported = await runAndKill(1 + Math.floor(next() * 12), Math.floor(next() * 400));
    const node = await openTestEngine({ dir });
    const { latest } = await node.engine.labels();
    expect(latest.number).toBeGreaterThanOrEqual(reported.number);
    expect((await node.engine.blockByNumber(reported.number))?.hash).toBe(reported.hash);
    // The chain pays bob 1 wei a block: its state must be there and say so.
    expect(await balanceOf(node, bob.address)).toBe(1_000n * 10n ** 18n + BigInt(latest.number));
    await node.close();
  }
});
