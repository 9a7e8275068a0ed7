import type { BlockHeader } from '../../protocol/block.ts';
import { EMPTY_OMMERS_HASH } from '../../protocol/header.ts';
import { atLeast, type Fork, type Genesis } from './genesis.ts';

/** EIP-1559. */
const ELASTICITY = 2n;
const BASE_FEE_DENOMINATOR = 8n;
/** Yellow Paper 4.4.4: a block's gas limit differs from its parent's by less than parent ÷ 1024, and is at least 5,000. */
const GAS_LIMIT_DIVISOR = 1024n;
const MIN_GAS_LIMIT = 5_000n;
/** EIP-4844. */
export const GAS_PER_BLOB = 131_072n;

/** The base fee of the block after `parent`, in wei (EIP-1559). */
export function nextBaseFee(parent: BlockHeader): bigint {
  const base = parent.baseFeePerGas ?? 1_000_000_000n;
  const target = parent.gasLimit / ELASTICITY;
  if (parent.gasUsed === target) return base;
  if (parent.gasUsed > target) {
    const rise = (base * (parent.gasUsed - target)) / target / BASE_FEE_DENOMINATOR;
    return base + (rise > 1n ? rise : 1n);
  }
  return base - (base * (target - parent.gasUsed)) / target / BASE_FEE_DENOMINATOR;
}

/** The excess blob gas of the block after `parent` (EIP-4844, with the schedule of the new block's fork). */
export function nextExcessBlobGas(parent: BlockHeader, genesis: Genesis, fork: Fork): bigint {
  const target = BigInt(genesis.blobSchedules[fork === 'prague' ? 'prague' : 'cancun'].target) * GAS_PER_BLOB;
  const sum = (parent.excessBlobGas ?? 0n) + (parent.blobGasUsed ?? 0n);
  return sum > target ? sum - target : 0n;
}

/** The gas limit nearest to `wanted` that may follow `parent`. */
export function nextGasLimit(parent: bigint, wanted: bigint): bigint {
  const step = parent / GAS_LIMIT_DIVISOR - 1n;
  if (wanted > parent) return wanted > parent + step ? parent + step : wanted;
  const lowest = parent - step > MIN_GAS_LIMIT ? parent - step : MIN_GAS_LIMIT;
  return wanted < lowest ? lowest : wanted;
}

/** What is wrong with a header as the child of `parent`, in one clause, or null. Execution is checked elsewhere. */
export function checkHeader(
  header: BlockHeader,
  parent: BlockHeader,
  genesis: Genesis,
  fork: Fork,
): string | null {
  if (header.number !== parent.number + 1) return `number ${header.number} after ${parent.number}`;
  if (header.timestamp <= parent.timestamp) {
    return `timestamp ${header.timestamp} is not after the parent's ${parent.timestamp}`;
  }
  if (header.difficulty !== 0n) return `difficulty is ${header.difficulty}, not 0`;
  if (header.nonce !== '0x0000000000000000') return `nonce is ${header.nonce}, not 0`;
  if (header.ommersHash !== EMPTY_OMMERS_HASH) return 'ommers are not empty';
  return (
    checkGas(header, parent) ?? checkForkFields(header, fork) ?? checkBlobGas(header, parent, genesis, fork)
  );
}

function checkGas(header: BlockHeader, parent: BlockHeader): string | null {
  const { gasLimit, gasUsed } = header;
  const change = gasLimit > parent.gasLimit ? gasLimit - parent.gasLimit : parent.gasLimit - gasLimit;
  if (change >= parent.gasLimit / GAS_LIMIT_DIVISOR) {
    return `gas limit ${gasLimit} is too far from the parent's ${parent.gasLimit}`;
  }
  if (gasLimit < MIN_GAS_LIMIT) return `gas limit ${gasLimit} is below ${MIN_GAS_LIMIT}`;
  if (gasUsed > gasLimit) return `gas used ${gasUsed} is above the limit ${gasLimit}`;
  const baseFee = nextBaseFee(parent);
  if (header.baseFeePerGas !== baseFee) return `base fee is ${header.baseFeePerGas}, not ${baseFee}`;
  return null;
}

function checkForkFields(header: BlockHeader, fork: Fork): string | null {
  const expected: readonly (readonly [keyof BlockHeader, Fork])[] = [
    ['withdrawalsRoot', 'shanghai'],
    ['blobGasUsed', 'cancun'],
    ['excessBlobGas', 'cancun'],
    ['parentBeaconBlockRoot', 'cancun'],
    ['requestsHash', 'prague'],
  ];
  for (const [field, since] of expected) {
    if ((header[field] !== null) !== atLeast(fork, since)) {
      return `${field} is ${header[field] === null ? 'absent' : 'present'} in a block of the ${fork} hardfork`;
    }
  }
  return null;
}

function checkBlobGas(header: BlockHeader, parent: BlockHeader, genesis: Genesis, fork: Fork): string | null {
  if (header.blobGasUsed === null) return null;
  const max = BigInt(genesis.blobSchedules[fork === 'prague' ? 'prague' : 'cancun'].max) * GAS_PER_BLOB;
  if (header.blobGasUsed > max) return `blob gas used ${header.blobGasUsed} is above ${max}`;
  const excess = nextExcessBlobGas(parent, genesis, fork);
  if (header.excessBlobGas !== excess) return `excess blob gas is ${header.excessBlobGas}, not ${excess}`;
  return null;
}
