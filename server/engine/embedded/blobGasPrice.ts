import type { BlockHeader } from '../../protocol/block.ts';
import { forkAt, type Genesis } from './genesis.ts';

/** wei per blob gas in a block (EIP-4844 `get_base_fee_per_blob_gas`). */
export function blobGasPriceOf(genesis: Genesis, header: BlockHeader): bigint {
  const schedule =
    genesis.blobSchedules[forkAt(genesis, header.timestamp) === 'prague' ? 'prague' : 'cancun'];
  return fakeExponential(1n, header.excessBlobGas ?? 0n, BigInt(schedule.baseFeeUpdateFraction));
}

/** EIP-4844: factor × e^(numerator ÷ denominator) by its Taylor series in integers. */
function fakeExponential(factor: bigint, numerator: bigint, denominator: bigint): bigint {
  let sum = 0n;
  let term = factor * denominator;
  for (let step = 1n; term > 0n; step++) {
    sum += term;
    term = (term * numerator) / (denominator * step);
  }
  return sum / denominator;
}
