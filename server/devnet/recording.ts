/** A folder of recorded batches: `l2.json`, the genesis, and `N-1.blob`, the blob of batch N, from N = 1 on. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeBlobPayload } from '../protocol/blob.ts';
import type { SealedBlock } from '../protocol/block.ts';
import { privilegedRollingHash, privilegedTransactionHash } from '../protocol/privileged.ts';
import type { Hash } from '../protocol/refs.ts';
import { decodeTransaction, type PrivilegedTransaction } from '../protocol/transaction.ts';

export interface RecordedBatch {
  readonly number: number;
  readonly blob: Uint8Array;
  readonly blocks: readonly SealedBlock[];
  /** The L1 messages in its blocks, in order. */
  readonly messages: readonly PrivilegedTransaction[];
  /** Hashes of `messages`, as the bridge queues them. */
  readonly messageHashes: readonly Hash[];
  readonly privilegedRollingHash: Hash;
  readonly nonPrivilegedTransactions: number;
  readonly newStateRoot: Hash;
  readonly lastBlockHash: Hash;
}

export interface Recording {
  readonly dir: string;
  /** The content of `l2.json`, in geth's genesis format; not checked beyond its chain id. */
  readonly genesis: unknown;
  readonly l2ChainId: number;
  /** Numbered from 1 without a gap. */
  readonly batches: readonly RecordedBatch[];
}

export type ReplayErrorCode = 'not_a_recording' | 'bad_blob' | 'cannot_reproduce' | 'messages_differ';

/** The message is one sentence for the person who named the folder. */
export class ReplayError extends Error {
  override readonly name = 'ReplayError';
  readonly code: ReplayErrorCode;
  constructor(code: ReplayErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

const BLOB_NAME = /^(\d+)-1\.blob$/;

/** Reads and decodes a folder. Throws ReplayError: `not_a_recording`, `bad_blob`. */
export async function readRecording(dir: string): Promise<Recording> {
  const names = await readdir(dir).catch((cause) => {
    throw new ReplayError('not_a_recording', `${dir} cannot be read.`, cause);
  });
  const { genesis, l2ChainId } = await readGenesis(dir);
  const numbers = names
    .flatMap((name) => BLOB_NAME.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
  if (numbers.length === 0) throw new ReplayError('not_a_recording', `${dir} holds no file like 1-1.blob.`);
  const missing = numbers.findIndex((number, index) => number !== index + 1);
  if (missing >= 0) throw new ReplayError('not_a_recording', `${dir} lacks ${missing + 1}-1.blob.`);
  const batches: RecordedBatch[] = [];
  for (const number of numbers) {
    const file = join(dir, `${number}-1.blob`);
    batches.push(decodeRecorded(number, file, new Uint8Array(await readFile(file))));
  }
  return { dir, genesis, l2ChainId, batches };
}

async function readGenesis(dir: string): Promise<{ readonly genesis: unknown; readonly l2ChainId: number }> {
  const file = join(dir, 'l2.json');
  try {
    const genesis: unknown = JSON.parse(await readFile(file, 'utf8'));
    const chainId = (genesis as { readonly config?: { readonly chainId?: unknown } } | null)?.config?.chainId;
    if (typeof chainId === 'number' && Number.isSafeInteger(chainId)) return { genesis, l2ChainId: chainId };
  } catch (cause) {
    throw new ReplayError('not_a_recording', `${file} cannot be read as a genesis file.`, cause);
  }
  throw new ReplayError('not_a_recording', `${file} names no config.chainId.`);
}

function decodeRecorded(number: number, file: string, blob: Uint8Array): RecordedBatch {
  const payload = decodeBlobPayload(blob);
  if (!payload.ok) {
    throw new ReplayError('bad_blob', `${file}: ${payload.error.reason}: ${payload.error.detail}.`);
  }
  const { blocks } = payload.value;
  const messages: PrivilegedTransaction[] = [];
  let nonPrivilegedTransactions = 0;
  for (const encoded of blocks.flatMap((block) => block.transactions)) {
    const transaction = decodeTransaction(encoded);
    if (!transaction.ok) {
      throw new ReplayError('bad_blob', `${file}: ${transaction.error.reason}: ${transaction.error.detail}.`);
    }
    if (transaction.value.kind === 'privileged') messages.push(transaction.value);
    else nonPrivilegedTransactions += 1;
  }
  const messageHashes = messages.map(privilegedTransactionHash);
  const last = blocks.at(-1)!;
  return {
    number,
    blob,
    blocks,
    messages,
    messageHashes,
    privilegedRollingHash: privilegedRollingHash(messageHashes),
    nonPrivilegedTransactions,
    newStateRoot: last.header.stateRoot,
    lastBlockHash: last.hash,
  };
}
