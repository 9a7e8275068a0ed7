import { bigIntToWord, concatBytes, fromHex, toHex } from './bytes.ts';
import { keccak256 } from './keccak.ts';
import { type Address, type Hash, ZERO_ADDRESS, ZERO_HASH } from './refs.ts';
import { encodeRlpList, encodeRlpString, encodeRlpUint } from './rlp.ts';

/** What the bridge's hash of an L1 message covers (CommonBridge `_sendToL2`). */
export interface L1Message {
  /** CHAIN_ID of the bridge: the L2's chain id. Part of the hash since 2025-12-16. */
  readonly chainId: bigint;
  readonly from: Address;
  /** Null stands for the zero address. */
  readonly to: Address | null;
  readonly messageId: bigint;
  /** wei. */
  readonly value: bigint;
  readonly gasLimit: bigint;
  readonly data: Uint8Array;
}

/**
 * The hash that the bridge queues a message under and that its transaction is known by on L2:
 * keccak256(chainId ‖ from ‖ to ‖ messageId ‖ value ‖ gasLimit ‖ keccak256(data)), integers as 32-byte words.
 */
export function privilegedTransactionHash(message: L1Message): Hash {
  return toHex(
    keccak256(
      concatBytes(
        bigIntToWord(message.chainId),
        fromHex(message.from),
        fromHex(message.to ?? ZERO_ADDRESS),
        bigIntToWord(message.messageId),
        bigIntToWord(message.value),
        bigIntToWord(message.gasLimit),
        keccak256(message.data),
      ),
    ),
  );
}

/** The rolling hash has two bytes for its count. */
export const MAX_ROLLING_MESSAGES = 0xffff;

/**
 * CommonBridge `getPendingTransactionsVersionedHash`: the count in two bytes, then the last 30 bytes of
 * keccak256(h1 ‖ … ‖ hn). The zero hash for no messages. Throws RangeError above `MAX_ROLLING_MESSAGES`.
 */
export function privilegedRollingHash(hashes: readonly Hash[]): Hash {
  if (hashes.length === 0) return ZERO_HASH;
  if (hashes.length > 0xffff)
    throw new RangeError(`the count of ${hashes.length} messages needs more than two bytes`);
  const joined = new Uint8Array(32 * hashes.length);
  hashes.forEach((hash, index) => {
    joined.set(fromHex(hash), 32 * index);
  });
  const rolling = keccak256(joined);
  rolling[0] = hashes.length >> 8;
  rolling[1] = hashes.length & 0xff;
  return toHex(rolling);
}

/** Everything a privileged transaction is made of. The fees are whatever its block builder saw; nobody pays them. */
export interface PrivilegedTransactionInput extends L1Message {
  /** wei. */
  readonly maxFeePerGas: bigint;
  /** wei. */
  readonly maxPriorityFeePerGas: bigint;
}

/** `0x7e ‖ RLP[chainId, messageId, maxPriorityFee, maxFee, gasLimit, to, value, data, [], from]`. */
export function encodePrivilegedTransaction(input: PrivilegedTransactionInput): Uint8Array {
  const payload = encodeRlpList([
    encodeRlpUint(input.chainId),
    encodeRlpUint(input.messageId),
    encodeRlpUint(input.maxPriorityFeePerGas),
    encodeRlpUint(input.maxFeePerGas),
    encodeRlpUint(input.gasLimit),
    encodeRlpString(input.to === null ? new Uint8Array(0) : fromHex(input.to)),
    encodeRlpUint(input.value),
    encodeRlpString(input.data),
    encodeRlpList([]),
    encodeRlpString(fromHex(input.from)),
  ]);
  return concatBytes(Uint8Array.of(0x7e), payload);
}
