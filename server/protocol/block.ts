import type { Hash, Hex, L2BlockRef } from './refs.ts';

/** EIP-4895 withdrawal as the Engine API spells it. `amount` is in gwei. */
export interface Withdrawal {
  readonly index: bigint;
  readonly validatorIndex: bigint;
  readonly address: Hex;
  readonly amount: bigint;
}

/** Header fields from Frontier to Prague; the later ones are null where the header's hardfork lacks them. */
export interface BlockHeader {
  readonly parentHash: Hash;
  readonly ommersHash: Hash;
  readonly beneficiary: Hex;
  readonly stateRoot: Hash;
  readonly transactionsRoot: Hash;
  readonly receiptsRoot: Hash;
  readonly logsBloom: Hex;
  readonly difficulty: bigint;
  readonly number: number;
  readonly gasLimit: bigint;
  readonly gasUsed: bigint;
  readonly timestamp: number;
  readonly extraData: Hex;
  readonly prevRandao: Hash;
  readonly nonce: Hex;
  readonly baseFeePerGas: bigint | null;
  readonly withdrawalsRoot: Hash | null;
  readonly blobGasUsed: bigint | null;
  readonly excessBlobGas: bigint | null;
  readonly parentBeaconBlockRoot: Hash | null;
  readonly requestsHash: Hash | null;
}

/**
 * A whole L2 block as a based batch carries it (protocol.md 2.1): decoded strictly, its hash computed from
 * its header, not yet executed. `transactions` are canonical encodings (`type ‖ payload`, or a legacy list).
 */
export interface SealedBlock extends L2BlockRef {
  readonly header: BlockHeader;
  readonly transactions: readonly Uint8Array[];
  /** Null where the header has no `withdrawalsRoot`; empty for ethrex's 3-item blocks. */
  readonly withdrawals: readonly Withdrawal[] | null;
}
