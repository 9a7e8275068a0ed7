import { toHex } from '../../protocol/bytes.ts';
import type { Hash, Hex } from '../../protocol/refs.ts';
import { encodeRlpList, encodeRlpString, encodeRlpUint } from '../../protocol/rlp.ts';
import { ZERO_BLOOM } from '../../protocol/rlpReader.ts';
import { orderedTrieRoot } from '../../protocol/trieRoot.ts';

/** address, topics, data: the order that the EVM library and the receipt's encoding share. */
export type Log = readonly [address: Uint8Array, topics: readonly Uint8Array[], data: Uint8Array];

export interface Receipt {
  /** EIP-2718 type byte; 0 for legacy. */
  readonly type: number;
  readonly succeeded: boolean;
  /** Of this transaction alone. */
  readonly gasUsed: bigint;
  readonly cumulativeGasUsed: bigint;
  /** 256 bytes. */
  readonly bloom: Uint8Array;
  readonly logs: readonly Log[];
}

/** `type ‖ RLP[status, cumulativeGasUsed, bloom, logs]` (EIP-658, EIP-2718). ethrex gives its 0x7e the same form. */
export function encodeReceipt(receipt: Receipt): Uint8Array {
  const payload = encodeRlpList([
    encodeRlpUint(receipt.succeeded ? 1 : 0),
    encodeRlpUint(receipt.cumulativeGasUsed),
    encodeRlpString(receipt.bloom),
    encodeRlpList(receipt.logs.map(encodeLog)),
  ]);
  if (receipt.type === 0) return payload;
  const typed = new Uint8Array(payload.length + 1);
  typed[0] = receipt.type;
  typed.set(payload, 1);
  return typed;
}

const encodeLog = ([address, topics, data]: Log): Uint8Array =>
  encodeRlpList([
    encodeRlpString(address),
    encodeRlpList(topics.map((topic) => encodeRlpString(topic))),
    encodeRlpString(data),
  ]);

export const receiptsRoot = (receipts: readonly Receipt[]): Hash =>
  orderedTrieRoot(receipts.map(encodeReceipt));

/** The union of the receipts' blooms. */
export function blockBloom(receipts: readonly Receipt[]): Hex {
  const withLogs = receipts.filter(({ logs }) => logs.length > 0);
  if (withLogs.length === 0) return ZERO_BLOOM;
  const bloom = new Uint8Array(256);
  for (const receipt of withLogs) {
    for (let index = 0; index < 256; index++) bloom[index]! |= receipt.bloom[index]!;
  }
  return toHex(bloom);
}
