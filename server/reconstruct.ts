import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { summarizeBlocks } from './derivation/checks.ts';
import type { DerivationCursor } from './derivation/derivation.ts';
import { invalidSentence } from './derivation/invalid.ts';
import type { Engine } from './engine/engine.ts';
import { decodeBlobPayload } from './protocol/blob.ts';
import type { SealedBlock } from './protocol/block.ts';
import { toHex } from './protocol/bytes.ts';
import { type Hash, type Hex, ZERO_HASH } from './protocol/refs.ts';
import { DEFAULT_LIMITS } from './protocol/rollupConfig.ts';

/** One line of `plumbline reconstruct --json`. */
export interface ReconstructedBatch {
  readonly file: string;
  readonly batch: number;
  /** Of the file's bytes. */
  readonly sha256: string;
  readonly blocks: number;
  readonly firstBlock: number;
  readonly lastBlock: number;
  /** After the last block, as the engine computed it. */
  readonly stateRoot: Hash;
  readonly lastBlockHash: Hash;
  readonly privilegedCount: number;
  readonly privilegedRollingHash: Hash;
  readonly nonPrivileged: number;
  readonly gasUsed: number;
  readonly blobPayloadBytes: number;
  readonly blobVersionedHash: Hash;
  readonly feeConfigs: readonly Hex[];
}

/** The message is one sentence: which file, what is wrong with it. */
export class ReconstructError extends Error {
  override readonly name = 'ReconstructError';
}

export interface ReconstructDeps {
  readonly engine: Pick<Engine, 'newPayload' | 'forkchoiceUpdated' | 'blockByNumber' | 'chainId'>;
  /** KZG commitment → versioned hash; null when the bytes are no blob. */
  readonly versionedHash: (blob: Uint8Array) => Promise<Hash | null>;
}

const BLOB_FILE = /^(\d+)-1\.blob$/;

/** The batches of a folder in order: `N-1.blob` is the blob of batch N. Throws when one is missing in between. */
export async function listBlobs(dir: string): Promise<readonly { batch: number; file: string }[]> {
  const names = await readdir(dir).catch(() => {
    throw new ReconstructError(`There is no readable folder ${dir}.`);
  });
  const found = names
    .flatMap((file) => {
      const number = BLOB_FILE.exec(file)?.[1];
      return number === undefined ? [] : [{ batch: Number(number), file }];
    })
    .sort((a, b) => a.batch - b.batch);
  if (found.length === 0)
    throw new ReconstructError(`${dir} holds no blob: expected files named 1-1.blob, 2-1.blob, ….`);
  found.forEach(({ batch, file }, index) => {
    if (batch !== index + 1)
      throw new ReconstructError(`${dir} goes from batch ${index} to ${file}: a batch is missing.`);
  });
  return found;
}

/**
 * Rebuilds an L2 from nothing but its genesis and its blobs: decodes each blob, has the engine execute its blocks
 * and says what they add up to. Yields batch by batch; throws ReconstructError at the first that is not right.
 */
export async function* reconstruct(dir: string, deps: ReconstructDeps): AsyncGenerator<ReconstructedBatch> {
  const genesis = await deps.engine.blockByNumber(0);
  if (genesis === null) throw new ReconstructError('The engine has no genesis block.');
  const config = { l2ChainId: await deps.engine.chainId() };
  let cursor: DerivationCursor = { batchNumber: 0, lastBlock: genesis };
  for (const { batch, file } of await listBlobs(dir)) {
    const blob = new Uint8Array(await readFile(join(dir, file)));
    const payload = decodeBlobPayload(blob, DEFAULT_LIMITS);
    if (!payload.ok) throw notRight(file, payload.error.reason, payload.error.detail);
    const { blocks, feeConfigs, payloadBytes } = payload.value;
    const summary = summarizeBlocks(config, cursor, blocks);
    if (!summary.ok) throw notRight(file, summary.error.reason, summary.error.detail);
    const blobVersionedHash = await deps.versionedHash(blob);
    if (blobVersionedHash === null)
      throw new ReconstructError(`${file} is not a blob: its field elements are not canonical.`);
    await execute(file, blocks, deps.engine);
    const { firstBlock, lastBlock, stateRoot, lastBlockHash, privilegedCount, privilegedRollingHash } =
      summary.value;
    yield {
      file,
      batch,
      sha256: createHash('sha256').update(blob).digest('hex'),
      blocks: blocks.length,
      firstBlock,
      lastBlock,
      stateRoot,
      lastBlockHash,
      privilegedCount,
      privilegedRollingHash,
      nonPrivileged: summary.value.nonPrivilegedCount,
      gasUsed: Number(summary.value.gasUsed),
      blobPayloadBytes: payloadBytes,
      blobVersionedHash,
      feeConfigs: distinct(feeConfigs),
    };
    cursor = { batchNumber: batch, lastBlock: blocks.at(-1)! };
  }
}

/** The engine's VALID means that it computed the very state root and gas that the header states. */
async function execute(
  file: string,
  blocks: readonly SealedBlock[],
  engine: ReconstructDeps['engine'],
): Promise<void> {
  for (const block of blocks) {
    const status = await engine.newPayload(block);
    if (status.status === 'VALID') continue;
    const why = status.status === 'INVALID' ? status.validationError : 'it lacks the parent';
    throw new ReconstructError(
      `${file}: the engine answers ${status.status} for block ${block.number}: ${why}.`,
    );
  }
  const head = blocks.at(-1)!.hash;
  await engine.forkchoiceUpdated(
    { headBlockHash: head, safeBlockHash: head, finalizedBlockHash: ZERO_HASH },
    null,
  );
}

const distinct = (feeConfigs: readonly Uint8Array[]): readonly Hex[] => [...new Set(feeConfigs.map(toHex))];

const notRight = (
  file: string,
  reason: Parameters<typeof invalidSentence>[0],
  detail: string,
): ReconstructError => new ReconstructError(`${file}: ${invalidSentence(reason)} ${detail}`);
