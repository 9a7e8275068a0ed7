import { proveBlock, requireHeaderHash } from '../server/l1/verify/blockProof.ts';
import {
  encodeHeaderJson,
  encodeReceiptJson,
  encodeTransactionJson,
  type Fields,
} from '../server/l1/verify/encode.ts';
import { installFastKeccak } from '../server/protocol/fastKeccak.ts';
import { keccak256Hex } from '../server/protocol/keccak.ts';
import { type Hash, ZERO_ADDRESS, ZERO_HASH } from '../server/protocol/refs.ts';
import { ZERO_BLOOM } from '../server/protocol/rlpReader.ts';
import { orderedTrieRoot } from '../server/protocol/trieRoot.ts';
import type { Bench, BenchRow } from './row.ts';

const TRANSACTIONS = 1_000;
const ROUNDS = 7;
/** Parsing the answers is what even a reader that believes them pays. */
const MAX_OF_PARSING = 10;

const hex = (value: number | bigint): string => `0x${value.toString(16)}`;
const word = (value: number): Hash => `0x${value.toString(16).padStart(64, 'a')}`;

/**
 * What it costs to believe nothing of an L1 block in which a batch was committed: its header, its thousand
 * transactions and their receipts with two logs each, recomputed to the block's hash, against parsing the same answers.
 */
export const l1Bench: Bench = async (log) => {
  await installFastKeccak();
  log(`a block of ${TRANSACTIONS} transactions`);
  const { block, receipts, hash } = sampleAnswers();
  const texts = [JSON.stringify(block), JSON.stringify(receipts)] as const;
  const bytes = texts[0].length + texts[1].length;
  const parsed = texts.map((text) => JSON.parse(text) as unknown);
  const best = { parse: Infinity, prove: Infinity, receipts: Infinity, header: Infinity };
  for (let round = 0; round < ROUNDS; round++) {
    best.parse = Math.min(
      best.parse,
      msOf(() => texts.map((text) => JSON.parse(text))),
    );
    best.prove = Math.min(
      best.prove,
      msOf(() => proveBlock(hash, parsed[0], parsed[1])),
    );
    best.receipts = Math.min(
      best.receipts,
      msOf(() => orderedTrieRoot((receipts as Fields[]).map(encodeReceiptJson))),
    );
    best.header = Math.min(
      best.header,
      msOf(() => requireHeaderHash(block, hash)),
    );
  }
  const ratio = best.prove / best.parse;
  const told = (name: string, value: number, unit: string): BenchRow => ({
    name: `l1.verify.${name}`,
    value,
    unit,
    ratio: null,
    bound: 'none',
    ok: true,
  });
  return [
    {
      ...told('block1000', best.prove, 'ms'),
      ratio,
      bound: `≤ ${MAX_OF_PARSING} × JSON.parse (${best.parse.toFixed(1)} ms)`,
      ok: ratio <= MAX_OF_PARSING,
    },
    told('block1000.bytes', bytes / 1e3 / best.prove, 'MB/s'),
    told('receiptsRoot1000', best.receipts, 'ms'),
    told('header', best.header * 1000, 'µs'),
  ];
};

function msOf(task: () => unknown): number {
  const begun = performance.now();
  task();
  return performance.now() - begun;
}

function sampleAnswers(): {
  readonly block: Fields;
  readonly receipts: readonly Fields[];
  readonly hash: Hash;
} {
  const transactions = Array.from({ length: TRANSACTIONS }, (_, index) => transaction(index));
  const receipts = Array.from({ length: TRANSACTIONS }, (_, index) => receipt(index));
  const header = {
    parentHash: ZERO_HASH,
    sha3Uncles: ZERO_HASH,
    miner: ZERO_ADDRESS,
    stateRoot: word(1),
    transactionsRoot: orderedTrieRoot(transactions.map(encodeTransactionJson)),
    receiptsRoot: orderedTrieRoot(receipts.map(encodeReceiptJson)),
    logsBloom: ZERO_BLOOM,
    difficulty: '0x0',
    number: '0x100',
    gasLimit: hex(60_000_000),
    gasUsed: hex(50_000_000),
    timestamp: hex(1_700_000_000),
    extraData: '0x',
    mixHash: ZERO_HASH,
    nonce: '0x0000000000000000',
    baseFeePerGas: '0x7',
    withdrawalsRoot: ZERO_HASH,
    blobGasUsed: '0x0',
    excessBlobGas: '0x0',
    parentBeaconBlockRoot: ZERO_HASH,
    requestsHash: ZERO_HASH,
  };
  const hash = keccak256Hex(encodeHeaderJson(header));
  return { block: { ...header, hash, transactions }, receipts, hash };
}

/** As large as most on mainnet: a call with three words of data. */
function transaction(index: number): Fields {
  const fields = {
    type: '0x2',
    chainId: '0x1',
    nonce: hex(index),
    maxPriorityFeePerGas: hex(10n ** 9n),
    maxFeePerGas: hex(3n * 10n ** 10n),
    gas: hex(120_000),
    to: ZERO_ADDRESS,
    value: '0x0',
    input: `0xa9059cbb${word(index).slice(2)}${word(index + 1).slice(2)}${word(index + 2).slice(2)}`,
    accessList: [],
    yParity: '0x1',
    r: word(index + 3),
    s: word(index + 4),
  };
  return { ...fields, hash: keccak256Hex(encodeTransactionJson(fields)) };
}

function receipt(index: number): Fields {
  const log = { address: ZERO_ADDRESS, topics: [word(1), word(2), word(index)], data: word(index) };
  const place = { transactionHash: word(index), blockHash: word(9), transactionIndex: hex(index) };
  return {
    type: '0x2',
    status: '0x1',
    cumulativeGasUsed: hex(50_000 * (index + 1)),
    logsBloom: ZERO_BLOOM,
    logs: [log, log].map((one) => ({ ...one, ...place, removed: false })),
    ...place,
  };
}
