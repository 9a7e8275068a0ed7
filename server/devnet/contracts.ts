/** Compiled contracts of the devnet, from `contracts/artifacts`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Hex } from '../protocol/refs.ts';

export type ContractName =
  | 'OnChainProposer'
  | 'SequencerRegistry'
  | 'CommonBridge'
  | 'l2/Counter'
  | 'l2/DevToken'
  | 'l2/L2Bridge';

export interface ContractCode {
  /** As the compiler gives it. Typed ABIs of the L1 contracts are in protocol/contractsAbi.ts. */
  readonly abi: readonly unknown[];
  /** Creation code, without constructor arguments. */
  readonly bytecode: Hex;
  /** Code on chain; immutables are zero. For contracts that a genesis allocates. */
  readonly deployedBytecode: Hex;
}

const ARTIFACTS = join(import.meta.dirname, '../../contracts/artifacts');

/** Reads one compiled contract. Throws when the file is absent: `npm run contracts` writes it. */
export function contractCode(name: ContractName): ContractCode {
  return JSON.parse(readFileSync(join(ARTIFACTS, `${name}.json`), 'utf8')) as ContractCode;
}
