import { ok, type Result } from '../lib/result.ts';
import type { CommitBatchArgs } from './batch.ts';
import {
  bigIntToWord,
  bytesToBigInt,
  bytesToSafeNumber,
  concatBytes,
  fromHex,
  isZero,
  toHex,
} from './bytes.ts';
import { type DecodeError, refuse } from './decodeError.ts';
import type { Hash, Hex } from './refs.ts';
import { DEFAULT_LIMITS, type DerivationLimits } from './rollupConfig.ts';

/**
 * The `commitBatch` functions of OnChainProposer, by selector. All begin with the same static words, each a prefix
 * of the newest shape's; the based ones end with the blocks, the non-based one with message lists that derivation
 * has no use for (its blocks are in the blob).
 */
const WORDS = [
  'batchNumber',
  'newStateRoot',
  'withdrawalsLogsMerkleRoot',
  'privilegedRollingHash',
  'lastBlockHash',
  'nonPrivilegedTransactions',
  'commitHash',
] as const;

interface Shape {
  /** How many of `WORDS` the function has. */
  readonly staticWords: number;
  /** Words of the whole head: the static ones and the offsets of the dynamic ones. */
  readonly headWords: number;
  readonly based: boolean;
}

const SHAPES = {
  /** Based, 8 arguments, since 2025-12-17. */
  '0x4008fd7c': { staticWords: 7, headWords: 8, based: true },
  /** Based, 7 arguments, 2025-12-16 only. */
  '0x0cce9190': { staticWords: 6, headWords: 7, based: true },
  /** Based, 6 arguments, 2025-06-17 to 2025-12-16. */
  '0x747f46dd': { staticWords: 5, headWords: 6, based: true },
  /** Not based, 9 arguments: the blocks are in the blob. */
  '0xc0ddc604': { staticWords: 7, headWords: 9, based: false },
} as const satisfies Record<Hex, Shape>;

export type CommitBatchSelector = keyof typeof SHAPES;
export type BasedSelector = '0x4008fd7c' | '0x0cce9190' | '0x747f46dd';

const SELECTOR_BYTES = 4;
const WORD = 32;

const shapeOf = (selector: Hex): Shape | undefined =>
  Object.hasOwn(SHAPES, selector) ? SHAPES[selector as CommitBatchSelector] : undefined;

export type DecodedCommitBatch = CommitBatchArgs & {
  /** Accepted, but not laid out as an ABI encoder would. */
  readonly warnings: readonly string[];
};

export type CalldataLimits = Pick<DerivationLimits, 'maxCalldataBytes' | 'maxBlocksPerBatch'>;

/**
 * Decodes the calldata of any `commitBatch` we know.
 *
 * The contract never reads the blocks, so anyone may lay them out in any way the ABI allows. Accepted is what a
 * tolerant reader accepts (gaps, any order, dirty padding, trailing bytes: each a warning), as long as no byte is
 * read twice: that alone bounds time and memory by the size of the input. Offsets, lengths and counts are checked
 * before anything is allocated. Blocks are views of `input`.
 *
 * Reasons: `calldata_too_large`, `unknown_selector`, `too_many_blocks`, `malformed_calldata`.
 */
export function decodeCommitBatch(
  input: Uint8Array,
  limits: CalldataLimits = DEFAULT_LIMITS,
): Result<DecodedCommitBatch, DecodeError> {
  const words = decodeCommitWords(input, limits);
  if (!words.ok) return words;
  const shape = SHAPES[words.value.selector as CommitBatchSelector];
  if (!shape.based) return ok({ ...words.value, warnings: [] });
  const blocks = readBlockArray(input, shape.headWords * WORD, limits);
  if (!blocks.ok) return blocks;
  return ok({ ...words.value, rlpBlocks: blocks.value.elements, warnings: blocks.value.warnings });
}

/**
 * The static words alone, with `rlpBlocks` null: what the contract itself reads and stores, even when the blocks
 * after them are unreadable. Reasons: `calldata_too_large`, `unknown_selector`, `malformed_calldata`.
 */
export function decodeCommitWords(
  input: Uint8Array,
  limits: Pick<DerivationLimits, 'maxCalldataBytes'> = DEFAULT_LIMITS,
): Result<CommitBatchArgs, DecodeError> {
  if (input.length > limits.maxCalldataBytes) {
    return refuse('calldata_too_large', `${input.length} bytes, at most ${limits.maxCalldataBytes}`);
  }
  if (input.length < SELECTOR_BYTES)
    return refuse('unknown_selector', `${input.length} bytes hold no selector`);
  const selector = toHex(input.subarray(0, SELECTOR_BYTES));
  const shape = shapeOf(selector);
  if (shape === undefined) return refuse('unknown_selector', `${selector} is no commitBatch`);
  const headEnd = SELECTOR_BYTES + shape.headWords * WORD;
  if (input.length < headEnd) {
    return refuse('malformed_calldata', `${input.length} bytes, but the arguments begin with ${headEnd}`);
  }
  const word = (name: (typeof WORDS)[number]): Uint8Array | null => {
    const index = WORDS.indexOf(name);
    const at = SELECTOR_BYTES + index * WORD;
    return index < shape.staticWords ? input.subarray(at, at + WORD) : null;
  };
  const hash = (name: (typeof WORDS)[number]): Hash | null => {
    const bytes = word(name);
    return bytes === null ? null : toHex(bytes);
  };
  const nonPrivileged = word('nonPrivilegedTransactions');
  return ok({
    selector,
    batchNumber: bytesToBigInt(word('batchNumber')!),
    newStateRoot: hash('newStateRoot')!,
    withdrawalsLogsMerkleRoot: hash('withdrawalsLogsMerkleRoot')!,
    privilegedRollingHash: hash('privilegedRollingHash')!,
    lastBlockHash: hash('lastBlockHash'),
    nonPrivilegedTransactions: nonPrivileged === null ? null : bytesToBigInt(nonPrivileged),
    commitHash: hash('commitHash'),
    rlpBlocks: null,
  });
}

interface BlockArray {
  readonly elements: readonly Uint8Array[];
  readonly warnings: readonly string[];
}

/** Reads the `bytes[]` whose offset is the last word of a head of `headBytes`. Offsets count from the arguments' start. */
function readBlockArray(
  input: Uint8Array,
  headBytes: number,
  limits: CalldataLimits,
): Result<BlockArray, DecodeError> {
  const args = SELECTOR_BYTES;
  const offset = readWord(input, args + headBytes - WORD);
  if (offset === null || args + offset + WORD > input.length) {
    return refuse('malformed_calldata', 'the offset of the block array lies outside the calldata');
  }
  if (offset < headBytes) {
    return refuse(
      'malformed_calldata',
      `the offset of the block array, ${offset}, points back into the arguments`,
    );
  }
  const count = readWord(input, args + offset);
  const table = args + offset + WORD;
  if (count === null || count > Math.floor((input.length - table) / WORD)) {
    return refuse(
      'malformed_calldata',
      `the block array claims ${count ?? 'over 2^53'} elements, more than there is room for`,
    );
  }
  if (count > limits.maxBlocksPerBatch) {
    return refuse('too_many_blocks', `${count} blocks, at most ${limits.maxBlocksPerBatch}`);
  }
  const spans = readSpans(input, table, count);
  if (!spans.ok) return spans;
  const layout = { canonicalOffset: offset === headBytes, table, spans: spans.value };
  return ok({
    elements: spans.value.map(({ start, end }) => input.subarray(start, end)),
    warnings: layoutWarnings(input, layout),
  });
}

/** Where one element's bytes lie. Its length word is the 32 bytes before `start`. */
interface Span {
  readonly start: number;
  readonly end: number;
}

/** Reads the offset table. Element offsets count from the table's own start. No two elements may share a byte. */
function readSpans(input: Uint8Array, table: number, count: number): Result<readonly Span[], DecodeError> {
  const spans: Span[] = [];
  let rising = true;
  let budget = input.length - table - count * WORD;
  let previousEnd = table + count * WORD;
  for (let index = 0; index < count; index++) {
    const offset = readWord(input, table + index * WORD);
    if (offset === null || table + offset + WORD > input.length) {
      return refuse('malformed_calldata', `the offset of block ${index + 1} lies outside the calldata`);
    }
    if (offset < count * WORD) {
      return refuse(
        'malformed_calldata',
        `the offset of block ${index + 1}, ${offset}, points back into the offset table`,
      );
    }
    const start = table + offset + WORD;
    const length = readWord(input, start - WORD);
    if (length === null || length > input.length - start) {
      return refuse(
        'malformed_calldata',
        `block ${index + 1} claims ${length ?? 'over 2^53'} bytes, more than there are`,
      );
    }
    budget -= WORD + length;
    if (budget < 0)
      return refuse('malformed_calldata', `blocks 1 to ${index + 1} claim more bytes than the calldata has`);
    rising &&= start - WORD >= previousEnd;
    previousEnd = start + length;
    spans.push({ start, end: previousEnd });
  }
  if (!rising && overlap(spans))
    return refuse('malformed_calldata', 'two blocks share bytes of the calldata');
  return ok(spans);
}

function overlap(spans: readonly Span[]): boolean {
  const inOrder = spans.toSorted((a, b) => a.start - b.start);
  return inOrder.some((span, index) => index > 0 && span.start - WORD < inOrder[index - 1]!.end);
}

/** What an ABI encoder would have written otherwise. One warning a kind. */
function layoutWarnings(
  input: Uint8Array,
  layout: { readonly canonicalOffset: boolean; readonly table: number; readonly spans: readonly Span[] },
): string[] {
  const warnings: string[] = [];
  if (!layout.canonicalOffset) warnings.push('non_canonical: a gap before the block array');
  let expected = layout.table + layout.spans.length * WORD;
  let moved = false;
  let dirty = false;
  let cut = false;
  for (const { start, end } of layout.spans) {
    moved ||= start - WORD !== expected;
    expected = start + Math.ceil((end - start) / WORD) * WORD;
    cut ||= expected > input.length;
    dirty ||= !isZero(input, end, Math.min(expected, input.length));
  }
  if (moved) warnings.push('non_canonical: blocks out of order or with gaps between them');
  if (dirty) warnings.push('non_canonical: padding that is not zero');
  if (cut) warnings.push('non_canonical: the last padding is cut off');
  if (!moved && expected < input.length)
    warnings.push(`non_canonical: ${input.length - expected} trailing bytes`);
  return warnings;
}

/** A word as a number, or null above 2^53 − 1, which is beyond any calldata. */
const readWord = (input: Uint8Array, at: number): number | null => bytesToSafeNumber(input, at, at + WORD);

/** What a committer fills in. Fields that an older shape lacks are left out of its encoding. */
export interface CommitBatchInput {
  readonly batchNumber: bigint;
  readonly newStateRoot: Hash;
  readonly withdrawalsLogsMerkleRoot: Hash;
  readonly privilegedRollingHash: Hash;
  readonly lastBlockHash: Hash;
  readonly nonPrivilegedTransactions: bigint;
  readonly commitHash: Hash;
  readonly rlpBlocks: readonly Uint8Array[];
}

/** Canonical ABI encoding of a based `commitBatch` call. Throws RangeError on a number outside uint256. */
export function encodeCommitBatch(input: CommitBatchInput, shape: BasedSelector = '0x4008fd7c'): Uint8Array {
  const { staticWords, headWords } = SHAPES[shape];
  const values = [
    bigIntToWord(input.batchNumber),
    fromHex(input.newStateRoot),
    fromHex(input.withdrawalsLogsMerkleRoot),
    fromHex(input.privilegedRollingHash),
    fromHex(input.lastBlockHash),
    bigIntToWord(input.nonPrivilegedTransactions),
    fromHex(input.commitHash),
  ].slice(0, staticWords);
  const parts = [fromHex(shape), ...values, uintWord(headWords * WORD), uintWord(input.rlpBlocks.length)];
  let offset = input.rlpBlocks.length * WORD;
  for (const block of input.rlpBlocks) {
    parts.push(uintWord(offset));
    offset += WORD + Math.ceil(block.length / WORD) * WORD;
  }
  for (const block of input.rlpBlocks) {
    parts.push(uintWord(block.length), block, new Uint8Array((WORD - (block.length % WORD)) % WORD));
  }
  return concatBytes(...parts);
}

const uintWord = (value: number): Uint8Array => bigIntToWord(BigInt(value));
