import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { onChainProposerAbi } from '../protocol/contractsAbi.ts';
import type { Hash } from '../protocol/refs.ts';
import { type Anvil, startAnvil } from './anvil.ts';
import { deployContracts } from './deploy.ts';
import { openL1Wallet } from './l1Wallet.ts';
import { openReplay, type ReplayOptions } from './replay.ts';

const FIXTURES = process.env['PLUMBLINE_FIXTURES'] ?? join(import.meta.dirname, '../../../shared/fixtures');
/** State root of the recorded chains' genesis block. */
const GENESIS_STATE_ROOT: Hash = '0xacb7abf3ed958c181bbf1eae0d8dff166f32a3c9e2fd52a52c6d5bfe166d2042';

interface Expected {
  readonly batch: number;
  readonly stateRoot: Hash;
  readonly lastBlockHash: Hash;
  readonly privilegedCount: number;
  readonly privilegedRollingHash: Hash;
  readonly nonPrivileged: number;
  readonly blobVersionedHash: Hash;
}
let expected: Readonly<Record<string, readonly Expected[]>>;
let anvil: Anvil;
beforeAll(async () => {
  expected = JSON.parse(await readFile(join(FIXTURES, 'ethrex/expected.json'), 'utf8'));
  anvil = await startAnvil();
});
afterAll(() => anvil?.stop());

test.each([
  ['2026-02-04', 'calldata'],
  ['2025-12-16', 'calldata'],
  ['2026-02-04', 'blob'],
] as const)(
  'the batches of %s, committed by %s, leave the commitments that ethrex left',
  async (set, source) => {
    const replay = await openReplay(join(FIXTURES, 'ethrex', set));
    const [deployer, sequencer, depositor] = anvil.accounts;
    const addresses = await deployContracts({
      l1Url: anvil.url,
      deployerKey: deployer!.privateKey,
      genesisStateRoot: GENESIS_STATE_ROOT,
      l2ChainId: replay.l2ChainId,
      validium: source === 'calldata',
      sequencers: [sequencer!.address],
    });
    const options: ReplayOptions = { anvil, addresses, sequencer: sequencer!, depositor: depositor!, source };
    const { prepare, commitNext } = await replay.start(options);
    await prepare();
    const { client } = await openL1Wallet(anvil.url, deployer!.privateKey);
    const proposer = { address: addresses.onChainProposer, abi: onChainProposerAbi } as const;
    let messages = 0;
    const answers = expected[set]!;
    for (const answer of answers) {
      const committed = (await commitNext())!;
      const commitment = await client.readContract({
        ...proposer,
        functionName: 'batchCommitments',
        args: [BigInt(answer.batch)],
      });
      const zero = `0x${'00'.repeat(32)}`;
      expect(commitment.slice(0, 6)).toEqual([
        answer.stateRoot,
        source === 'blob' ? answer.blobVersionedHash : zero,
        answer.privilegedRollingHash,
        zero,
        answer.lastBlockHash,
        BigInt(answer.nonPrivileged),
      ]);
      expect(committed.batch.messages.length).toBe(answer.privilegedCount);
      messages += committed.batch.messages.length;
    }
    expect(await commitNext()).toBe(null);
    expect(messages).toBe(192);
  },
);
