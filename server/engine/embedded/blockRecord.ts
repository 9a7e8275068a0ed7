import { deserialize, serialize } from 'node:v8';
import type { SealedBlock } from '../../protocol/block.ts';
import type { Hash } from '../../protocol/refs.ts';
import type { Receipt } from './receipts.ts';

/**
 * How the engine's own data is laid out in its store. Values are in V8's serialization format, which newer versions
 * of Node read too; a change of layout raises LAYOUT.
 *
 * | key | value |
 * |---|---|
 * | `m` | layout, genesis hash, rules |
 * | `l` | labels |
 * | `b` hash | a block that was executed and found valid |
 * | `r` hash | its receipts |
 * | `c` number | hash of the canonical block of that number |
 * | `t` hash | where the canonical branch has that transaction |
 * | `s` hash | state (StateDb) |
 */
export const LAYOUT = 1;

export interface Meta {
  readonly layout: number;
  readonly genesisHash: Hash;
  readonly l2Rules: boolean;
}

/** Hashes, because numbers say nothing of the branch. Null before the first forkchoice update that sets it. */
export interface Labels {
  readonly head: Hash;
  readonly safe: Hash | null;
  readonly finalized: Hash | null;
}

export interface TransactionPlace {
  readonly blockHash: Hash;
  readonly index: number;
}

export const keys = {
  meta: 'm',
  labels: 'l',
  block: (hash: Hash) => `b${hash}`,
  receipts: (hash: Hash) => `r${hash}`,
  canonical: (number: number) => `c${number}`,
  transaction: (hash: Hash) => `t${hash}`,
} as const;

export const encodeValue = (
  value: SealedBlock | readonly Receipt[] | Meta | Labels | TransactionPlace,
): Uint8Array => serialize(value);

/** The caller knows from the key what it put there. */
export const decodeValue = <T>(bytes: Uint8Array): T => deserialize(bytes) as T;
