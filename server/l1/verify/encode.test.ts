import { type Hex, parseTransaction, type TransactionSerializable } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { describe, expect, test } from 'vitest';
import { toHex } from '../../protocol/bytes.ts';
import { BATCH_COMMITTED_TOPIC } from '../../protocol/contractsAbi.ts';
import { PROVABLE_PROPOSER, provableChain } from '../../testing/provableL1.ts';
import { InconsistencyError } from '../l1.ts';
import { proveBlock, requireHeaderHash } from './blockProof.ts';
import { mayHold } from './bloom.ts';
import { encodeHeaderJson, encodeTransactionJson } from './encode.ts';

const account = privateKeyToAccount(`0x${'22'.repeat(32)}`);
const hex = (value: bigint | number): Hex => `0x${value.toString(16)}`;
const to: Hex = `0x${'ab'.repeat(20)}`;
const accessList = [
  { address: to, storageKeys: [`0x${'01'.repeat(32)}` as Hex, `0x${'00'.repeat(32)}` as Hex] },
];
const call = { nonce: 7, gas: 90_000n, to, value: 10n ** 18n, data: '0x00ff' as Hex };
const fees = { maxFeePerGas: 2_000_000_000n, maxPriorityFeePerGas: 0n };

/** One of each type as a wallet signs it; viem is the second opinion. */
const TRANSACTIONS: readonly (readonly [string, TransactionSerializable])[] = [
  ['legacy', { type: 'legacy', chainId: 1, gasPrice: 5n, ...call }],
  ['legacy without replay protection', { type: 'legacy', gasPrice: 5n, ...call }],
  ['contract creation', { type: 'legacy', chainId: 1, gasPrice: 5n, ...call, to: null }],
  ['access list (EIP-2930)', { type: 'eip2930', chainId: 1, gasPrice: 5n, accessList, ...call }],
  [
    'dynamic fee (EIP-1559)',
    { type: 'eip1559', chainId: 1, ...fees, accessList, ...call, nonce: 0, value: 0n },
  ],
  [
    'blob (EIP-4844)',
    {
      type: 'eip4844',
      chainId: 1,
      ...fees,
      ...call,
      maxFeePerBlobGas: 3n,
      blobVersionedHashes: [`0x01${'cc'.repeat(31)}`],
    },
  ],
];

/** As a node would answer it. */
function jsonOf(signed: Hex): Record<string, unknown> {
  const parsed = parseTransaction(signed as never) as unknown as Record<string, unknown>;
  const types = { legacy: 0, eip2930: 1, eip1559: 2, eip4844: 3, eip7702: 4 } as const;
  const numbers = [
    'nonce',
    'gas',
    'gasPrice',
    'value',
    'maxFeePerGas',
    'maxPriorityFeePerGas',
    'maxFeePerBlobGas',
    'chainId',
  ];
  const json: Record<string, unknown> = {
    ...parsed,
    type: hex(types[parsed['type'] as keyof typeof types]),
    to: parsed['to'] ?? null,
    input: parsed['data'] ?? '0x',
    accessList: parsed['accessList'] ?? [],
    r: hex(BigInt(parsed['r'] as Hex)),
    s: hex(BigInt(parsed['s'] as Hex)),
    v: hex(parsed['v'] === undefined ? Number(parsed['yParity']) : (parsed['v'] as bigint)),
    authorizationList: (parsed['authorizationList'] as Record<string, unknown>[] | undefined)?.map((one) => ({
      ...one,
      chainId: hex(one['chainId'] as number),
      nonce: hex(one['nonce'] as number),
      yParity: hex(one['yParity'] as number),
    })),
  };
  for (const name of numbers) json[name] = hex((parsed[name] as bigint | number | undefined) ?? 0);
  if (parsed['yParity'] !== undefined) json['yParity'] = hex(parsed['yParity'] as number);
  return json;
}

describe('transactions back into the bytes that their hash is of', () => {
  test.each(TRANSACTIONS)('%s', async (_name, transaction) => {
    const signed = await account.signTransaction(transaction);
    expect(toHex(encodeTransactionJson(jsonOf(signed)))).toBe(signed);
  });

  test('set code (EIP-7702)', async () => {
    const authorization = await account.signAuthorization({ chainId: 1, address: to, nonce: 3 });
    const signed = await account.signTransaction({
      type: 'eip7702',
      chainId: 1,
      ...fees,
      ...call,
      authorizationList: [authorization],
    });
    expect(toHex(encodeTransactionJson(jsonOf(signed)))).toBe(signed);
  });

  test('a type nobody here knows is said to be one, and never believed', () => {
    expect(() =>
      encodeTransactionJson({
        type: '0x7e',
        gas: '0x1',
        to,
        value: '0x0',
        input: '0x',
        r: '0x1',
        s: '0x1',
        v: '0x0',
      }),
    ).toThrow(/type 0x7e, which this version cannot verify: use --l1-trust all/);
  });
});

describe('blocks', () => {
  test('prove themselves whole: header, transactions, receipts, logs in their places', async () => {
    const [block] = (await provableChain()).filter(({ number }) => number === 6);
    const { header, transactions, receipts, hash } = block!;
    const proved = proveBlock(hash, { ...header, transactions }, receipts);
    expect(
      proved.logs.map((log) => [log.transactionIndex, log.logIndex, log.address === PROVABLE_PROPOSER]),
    ).toEqual([
      [0, 0, false],
      [1, 1, true],
      [2, 2, true],
    ]);
  });

  test('any change of any field of a header is found', async () => {
    const { header, hash } = (await provableChain()).at(-1)!;
    const fields = Object.keys(header).filter((name) => name !== 'hash');
    for (const name of fields) {
      const value = header[name] as string;
      const changed = value.endsWith('1')
        ? `${value.slice(0, -1)}2`
        : value === '0x'
          ? '0x01'
          : `${value.slice(0, -1)}1`;
      expect(() => requireHeaderHash({ ...header, [name]: changed }, hash), name).toThrow(InconsistencyError);
    }
    expect(encodeHeaderJson(header)).toEqual(encodeHeaderJson({ ...header, number: '0x000d' }));
  });

  test('a header of a hardfork that is not known is not called a lie', async () => {
    const { header, hash } = (await provableChain()).at(-1)!;
    const newer = { ...header, gasUsed: '0x5', inclusionListRoot: hash };
    expect(() => requireHeaderHash(newer, hash)).toThrow(
      /inclusionListRoot, which this version cannot verify/,
    );
  });

  test('a bloom never denies a log that is there, and mostly denies one that is not', async () => {
    for (const { header, receipts } of await provableChain()) {
      const bloom = Buffer.from((header['logsBloom'] as string).slice(2), 'hex');
      const holds = receipts.some((one) =>
        (one['logs'] as { address: string }[]).some((log) => log.address === PROVABLE_PROPOSER),
      );
      expect(mayHold(bloom, PROVABLE_PROPOSER, [BATCH_COMMITTED_TOPIC])).toBe(holds);
    }
  });
});
