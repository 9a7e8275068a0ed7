import fc from 'fast-check';
import { parseTransaction, keccak256 as viemKeccak } from 'viem';
import { describe, expect, test } from 'vitest';
import {
  SAMPLE_CHAIN_ID,
  SAMPLE_TRANSACTIONS,
  sampleDeposit,
  TRANSACTION_PAYLOADS,
  typedTransaction,
} from '../testing/sampleBatch.ts';
import { concatBytes, toHex } from './bytes.ts';
import { encodePrivilegedTransaction } from './privileged.ts';
import type { Address } from './refs.ts';
import { encodeRlp, encodeRlpUint, type RlpItem } from './rlp.ts';
import { decodeTransaction, isPrivileged, transactionHash } from './transaction.ts';

const reasonOf = (encoded: Uint8Array): string => {
  const decoded = decodeTransaction(encoded);
  return decoded.ok ? 'accepted' : decoded.error.reason;
};

const decoded = (encoded: Uint8Array) => {
  const result = decodeTransaction(encoded);
  if (!result.ok) throw new Error(`${result.error.reason}: ${result.error.detail}`);
  return result.value;
};

const replaced = (payload: readonly RlpItem[], at: number, item: RlpItem): RlpItem[] =>
  payload.toSpliced(at, 1, item);

const { legacy, accessList, dynamicFee, blob, setCode, privileged } = TRANSACTION_PAYLOADS;

describe('decoding', () => {
  test('every type that an L2 block may hold', () => {
    expect(SAMPLE_TRANSACTIONS.map((encoded) => decoded(encoded).type)).toEqual([0, 1, 2, 3, 4, 0x7d, 0x7e]);
  });

  test('the fields that viem reads from the same bytes', () => {
    for (const encoded of SAMPLE_TRANSACTIONS.slice(0, 5)) {
      const { nonce, gasLimit, to, value, chainId, maxFeePerGas } = decoded(encoded);
      const theirs = parseTransaction(toHex(encoded) as never) as unknown as Record<string, unknown>;
      const fee = (theirs['maxFeePerGas'] ?? theirs['gasPrice']) as bigint;
      expect({ nonce, gasLimit, to, value, chainId, maxFeePerGas }).toEqual({
        nonce: BigInt(theirs['nonce'] as number),
        gasLimit: theirs['gas'],
        to: (theirs['to'] as string).toLowerCase(),
        value: theirs['value'],
        chainId: BigInt(theirs['chainId'] as number),
        maxFeePerGas: fee,
      });
      expect(toHex(decoded(encoded).data)).toBe(theirs['data']);
      expect(transactionHash(encoded)).toBe(viemKeccak(encoded));
    }
  });

  test('a legacy transaction without replay protection has no chain id', () => {
    const encoded = typedTransaction(0, replaced(legacy, 6, Uint8Array.of(27)));
    expect(decoded(encoded)).toMatchObject({ type: 0, chainId: null });
  });

  test('a contract creation has no recipient, which types 3 and 4 forbid', () => {
    const empty = new Uint8Array(0);
    expect(decoded(typedTransaction(0, replaced(legacy, 3, empty))).to).toBeNull();
    expect(decoded(typedTransaction(2, replaced(dynamicFee, 5, empty))).to).toBeNull();
    expect(reasonOf(typedTransaction(3, replaced(blob, 5, empty)))).toBe('malformed_transaction');
    expect(reasonOf(typedTransaction(4, replaced(setCode, 5, empty)))).toBe('malformed_transaction');
  });
});

describe('an L1 message (0x7e)', () => {
  const uint256 = fc.bigInt({ min: 0n, max: 2n ** 256n - 1n });
  const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
  const address = fc.uint8Array({ minLength: 20, maxLength: 20 }).map((bytes) => toHex(bytes) as Address);

  test('comes back from its encoding with every field', () => {
    const input = fc.record({
      ...{ chainId: uint256, from: address, to: fc.option(address), messageId: uint64, value: uint256 },
      ...{ gasLimit: uint64, data: fc.uint8Array({ maxLength: 100 }) },
      ...{ maxFeePerGas: uint256, maxPriorityFeePerGas: uint256 },
    });
    fc.assert(
      fc.property(input, (fields) => {
        const encoded = encodePrivilegedTransaction(fields);
        expect(isPrivileged(encoded)).toBe(true);
        expect(decoded(encoded)).toEqual({
          kind: 'privileged',
          type: 0x7e,
          nonce: fields.messageId,
          ...fields,
        });
      }),
    );
  });

  test('is known by the hash that the bridge queued, which covers no fee', () => {
    const dearer = typedTransaction(0x7e, replaced(privileged, 3, encodeRlpUint(99)));
    expect(transactionHash(dearer)).toBe(transactionHash(typedTransaction(0x7e, privileged)));
    expect(transactionHash(dearer)).not.toBe(viemKeccak(dearer));
    expect(transactionHash(sampleDeposit(1))).not.toBe(transactionHash(sampleDeposit(2)));
  });

  test('that is malformed still has a hash', () => {
    expect(transactionHash(Uint8Array.of(0x7e, 0xc0))).toBe(viemKeccak(Uint8Array.of(0x7e, 0xc0)));
  });
});

describe('what is refused', () => {
  test.each([
    ['an empty transaction', new Uint8Array(0), 'malformed_transaction'],
    ['type 0x7f', typedTransaction(0x7f, dynamicFee), 'unknown_transaction_type'],
    ['type 0x05', typedTransaction(0x05, dynamicFee), 'unknown_transaction_type'],
    [
      'a legacy transaction behind a type byte',
      concatBytes(Uint8Array.of(0), encodeRlp(legacy)),
      'unknown_transaction_type',
    ],
    ['a type byte alone', Uint8Array.of(2), 'malformed_transaction'],
    ['a string instead of a payload', Uint8Array.of(2, 0x80), 'malformed_transaction'],
    ['a field too few', typedTransaction(2, dynamicFee.slice(0, -1)), 'malformed_transaction'],
    ['a field too many', typedTransaction(2, [...dynamicFee, new Uint8Array(0)]), 'malformed_transaction'],
    ['bytes after it', concatBytes(SAMPLE_TRANSACTIONS[2]!, Uint8Array.of(0)), 'malformed_transaction'],
    [
      'a recipient of 19 bytes',
      typedTransaction(2, replaced(dynamicFee, 5, new Uint8Array(19))),
      'malformed_transaction',
    ],
    [
      'a nonce above uint64',
      typedTransaction(2, replaced(dynamicFee, 1, new Uint8Array(9).fill(1))),
      'malformed_transaction',
    ],
    [
      'a value above uint256',
      typedTransaction(2, replaced(dynamicFee, 6, new Uint8Array(33).fill(1))),
      'malformed_transaction',
    ],
    [
      'a value with a leading zero',
      typedTransaction(2, replaced(dynamicFee, 6, Uint8Array.of(0, 1))),
      'non_canonical_rlp',
    ],
    ['a list as its data', typedTransaction(2, replaced(dynamicFee, 7, [])), 'malformed_transaction'],
    [
      'a storage key of 31 bytes',
      typedTransaction(1, replaced(accessList, 7, [[new Uint8Array(20), [new Uint8Array(31)]]])),
      'malformed_transaction',
    ],
    [
      'an access list entry with three items',
      typedTransaction(1, replaced(accessList, 7, [[new Uint8Array(20), [], []]])),
      'malformed_transaction',
    ],
    [
      'an access list nested once more',
      typedTransaction(1, replaced(accessList, 7, [[new Uint8Array(20), [[[]]]]])),
      'rlp_too_deep',
    ],
    [
      'a blob hash of 33 bytes',
      typedTransaction(3, replaced(blob, 10, [new Uint8Array(33)])),
      'malformed_transaction',
    ],
    [
      'an authorization of five fields',
      typedTransaction(4, replaced(setCode, 9, [[new Uint8Array(0)]])),
      'malformed_transaction',
    ],
    [
      'a parity of 2',
      typedTransaction(2, replaced(dynamicFee, 9, Uint8Array.of(2))),
      'malformed_transaction',
    ],
    [
      'a legacy v of 29',
      typedTransaction(0, replaced(legacy, 6, Uint8Array.of(29))),
      'malformed_transaction',
    ],
    [
      'a sender of 32 bytes in an L1 message',
      typedTransaction(0x7e, replaced(privileged, 9, new Uint8Array(32))),
      'malformed_transaction',
    ],
  ])('%s', (_, encoded, reason) => {
    expect(reasonOf(encoded)).toBe(reason);
  });

  test('every truncation of every type', () => {
    for (const encoded of SAMPLE_TRANSACTIONS) {
      for (let size = 0; size < encoded.length; size++) {
        expect(reasonOf(encoded.subarray(0, size))).toBe('malformed_transaction');
      }
    }
  });
});

test('a chain id is read from v as EIP-155 says', () => {
  expect(decoded(typedTransaction(0, legacy)).chainId).toBe(SAMPLE_CHAIN_ID);
});
