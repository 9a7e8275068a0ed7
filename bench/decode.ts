import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bytesToHex, decodeFunctionData, type Hex, parseAbi } from 'viem';
import { decodeBlobPayload } from '../server/protocol/blob.ts';
import { decodeBlock, encodeBlock, sealBlock } from '../server/protocol/blockCodec.ts';
import { concatBytes } from '../server/protocol/bytes.ts';
import { decodeCommitBatch, encodeCommitBatch } from '../server/protocol/commitBatch.ts';
import { installFastKeccak } from '../server/protocol/fastKeccak.ts';
import { encodePrivilegedTransaction } from '../server/protocol/privileged.ts';
import { ZERO_ADDRESS, ZERO_HASH } from '../server/protocol/refs.ts';
import { ZERO_BLOOM } from '../server/protocol/rlpReader.ts';
import type { Bench, BenchRow } from './row.ts';

const ABI = parseAbi([
  'function commitBatch(uint256 batchNumber, bytes32 newStateRoot, bytes32 withdrawalsLogsMerkleRoot, bytes32 processedPrivilegedTransactionsRollingHash, bytes32 lastBlockHash, uint256 nonPrivilegedTransactions, bytes32 commitHash, bytes[] rlpEncodedBlocks)',
]);

const MIN_SPEEDUP = 5;
const MAX_BOMB_MS = 5;
/** One measurement of one decoder. Both decoders get several, in turn, and the best of each counts. */
const ROUND_MS = 150;
const ROUNDS = 5;

/**
 * Speed of the `commitBatch` decoder against viem's on the same calldata, speed of decoding whole blocks, and the
 * time it takes to refuse the calldata that makes ordinary ABI decoders allocate gigabytes.
 */
export const decodeBench: Bench = async (log) => {
  await installFastKeccak();
  const rows: BenchRow[] = [];
  for (const { name, batches } of workloads()) {
    log(`decoding ${batches.length} batches (${name})`);
    rows.push(...compareWithViem(name, batches), blocksRow(name, batches));
  }
  log('refusing the alias bomb');
  rows.push(bombRow());
  return rows;
};

interface Workload {
  readonly name: string;
  /** Calldata of one `commitBatch` call each. */
  readonly batches: readonly Uint8Array[];
}

function workloads(): readonly Workload[] {
  const recorded = recordedBatches();
  const synthetic = { name: 'synthetic', batches: [1, 4, 13, 60].map((blocks) => syntheticBatch(blocks, 6)) };
  return recorded.length === 0 ? [synthetic] : [synthetic, { name: 'recorded', batches: recorded }];
}

function compareWithViem(name: string, batches: readonly Uint8Array[]): readonly BenchRow[] {
  const hexes: readonly Hex[] = batches.map((batch) => bytesToHex(batch));
  const bytes = batches.reduce((size, batch) => size + batch.length, 0);
  const passes = { ours: 0, oursFromHex: 0, viem: 0 };
  // The three take turns, so that a busy machine slows them alike.
  for (let round = 0; round < ROUNDS; round++) {
    passes.ours = Math.max(passes.ours, passesPerSecond(batches, decodeOrThrow));
    passes.oursFromHex = Math.max(passes.oursFromHex, passesPerSecond(hexes, decodeHexOrThrow));
    passes.viem = Math.max(
      passes.viem,
      passesPerSecond(hexes, (data) => decodeFunctionData({ abi: ABI, data })),
    );
  }
  const row = (what: string, rate: number, unit: 'batches/s' | 'MB/s'): BenchRow => {
    const ratio = rate / passes.viem;
    const value = unit === 'MB/s' ? (rate * bytes) / 1e6 : rate * batches.length;
    const bound = `≥ ${MIN_SPEEDUP} × viem`;
    return { name: `decode.${name}.${what}`, value, unit, ratio, bound, ok: ratio >= MIN_SPEEDUP };
  };
  return [
    row('envelope', passes.ours, 'batches/s'),
    row('envelope.bytes', passes.ours, 'MB/s'),
    row('envelope.fromHex', passes.oursFromHex, 'batches/s'),
  ];
}

/** Envelope, blocks, hashes and roots: all that comes before the engine. Informative; it has no bound of its own. */
function blocksRow(name: string, batches: readonly Uint8Array[]): BenchRow {
  const blocks = batches.reduce((count, batch) => count + (decodeOrThrow(batch).rlpBlocks?.length ?? 0), 0);
  const passes = passesPerSecond(batches, (batch) => {
    for (const rlp of decodeOrThrow(batch).rlpBlocks ?? []) {
      if (!decodeBlock(rlp).ok) throw new Error('block refused');
    }
  });
  return {
    name: `decode.${name}.blocks`,
    value: passes * blocks,
    unit: 'blocks/s',
    ratio: null,
    bound: 'none',
    ok: true,
  };
}

function bombRow(): BenchRow {
  const bomb = aliasBomb(2_000, 64 * 1024);
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    if (decodeCommitBatch(bomb).ok) throw new Error('the alias bomb was accepted');
    best = Math.min(best, performance.now() - start);
  }
  return {
    name: 'decode.aliasBomb',
    value: best,
    unit: 'ms',
    ratio: null,
    bound: `< ${MAX_BOMB_MS} ms`,
    ok: best < MAX_BOMB_MS,
  };
}

function decodeOrThrow(batch: Uint8Array) {
  const decoded = decodeCommitBatch(batch);
  if (!decoded.ok) throw new Error(`${decoded.error.reason}: ${decoded.error.detail}`);
  return decoded.value;
}

/** Includes making bytes of what an L1 node answers, the way the L1 reader does it. */
const decodeHexOrThrow = (hex: Hex) => decodeOrThrow(Buffer.from(hex.slice(2), 'hex'));

/** How often a second all inputs can be treated once. */
function passesPerSecond<T>(inputs: readonly T[], treat: (input: T) => unknown): number {
  for (const input of inputs) treat(input);
  let passes = 0;
  let elapsed = 0;
  const start = performance.now();
  while (elapsed < ROUND_MS) {
    for (const input of inputs) treat(input);
    passes++;
    elapsed = performance.now() - start;
  }
  return (passes * 1000) / elapsed;
}

/** `pointers` offsets that all name one element of `elementBytes`. */
function aliasBomb(pointers: number, elementBytes: number): Uint8Array {
  const canonical = encodeCommitBatch({ ...EMPTY_COMMIT, rlpBlocks: [new Uint8Array(elementBytes)] });
  const head = canonical.slice(0, 4 + 8 * 32);
  const element = canonical.subarray(4 + 10 * 32);
  const table = concatBytes(...new Array(pointers).fill(word(32 * pointers)));
  return concatBytes(head, word(pointers), table, element);
}

function word(value: number): Uint8Array {
  const bytes = new Uint8Array(32);
  new DataView(bytes.buffer).setUint32(28, value);
  return bytes;
}

const EMPTY_COMMIT = {
  batchNumber: 1n,
  newStateRoot: ZERO_HASH,
  withdrawalsLogsMerkleRoot: ZERO_HASH,
  privilegedRollingHash: ZERO_HASH,
  lastBlockHash: ZERO_HASH,
  nonPrivilegedTransactions: 0n,
  commitHash: ZERO_HASH,
};

/** Blocks as an ethrex L2 builds them, each with a few deposits. */
function syntheticBatch(blocks: number, depositsPerBlock: number): Uint8Array {
  const rlpBlocks: Uint8Array[] = [];
  let parentHash = ZERO_HASH;
  for (let number = 1; number <= blocks; number++) {
    const deposits = Array.from({ length: depositsPerBlock }, (_, index) =>
      encodePrivilegedTransaction({
        chainId: 65_536_999n,
        from: '0x000000000000000000000000000000000000ffff',
        to: '0x000000000000000000000000000000000000ffff',
        messageId: BigInt(number * depositsPerBlock + index),
        value: 10n ** 18n,
        gasLimit: 105_000n,
        data: new Uint8Array(36).fill(index + 1),
        maxFeePerGas: 1_000_000_007n,
        maxPriorityFeePerGas: 1_000_000_000n,
      }),
    );
    const block = sealBlock(
      { ...HEADER, parentHash, number, timestamp: 1_700_000_000 + 5 * number },
      deposits,
      [],
    );
    parentHash = block.hash;
    rlpBlocks.push(encodeBlock(block, { items: 3 }));
  }
  return encodeCommitBatch({ ...EMPTY_COMMIT, lastBlockHash: parentHash, rlpBlocks });
}

const HEADER = {
  beneficiary: ZERO_ADDRESS,
  stateRoot: ZERO_HASH,
  receiptsRoot: ZERO_HASH,
  logsBloom: ZERO_BLOOM,
  difficulty: 0n,
  gasLimit: 30_000_000n,
  gasUsed: 0n,
  extraData: '0x' as const,
  prevRandao: ZERO_HASH,
  nonce: '0x0000000000000000' as const,
  baseFeePerGas: 7n,
  blobGasUsed: 0n,
  excessBlobGas: 0n,
  parentBeaconBlockRoot: ZERO_HASH,
  requestsHash: '0xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' as const,
};

/** The recorded batches as calldata, when the recordings are at hand. */
function recordedBatches(): readonly Uint8Array[] {
  const folder = join(process.env['PLUMBLINE_FIXTURES'] ?? '../shared/fixtures', 'ethrex');
  const index = join(folder, 'expected.json');
  if (!existsSync(index)) return [];
  const sets = JSON.parse(readFileSync(index, 'utf8')) as Record<
    string,
    readonly { readonly file: string }[]
  >;
  return Object.entries(sets).flatMap(([set, entries]) =>
    entries.map(({ file }) => {
      const payload = decodeBlobPayload(new Uint8Array(readFileSync(join(folder, set, file))));
      if (!payload.ok) throw new Error(`${set}/${file}: ${payload.error.detail}`);
      const rlpBlocks = payload.value.blocks.map((block) => encodeBlock(block, { items: 3 }));
      return encodeCommitBatch({ ...EMPTY_COMMIT, rlpBlocks });
    }),
  );
}
