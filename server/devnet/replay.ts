/** Commits recorded batches to the devnet's L1, as the sequencer that made them would have. */
import { encodeFunctionData } from 'viem';
import { encodeBlock } from '../protocol/blockCodec.ts';
import { toHex } from '../protocol/bytes.ts';
import { encodeCommitBatch } from '../protocol/commitBatch.ts';
import { commonBridgeAbi, onChainProposerAbi } from '../protocol/contractsAbi.ts';
import { keccak256 } from '../protocol/keccak.ts';
import {
  type Address,
  type Hash,
  type Hex,
  type L1BlockId,
  ZERO_ADDRESS,
  ZERO_HASH,
} from '../protocol/refs.ts';
import type { PrivilegedTransaction } from '../protocol/transaction.ts';
import type { Anvil, DevAccount } from './anvil.ts';
import { deposit, depositRecipient, gasOfSend, sendToL2Call } from './bridge.ts';
import type { RollupAddresses } from './deploy.ts';
import { type L1Wallet, openL1Wallet } from './l1Wallet.ts';
import { type RecordedBatch, type Recording, ReplayError, readRecording } from './recording.ts';

export interface ReplayOptions {
  readonly anvil: Pick<Anvil, 'url' | 'rpc'>;
  readonly addresses: RollupAddresses;
  /** A registered sequencer whose turn it is for every recorded batch: the only one, in practice. */
  readonly sequencer: DevAccount;
  /** Makes the deposits. Given the ether it needs. Not the sequencer. */
  readonly depositor: DevAccount;
  /**
   * `calldata`: blocks in `commitBatch`, for a validium. `blob`: the recorded blob in a type-3 transaction and
   * no blocks in its calldata, for a rollup.
   */
  readonly source: 'calldata' | 'blob';
  /** One line a step, such as "batch 3/6". */
  readonly onProgress?: (line: string) => void;
  readonly signal?: AbortSignal;
}

export interface CommittedBatch {
  readonly batch: RecordedBatch;
  readonly txHash: Hash;
  readonly l1Block: L1BlockId;
  readonly gasUsed: bigint;
}

export interface Replay {
  /** Sends every recorded L1 message, in order, and checks that the bridge queued exactly those. Call it once. */
  prepare(): Promise<void>;
  /** Commits the next batch and waits until it is mined; null when none is left. Verifies its predecessor first. */
  commitNext(): Promise<CommittedBatch | null>;
}

export interface OpenedReplay extends Recording {
  /** Throws L1WalletError when L1 cannot be reached. Its steps throw ReplayError and L1WalletError. */
  start(options: ReplayOptions): Promise<Replay>;
}

/** Opens a folder of recorded batches. Throws ReplayError: `not_a_recording`, `bad_blob`. */
export async function openReplay(dir: string): Promise<OpenedReplay> {
  const recording = await readRecording(dir);
  return { ...recording, start: (options) => startReplaying(recording, options) };
}

/** Names the program of a batch's proof; there is none, and any value but zero passes. */
const COMMIT_HASH = toHex(keccak256(Uint8Array.of(...'recorded'.split('').map((c) => c.charCodeAt(0)))));
/** The contract's work, without calldata; a blob transaction is not estimated. */
const BLOB_COMMIT_GAS = 1_000_000n;
/** CommonBridge's first storage slot: `transactionId`. */
const NEXT_ID_SLOT = ZERO_HASH;

async function startReplaying(recording: Recording, options: ReplayOptions): Promise<Replay> {
  const [sequencer, depositor] = await Promise.all(
    [options.sequencer, options.depositor].map(({ privateKey }) =>
      openL1Wallet(options.anvil.url, privateKey),
    ),
  );
  let committed = 0;
  return {
    prepare: () => sendMessages(recording, options, depositor!),
    async commitNext() {
      options.signal?.throwIfAborted();
      const batch = recording.batches[committed];
      if (batch === undefined) return null;
      // A batch with messages is accepted only when none before it is unverified, so we verify one by one.
      if (committed > 0) await verify(sequencer!, options, committed);
      options.onProgress?.(`batch ${batch.number}/${recording.batches.length}`);
      const hash = await sequencer!.send(commitTransaction(batch, options));
      const { l1Block, gasUsed } = await sequencer!.wait(hash, options.signal);
      committed += 1;
      return { batch, txHash: hash, l1Block, gasUsed };
    },
  };
}

function commitTransaction(batch: RecordedBatch, { source, addresses }: ReplayOptions) {
  const inCalldata = source === 'calldata';
  const data = encodeCommitBatch({
    batchNumber: BigInt(batch.number),
    newStateRoot: batch.newStateRoot,
    // Not recorded, and nobody here claims a withdrawal.
    withdrawalsLogsMerkleRoot: ZERO_HASH,
    privilegedRollingHash: batch.privilegedRollingHash,
    lastBlockHash: batch.lastBlockHash,
    nonPrivilegedTransactions: BigInt(batch.nonPrivilegedTransactions),
    commitHash: COMMIT_HASH,
    rlpBlocks: inCalldata ? batch.blocks.map((block) => encodeBlock(block, { items: 3 })) : [],
  });
  const call = { to: addresses.onChainProposer, data: toHex(data) };
  return inCalldata ? call : { ...call, gas: BLOB_COMMIT_GAS, blobs: [batch.blob] };
}

async function verify(wallet: L1Wallet, { addresses, signal }: ReplayOptions, batch: number): Promise<void> {
  const args = [BigInt(batch), ['0x'], ['0x'], ['0x']] as const;
  const data = encodeFunctionData({ abi: onChainProposerAbi, functionName: 'verifyBatches', args });
  await wallet.wait(await wallet.send({ to: addresses.onChainProposer, data }), signal);
}

async function sendMessages(recording: Recording, options: ReplayOptions, wallet: L1Wallet): Promise<void> {
  const messages = recording.batches.flatMap((batch) => batch.messages);
  const first = messages[0];
  if (first === undefined) return;
  checkReproducible(recording, messages);
  options.onProgress?.(`${messages.length} deposits`);
  const { anvil, addresses } = options;
  const value = messages.reduce((sum, message) => sum + message.value, 10n ** 24n);
  await anvil.rpc('anvil_setBalance', [wallet.address, quantity(value)]);
  await anvil.rpc('anvil_setStorageAt', [addresses.bridge, NEXT_ID_SLOT, word(first.messageId)]);
  const hashes: Hash[] = [];
  for (const message of messages) {
    options.signal?.throwIfAborted();
    const recipient = depositRecipient(message);
    if (recipient !== null) {
      hashes.push(await deposit(wallet, addresses.bridge, { recipient, value: message.value }));
      continue;
    }
    // Another account sends this one: the bridge must have queued all before it.
    await Promise.all(hashes.splice(0).map((hash) => wallet.wait(hash, options.signal)));
    hashes.push(await sendAs(anvil, addresses.bridge, message));
  }
  await Promise.all(hashes.map((hash) => wallet.wait(hash, options.signal)));
  await checkQueued(wallet, addresses.bridge, recording);
}

/** Sends `sendToL2` from the message's own sender, whose key we lack: anvil lets us. */
async function sendAs(
  anvil: ReplayOptions['anvil'],
  bridge: Address,
  { from, to, value, gasLimit, data }: PrivilegedTransaction,
): Promise<Hash> {
  const outgoing = { to: to ?? ZERO_ADDRESS, value, gasLimit, data: toHex(data) };
  await anvil.rpc('anvil_setBalance', [from, quantity(10n ** 24n)]);
  await anvil.rpc('anvil_impersonateAccount', [from]);
  try {
    const call = { from, to: bridge, data: sendToL2Call(outgoing), gas: quantity(gasOfSend(outgoing)) };
    return await anvil.rpc<Hash>('eth_sendTransaction', [call]);
  } finally {
    await anvil.rpc('anvil_stopImpersonatingAccount', [from]);
  }
}

function checkReproducible({ l2ChainId }: Recording, messages: readonly PrivilegedTransaction[]): void {
  const start = messages[0]!.messageId;
  messages.forEach(({ messageId, chainId }, index) => {
    if (chainId !== BigInt(l2ChainId)) {
      const message = `Message ${messageId} came from chain ${chainId}, whose bridge is not part of this L1.`;
      throw new ReplayError('cannot_reproduce', message);
    }
    if (messageId !== start + BigInt(index)) {
      const message = `Message ids are not consecutive: ${messageId} follows ${start + BigInt(index) - 1n}.`;
      throw new ReplayError('cannot_reproduce', message);
    }
  });
}

async function checkQueued(wallet: L1Wallet, bridge: Address, recording: Recording): Promise<void> {
  const queued = await wallet.client.readContract({
    address: bridge,
    abi: commonBridgeAbi,
    functionName: 'getPendingTransactionHashes',
  });
  const recorded = recording.batches.flatMap((batch) => batch.messageHashes);
  const different = recorded.findIndex((hash, index) => hash !== queued[index]);
  if (different < 0 && queued.length === recorded.length) return;
  const which = different < 0 ? recorded.length : different;
  throw new ReplayError(
    'messages_differ',
    `The bridge queued another message than the recorded one at ${which}.`,
  );
}

const quantity = (value: bigint): Hex => `0x${value.toString(16)}`;
const word = (value: bigint): Hex => `0x${value.toString(16).padStart(64, '0')}`;
