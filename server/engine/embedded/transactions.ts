import type { Common } from '@ethereumjs/common';
import { createTxFromRLP, type TypedTransaction } from '@ethereumjs/tx';
import { toHex } from '../../protocol/bytes.ts';
import type { Hash } from '../../protocol/refs.ts';
import {
  decodeTransaction,
  type PrivilegedTransaction,
  TRANSACTION_TYPE,
  transactionHash,
} from '../../protocol/transaction.ts';

/** A transaction that can be executed. */
export type ExecutableTransaction =
  | {
      readonly kind: 'signed';
      readonly encoded: Uint8Array;
      readonly hash: Hash;
      readonly tx: TypedTransaction;
    }
  | {
      readonly kind: 'privileged';
      readonly encoded: Uint8Array;
      readonly hash: Hash;
      readonly tx: PrivilegedTransaction;
    };

/** The block holds a transaction that its rules forbid: the block is invalid. */
export class InvalidTransactionError extends Error {
  override readonly name = 'InvalidTransactionError';
  readonly code = 'invalid_transaction';
}

/** The block may be fine, but this engine lacks the rules for a transaction type in it. */
export class UnsupportedTransactionError extends Error {
  override readonly name = 'UnsupportedTransactionError';
  readonly code = 'unsupported_transaction';
  readonly type: number;
  constructor(type: number) {
    super(`transactions of type 0x${type.toString(16)} cannot be executed by this engine`);
    this.type = type;
  }
}

/** Throws UnsupportedTransactionError when one of the encodings has a type this engine has no rules for. */
export function requireSupported(encodings: readonly Uint8Array[], l2Rules: boolean): void {
  for (const encoded of encodings) {
    const type = encoded[0];
    if (type === TRANSACTION_TYPE.feeToken || (type === TRANSACTION_TYPE.privileged && !l2Rules)) {
      throw new UnsupportedTransactionError(type);
    }
  }
}

/** Decodes one canonical encoding. Throws InvalidTransactionError. */
export function toExecutable(encoded: Uint8Array, common: Common): ExecutableTransaction {
  if (encoded[0] === TRANSACTION_TYPE.privileged) {
    const decoded = decodeTransaction(encoded);
    if (!decoded.ok) throw new InvalidTransactionError(decoded.error.detail);
    if (decoded.value.kind !== 'privileged') throw new InvalidTransactionError('type 0x7e is not privileged');
    return { kind: 'privileged', encoded, hash: transactionHash(encoded), tx: decoded.value };
  }
  try {
    const tx = createTxFromRLP(encoded, { common });
    return { kind: 'signed', encoded, hash: toHex(tx.hash()), tx };
  } catch (error) {
    throw new InvalidTransactionError(clauseOf(error));
  }
}

/** The EVM library ends its messages with a dump of the objects involved, in brackets. */
export function clauseOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split(' (vm hf=')[0]!.slice(0, 300);
}
