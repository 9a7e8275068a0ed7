import fc from 'fast-check';
import { deriveBatch, genesisCursor } from '../derivation/ethrexBased.ts';
import { invalidSentence } from '../derivation/invalid.ts';
import { decodeBlobPayload, encodeBlobPayload, packBlob } from '../protocol/blob.ts';
import { decodeBlock, decodeBlocks, encodeBlock } from '../protocol/blockCodec.ts';
import { concatBytes } from '../protocol/bytes.ts';
import { decodeCommitBatch, encodeCommitBatch } from '../protocol/commitBatch.ts';
import { installFastKeccak } from '../protocol/fastKeccak.ts';
import { EMPTY_FEE_CONFIG } from '../protocol/feeConfig.ts';
import { decodeRlp } from '../protocol/rlp.ts';
import { decodeTransaction, transactionHash } from '../protocol/transaction.ts';
import {
  commitInputFor,
  SAMPLE_CONFIG,
  SAMPLE_TRANSACTIONS,
  sampleBlock,
  sampleChain,
  sampleCommit,
  sampleDeposit,
} from './sampleBatch.ts';

/**
 * Throws any bytes at every decoder of L1 data and measures the memory it took. A program of its own, because only
 * a process started with --expose-gc can tell garbage from a leak: `node --expose-gc fuzzDecoders.ts RUNS SEED`.
 * Prints one JSON object; ends in failure, with the input's seed and path, when a decoder throws.
 */

/** What one decoder was given, and what it made of it. */
interface Tally {
  accepted: number;
  readonly refused: Record<string, number>;
}

type Decoder = (bytes: Uint8Array) => string | null;

interface Target {
  readonly name: string;
  readonly seeds: readonly Uint8Array[];
  /** Null when accepted, else the reason. */
  readonly decode: Decoder;
  /** Of all runs. */
  readonly share: number;
}

const chain = sampleChain(3, (number) => [sampleDeposit(number), ...SAMPLE_TRANSACTIONS]);
const rlpBlocks = chain.map((block) => encodeBlock(block, { items: 3 }));
const fourItems = encodeBlock(
  sampleBlock({}, SAMPLE_TRANSACTIONS, [
    { index: 1n, validatorIndex: 2n, address: `0x${'ab'.repeat(20)}`, amount: 3n },
  ]),
  { items: 4 },
);
const commits = (['0x4008fd7c', '0x0cce9190', '0x747f46dd'] as const).map((shape) =>
  encodeCommitBatch(commitInputFor(chain), shape),
);
const payload = encodeBlobPayload(
  rlpBlocks,
  chain.map(() => EMPTY_FEE_CONFIG),
);

const reasonOf = (
  result: { readonly ok: true } | { readonly ok: false; readonly error: { readonly reason: string } },
) => (result.ok ? null : result.error.reason);

function derive(input: Uint8Array, blob?: Uint8Array): string | null {
  const commit = sampleCommit(chain, {
    input,
    ...(blob && { blobVersionedHashes: [`0x${'01'.repeat(32)}`] }),
  });
  const outcome = deriveBatch(SAMPLE_CONFIG, genesisCursor(SAMPLE_CONFIG), commit, blob);
  if (outcome.kind === 'invalid' && invalidSentence(outcome.reason) === undefined)
    throw new Error('no sentence');
  return outcome.kind === 'invalid' ? outcome.reason : null;
}

/** A payload, which may be too long for a blob after its mutation, as a blob. */
const blobOf = (bytes: Uint8Array): Uint8Array => packBlob(bytes.subarray(0, 126_976));

const TARGETS: readonly Target[] = [
  {
    name: 'rlp',
    seeds: [rlpBlocks[0]!, SAMPLE_TRANSACTIONS[0]!],
    decode: (bytes) => reasonOf(decodeRlp(bytes)),
    share: 0.15,
  },
  {
    name: 'transaction',
    seeds: SAMPLE_TRANSACTIONS,
    decode: (bytes) => {
      transactionHash(bytes);
      return reasonOf(decodeTransaction(bytes));
    },
    share: 0.3,
  },
  {
    name: 'block',
    seeds: [...rlpBlocks, fourItems],
    decode: (bytes) => reasonOf(decodeBlock(bytes)),
    share: 0.2,
  },
  {
    name: 'blocks',
    seeds: [concatBytes(...rlpBlocks)],
    decode: (bytes) => reasonOf(decodeBlocks(bytes)),
    share: 0.05,
  },
  { name: 'commitBatch', seeds: commits, decode: (bytes) => reasonOf(decodeCommitBatch(bytes)), share: 0.19 },
  { name: 'batch', seeds: commits, decode: (bytes) => derive(bytes), share: 0.08 },
  {
    name: 'payload',
    seeds: [payload],
    decode: (bytes) => reasonOf(decodeBlobPayload(blobOf(bytes))),
    share: 0.01,
  },
  {
    name: 'blob',
    seeds: [packBlob(payload)],
    decode: (bytes) => reasonOf(decodeBlobPayload(bytes)),
    share: 0.01,
  },
  {
    name: 'blobBatch',
    seeds: [payload],
    decode: (bytes) => derive(Uint8Array.of(0), blobOf(bytes)),
    share: 0.01,
  },
];

type Mutation = (bytes: Uint8Array) => Uint8Array;

/** Numbers that decoders have stumbled over, as bytes of any width. */
const WORDS = [
  0n,
  1n,
  31n,
  32n,
  55n,
  56n,
  255n,
  256n,
  2n ** 31n,
  2n ** 32n,
  2n ** 53n,
  2n ** 64n - 1n,
  2n ** 256n - 1n,
];

const place = fc.nat({ max: 1_000_000 });

/** Changes that know the formats: whole words, RLP headers, lengths, pieces moved, repeated or cut off. */
const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.tuple(place, fc.nat(255)).map(([at, byte]) => patch(at, Uint8Array.of(byte))),
  fc.tuple(place, fc.nat(7)).map(
    ([at, bit]): Mutation =>
      (bytes) =>
        flip(bytes, at, bit),
  ),
  fc.tuple(fc.nat(40), fc.constantFrom(...WORDS)).map(([index, word]) => patch(4 + 32 * index, wordOf(word))),
  fc
    .tuple(place, fc.constantFrom(0x80, 0xb7, 0xb8, 0xbf, 0xc0, 0xf7, 0xf8, 0xff))
    .map(([at, byte]) => patch(at, Uint8Array.of(byte))),
  place.map(
    (size): Mutation =>
      (bytes) =>
        bytes.slice(0, size % (bytes.length + 1)),
  ),
  fc.tuple(place, fc.uint8Array({ maxLength: 40 })).map(
    ([at, extra]): Mutation =>
      (bytes) =>
        insert(bytes, at, extra),
  ),
  fc.tuple(place, place, fc.nat(64)).map(
    ([from, to, size]): Mutation =>
      (bytes) => {
        const start = from % (bytes.length + 1);
        return patch(to, bytes.slice(start, start + size))(bytes);
      },
  ),
  fc.tuple(place, fc.nat(64)).map(
    ([at, size]): Mutation =>
      (bytes) => {
        const start = at % (bytes.length + 1);
        return concatBytes(bytes.subarray(0, start), bytes.subarray(start + size));
      },
  ),
);

function patch(at: number, values: Uint8Array): Mutation {
  return (bytes) => {
    if (bytes.length === 0) return bytes;
    const copy = bytes.slice();
    const start = at % bytes.length;
    copy.set(values.subarray(0, copy.length - start), start);
    return copy;
  };
}

const flip = (bytes: Uint8Array, at: number, bit: number): Uint8Array =>
  bytes.length === 0 ? bytes : patch(at, Uint8Array.of(bytes[at % bytes.length]! ^ (1 << bit)))(bytes);

const insert = (bytes: Uint8Array, at: number, extra: Uint8Array): Uint8Array => {
  const start = at % (bytes.length + 1);
  return concatBytes(bytes.subarray(0, start), extra, bytes.subarray(start));
};

function wordOf(value: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, index) => Number((value >> BigInt(8 * (31 - index))) & 0xffn));
}

const inputFor = ({ seeds }: Target): fc.Arbitrary<Uint8Array> =>
  fc.oneof(
    {
      weight: 9,
      arbitrary: fc
        .tuple(fc.constantFrom(...seeds), fc.array(mutation, { maxLength: 4 }))
        .map(([seed, mutations]) => mutations.reduce((bytes, mutate) => mutate(bytes), seed)),
    },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }) },
  );

function fuzz(target: Target, runs: number, seed: number, sample: () => void): Tally {
  const tally: Tally = { accepted: 0, refused: {} };
  let done = 0;
  fc.assert(
    fc.property(inputFor(target), (bytes) => {
      const reason = target.decode(bytes);
      if (reason === null) tally.accepted++;
      else tally.refused[reason] = (tally.refused[reason] ?? 0) + 1;
      if (++done % 1_000 === 0) sample();
    }),
    { numRuns: runs, seed, verbose: 0 },
  );
  return tally;
}

async function main(runs: number, seed: number): Promise<void> {
  await installFastKeccak();
  const collect = globalThis.gc;
  if (collect === undefined) throw new Error('start node with --expose-gc');
  // One pass before the measurement, so that compiled code and lazily built tables do not count.
  for (const target of TARGETS) fuzz(target, 200, seed, () => {});
  collect();
  const before = process.memoryUsage();
  let peakHeap = before.heapUsed;
  let peakRss = before.rss;
  const sample = () => {
    collect();
    const { heapUsed, rss, external } = process.memoryUsage();
    peakHeap = Math.max(peakHeap, heapUsed + external - before.external);
    peakRss = Math.max(peakRss, rss);
  };
  const tallies = TARGETS.map((target) => [
    target.name,
    fuzz(target, Math.ceil(runs * target.share), seed, sample),
  ]);
  const extraHeapBytes = peakHeap - before.heapUsed;
  console.log(
    JSON.stringify({
      seed,
      extraHeapBytes,
      extraRssBytes: peakRss - before.rss,
      tallies: Object.fromEntries(tallies),
    }),
  );
}

await main(Number(process.argv[2] ?? 100_000), Number(process.argv[3] ?? Date.now() % 2 ** 31));
