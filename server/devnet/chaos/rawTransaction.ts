import { toHex, tryFromHex } from '../../protocol/bytes.ts';
import { keccak256Hex } from '../../protocol/keccak.ts';
import type { Address, Hash, Hex } from '../../protocol/refs.ts';
import { decodeRlp, encodeRlp, type RlpItem } from '../../protocol/rlp.ts';

export interface RawTransaction {
  readonly hash: Hash;
  /** Null for a contract creation. */
  readonly to: Address | null;
  /** The first 4 bytes of its data; null when there are fewer. */
  readonly selector: Hex | null;
}

/** Where `to` and `data` are in the list of fields, by transaction type (EIP-2930, 1559, 4844, 7702). */
const PLACES: Readonly<Record<number, { readonly to: number; readonly data: number }>> = {
  1: { to: 4, data: 6 },
  2: { to: 5, data: 7 },
  3: { to: 5, data: 7 },
  4: { to: 5, data: 7 },
};
const LEGACY = { to: 3, data: 5 };

/** Reads a signed transaction as `eth_sendRawTransaction` takes it, also with blobs. Null when it is none. */
export function readRawTransaction(raw: unknown): RawTransaction | null {
  const bytes = typeof raw === 'string' ? tryFromHex(raw) : null;
  const first = bytes?.[0];
  if (bytes === null || first === undefined) return null;
  const legacy = first >= 0xc0;
  const places = legacy ? LEGACY : PLACES[first];
  const decoded = decodeRlp(legacy ? bytes : bytes.subarray(1));
  if (places === undefined || !decoded.ok || !isList(decoded.value)) return null;
  // With blobs the transaction itself is the first item, and the hash is of it alone (EIP-4844, networking).
  const [inner] = decoded.value;
  const wrapped = inner !== undefined && isList(inner);
  const fields = wrapped ? inner : decoded.value;
  const to = fields[places.to];
  const data = fields[places.data];
  if (to === undefined || data === undefined || isList(to) || isList(data)) return null;
  return {
    hash: keccak256Hex(wrapped ? Uint8Array.of(first, ...encodeRlp(inner)) : bytes),
    to: to.length === 20 ? toHex(to) : null,
    selector: data.length < 4 ? null : toHex(data.subarray(0, 4)),
  };
}

const isList = (item: RlpItem): item is readonly RlpItem[] => !(item instanceof Uint8Array);
