import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeBlobPayload, packBlob } from '../protocol/blob.ts';
import type { BlockHeader, SealedBlock } from '../protocol/block.ts';
import { encodeBlock, sealBlock } from '../protocol/blockCodec.ts';
import { toHex } from '../protocol/bytes.ts';
import { decodeCommitBatch } from '../protocol/commitBatch.ts';
import { commonBridgeAbi, onChainProposerAbi } from '../protocol/contractsAbi.ts';
import { encodePrivilegedTransaction, type L1Message } from '../protocol/privileged.ts';
import { type Address, type Hash, type Hex, ZERO_HASH } from '../protocol/refs.ts';
import { type Anvil, startAnvil } from './anvil.ts';
import { DEPOSIT_GAS_LIMIT, L2_BRIDGE, privilegedInput, sentMessages } from './bridge.ts';
import { deployContracts, type RollupAddresses } from './deploy.ts';
import { openL1Wallet } from './l1Wallet.ts';
import { openReplay, type ReplayOptions } from './replay.ts';

const L2_CHAIN_ID = 777;
const GAS_PRICE = 1_000_000_000n;
const recipient = (index: number): Address => `0x${(0xabc000 + index).toString(16).padStart(40, '0')}`;

let dir: string;
let anvil: Anvil;
beforeAll(async () => {
  [dir, anvil] = await Promise.all([mkdtemp(join(tmpdir(), 'plumbline-replay-')), startAnvil()]);
});
afterAll(async () => {
  await anvil?.stop();
  await rm(dir, { recursive: true, force: true });
});

const bytes = (hex: Hex): Uint8Array => new Uint8Array(Buffer.from(hex.slice(2), 'hex'));
type Message = Omit<L1Message, 'chainId'>;

const depositMessage = (messageId: bigint, value: bigint): Message => ({
  messageId,
  value,
  from: L2_BRIDGE,
  to: L2_BRIDGE,
  gasLimit: DEPOSIT_GAS_LIMIT,
  data: bytes(`0xb0f4d395${recipient(Number(messageId)).slice(2).padStart(64, '0')}`),
});

const header = (parent: SealedBlock | null, number: number) =>
  ({
    parentHash: parent?.hash ?? ZERO_HASH,
    beneficiary: `0x${'00'.repeat(20)}` as Address,
    stateRoot: `0x${number.toString(16).padStart(64, '5')}` as Hash,
    receiptsRoot: ZERO_HASH,
    logsBloom: `0x${'00'.repeat(256)}` as Hex,
    difficulty: 0n,
    number,
    gasLimit: 30_000_000n,
    gasUsed: 0n,
    timestamp: 1_700_000_000 + number,
    extraData: '0x' as Hex,
    prevRandao: ZERO_HASH,
    nonce: '0x0000000000000000' as Hex,
    baseFeePerGas: 7n,
    blobGasUsed: 0n,
    excessBlobGas: 0n,
    parentBeaconBlockRoot: ZERO_HASH,
    requestsHash: ZERO_HASH,
  }) satisfies Omit<BlockHeader, 'transactionsRoot' | 'withdrawalsRoot' | 'ommersHash'>;

/** Writes a recording: one array a batch, in it one array of messages a block. */
async function record(
  name: string,
  batches: readonly (readonly (readonly Message[])[])[],
  chainId = L2_CHAIN_ID,
) {
  const folder = join(dir, name);
  await mkdir(folder);
  await writeFile(join(folder, 'l2.json'), JSON.stringify({ config: { chainId: L2_CHAIN_ID } }));
  let parent: SealedBlock | null = null;
  for (const [index, blocks] of batches.entries()) {
    const sealed: SealedBlock[] = [];
    for (const messages of blocks) {
      const transactions = messages.map((message) =>
        encodePrivilegedTransaction(privilegedInput(message, { l2ChainId: chainId, gasPrice: GAS_PRICE })),
      );
      parent = sealBlock(header(parent, (parent?.number ?? 0) + 1), transactions, []);
      sealed.push(parent);
    }
    const encoded = sealed.map((block) => encodeBlock(block, { items: 3 }));
    const blob = packBlob(
      encodeBlobPayload(
        encoded,
        sealed.map(() => Uint8Array.of(0, 0)),
      ),
    );
    await writeFile(join(folder, `${index + 1}-1.blob`), blob);
  }
  return folder;
}

async function ready(
  source: ReplayOptions['source'],
): Promise<{ addresses: RollupAddresses; options: ReplayOptions; lines: string[] }> {
  const [deployer, sequencer, depositor] = anvil.accounts;
  const addresses = await deployContracts({
    l1Url: anvil.url,
    deployerKey: deployer!.privateKey,
    genesisStateRoot: ZERO_HASH,
    l2ChainId: L2_CHAIN_ID,
    validium: source === 'calldata',
    sequencers: [sequencer!.address],
  });
  const lines: string[] = [];
  const onProgress = (line: string): void => void lines.push(line);
  return {
    addresses,
    lines,
    options: { anvil, addresses, sequencer: sequencer!, depositor: depositor!, source, onProgress },
  };
}

/** Two batches with messages after one without, so that the second needs the first one verified. */
const THREE_BATCHES = [
  [[]],
  [[depositMessage(5n, 10n), depositMessage(6n, 20n)], []],
  [[depositMessage(7n, 30n)]],
];

describe('a replay', () => {
  test('makes the recorded messages first, under their recorded ids, and commits every batch after them', async () => {
    const replay = await openReplay(await record('calldata', THREE_BATCHES));
    const { addresses, options, lines } = await ready('calldata');
    const { prepare, commitNext } = await replay.start(options);
    await prepare();
    const { client } = await openL1Wallet(anvil.url, anvil.accounts[3]!.privateKey);
    const head = Number(await client.getBlockNumber({ cacheTime: 0 }));
    const sent = await sentMessages(client, addresses.bridge, addresses.deployedAtBlock, head);
    expect(sent.map((message) => message.messageId)).toEqual([5n, 6n, 7n]);
    for (const batch of replay.batches) {
      const committed = (await commitNext())!;
      expect(committed.batch).toBe(batch);
      const { input } = await client.getTransaction({ hash: committed.txHash });
      const decoded = decodeCommitBatch(bytes(input));
      const expected = batch.blocks.map((block) => toHex(encodeBlock(block, { items: 3 })));
      expect(decoded.ok && decoded.value.rlpBlocks?.map(toHex)).toEqual(expected);
    }
    expect(await commitNext()).toBe(null);
    expect(lines).toEqual(['3 deposits', 'batch 1/3', 'batch 2/3', 'batch 3/3']);
    const proposer = { address: addresses.onChainProposer, abi: onChainProposerAbi } as const;
    expect(await client.readContract({ ...proposer, functionName: 'lastCommittedBatch' })).toBe(3n);
    expect(await client.readContract({ ...proposer, functionName: 'lastVerifiedBatch' })).toBe(2n);
  });

  test('in blob mode posts the recorded blob itself and no blocks', { timeout: 60_000 }, async () => {
    const replay = await openReplay(await record('blob', [[[]]]));
    const { options } = await ready('blob');
    const committed = (await (await replay.start(options)).commitNext())!;
    const answer = await fetch(`${anvil.beaconUrl}/eth/v1/beacon/blobs/${committed.l1Block.hash}`);
    const { data } = (await answer.json()) as { data: Hex[] };
    expect(data).toEqual([toHex(replay.batches[0]!.blob)]);
  });

  test('sends a message that is no deposit in the name of its own sender', async () => {
    const from: Address = '0x00000000000000000000000000000000005e4de4';
    const message = {
      messageId: 1n,
      from,
      to: recipient(9),
      value: 3n,
      gasLimit: 50_000n,
      data: bytes('0xbeef'),
    };
    const batches = [[[depositMessage(0n, 1n), message, depositMessage(2n, 1n)]]];
    const replay = await openReplay(await record('senders', batches));
    const { addresses, options } = await ready('calldata');
    await (await replay.start(options)).prepare();
    const { client } = await openL1Wallet(anvil.url, anvil.accounts[3]!.privateKey);
    const pending = await client.readContract({
      address: addresses.bridge,
      abi: commonBridgeAbi,
      functionName: 'getPendingTransactionHashes',
    });
    expect(pending).toEqual(replay.batches[0]!.messageHashes);
  });

  test('refuses messages that this bridge cannot have sent', async () => {
    const { options } = await ready('calldata');
    const gap = await openReplay(await record('gap', [[[depositMessage(0n, 1n), depositMessage(2n, 1n)]]]));
    await expect((await gap.start(options)).prepare()).rejects.toMatchObject({
      code: 'cannot_reproduce',
      message: 'Message ids are not consecutive: 2 follows 0.',
    });
    const foreign = await openReplay(await record('foreign', [[[depositMessage(0n, 1n)]]], 778));
    await expect((await foreign.start(options)).prepare()).rejects.toMatchObject({
      code: 'cannot_reproduce',
    });
  });

  test('notices when the bridge queued something else', async () => {
    const replay = await openReplay(await record('twice', [[[depositMessage(0n, 1n)]]]));
    const { options } = await ready('calldata');
    await (await replay.start(options)).prepare();
    await expect((await replay.start(options)).prepare()).rejects.toMatchObject({ code: 'messages_differ' });
  });
});

describe('a folder', () => {
  test('that is no recording is refused with a sentence', async () => {
    const folder = join(dir, 'broken');
    const refusal = () =>
      openReplay(folder).then(
        () => null,
        (error: Error & { code: string }) => [error.code, error.message],
      );
    expect(await refusal()).toEqual(['not_a_recording', `${folder} cannot be read.`]);
    await mkdir(folder);
    expect((await refusal())?.[1]).toContain('l2.json cannot be read as a genesis file.');
    await writeFile(join(folder, 'l2.json'), '{}');
    expect((await refusal())?.[1]).toContain('names no config.chainId.');
    await writeFile(join(folder, 'l2.json'), '{"config":{"chainId":1}}');
    expect(await refusal()).toEqual(['not_a_recording', `${folder} holds no file like 1-1.blob.`]);
    await writeFile(join(folder, '2-1.blob'), new Uint8Array(131_072));
    expect(await refusal()).toEqual(['not_a_recording', `${folder} lacks 1-1.blob.`]);
    await writeFile(join(folder, '1-1.blob'), new Uint8Array(131_072));
    expect(await refusal()).toEqual(['bad_blob', expect.stringContaining('1-1.blob: empty_batch')]);
  });
});
