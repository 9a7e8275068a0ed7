import type { BlockHeader } from './block.ts';
import { fromHex } from './bytes.ts';
import { keccak256Hex } from './keccak.ts';
import type { Hash, Hex } from './refs.ts';
import { encodeRlpList, encodeRlpString, encodeRlpUint } from './rlp.ts';
import type { RlpReader } from './rlpReader.ts';

/** keccak256 of an empty RLP list: the ommers hash of every block after the merge (EIP-3675). */
export const EMPTY_OMMERS_HASH: Hash = '0x1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347';

/** Field counts a header may have: Frontier, London, Shanghai, Cancun, Prague. */
const FIELD_COUNTS: readonly number[] = [15, 16, 17, 20, 21];

const UINT64 = 8;
const UINT256 = 32;

/** Reads a header list's fields, each of its exact size. Faults stick in the reader. */
export function readHeader(fields: RlpReader): BlockHeader {
  const count = fields.count();
  if (!FIELD_COUNTS.includes(count)) fields.fail(`${count} fields, not ${FIELD_COUNTS.join(', ')}`);
  const header: BlockHeader = {
    parentHash: fields.hash('parentHash'),
    ommersHash: fields.hash('ommersHash'),
    beneficiary: fields.address('beneficiary'),
    stateRoot: fields.hash('stateRoot'),
    transactionsRoot: fields.hash('transactionsRoot'),
    receiptsRoot: fields.hash('receiptsRoot'),
    logsBloom: fields.bloom('logsBloom'),
    difficulty: fields.uint('difficulty', UINT256),
    number: fields.safeNumber('number'),
    gasLimit: fields.uint('gasLimit', UINT64),
    gasUsed: fields.uint('gasUsed', UINT64),
    timestamp: fields.safeNumber('timestamp'),
    extraData: fields.variableHex('extraData', 32),
    prevRandao: fields.hash('prevRandao'),
    nonce: fields.hex('nonce', 8),
    baseFeePerGas: count >= 16 ? fields.uint('baseFeePerGas', UINT256) : null,
    withdrawalsRoot: count >= 17 ? fields.hash('withdrawalsRoot') : null,
    blobGasUsed: count >= 20 ? fields.uint('blobGasUsed', UINT64) : null,
    excessBlobGas: count >= 20 ? fields.uint('excessBlobGas', UINT64) : null,
    parentBeaconBlockRoot: count >= 20 ? fields.hash('parentBeaconBlockRoot') : null,
    requestsHash: count >= 21 ? fields.hash('requestsHash') : null,
  };
  if (header.ommersHash !== EMPTY_OMMERS_HASH)
    fields.fail(`ommersHash is ${header.ommersHash}, not that of no ommers`);
  fields.finish();
  return header;
}

/**
 * RLP of a header. Fields after the first null one must be null too, since RLP has no way to leave a gap: throws
 * RangeError otherwise.
 */
export function encodeHeader(header: BlockHeader): Uint8Array {
  const fields: Uint8Array[] = [
    ...[header.parentHash, header.ommersHash, header.beneficiary].map(encodeHex),
    ...[header.stateRoot, header.transactionsRoot, header.receiptsRoot, header.logsBloom].map(encodeHex),
    ...[header.difficulty, header.number, header.gasLimit, header.gasUsed, header.timestamp].map(
      encodeRlpUint,
    ),
    ...[header.extraData, header.prevRandao, header.nonce].map(encodeHex),
  ];
  const later = [
    header.baseFeePerGas,
    header.withdrawalsRoot,
    header.blobGasUsed,
    header.excessBlobGas,
    header.parentBeaconBlockRoot,
    header.requestsHash,
  ];
  const present = later.filter((value) => value !== null);
  if (later.slice(0, present.length).includes(null))
    throw new RangeError('header field present after an absent one');
  for (const value of present)
    fields.push(typeof value === 'bigint' ? encodeRlpUint(value) : encodeHex(value));
  return encodeRlpList(fields);
}

export const headerHash = (header: BlockHeader): Hash => keccak256Hex(encodeHeader(header));

const encodeHex = (hex: Hex): Uint8Array => encodeRlpString(fromHex(hex));
