/**
 * Blocks, transactions and receipts as an L1 node answers them in JSON, back into the bytes that their hashes are of
 * (Yellow Paper 4.3 and 4.4, EIP-2718 and the EIPs of each type). Read strictly: a field of another form is a
 * `bad_answer`. What this table does not know cannot be verified and is said so, never taken on trust.
 */
import { fromHex, tryFromHex } from '../../protocol/bytes.ts';
import { encodeRlpList, encodeRlpString } from '../../protocol/rlp.ts';
import { L1Error } from '../l1.ts';
import { badAnswer } from '../wire.ts';

export type Fields = Readonly<Record<string, unknown>>;
type Kind = 'data' | 'uint';

const BLOCK = 'eth_getBlockByHash';
const RECEIPTS = 'eth_getBlockReceipts';

/** Header fields in their order; those from `baseFeePerGas` on came with hardforks and may be absent from there on. */
const HEADER: readonly (readonly [name: string, kind: Kind])[] = [
  ['parentHash', 'data'],
  ['sha3Uncles', 'data'],
  ['miner', 'data'],
  ['stateRoot', 'data'],
  ['transactionsRoot', 'data'],
  ['receiptsRoot', 'data'],
  ['logsBloom', 'data'],
  ['difficulty', 'uint'],
  ['number', 'uint'],
  ['gasLimit', 'uint'],
  ['gasUsed', 'uint'],
  ['timestamp', 'uint'],
  ['extraData', 'data'],
  ['mixHash', 'data'],
  ['nonce', 'data'],
  ['baseFeePerGas', 'uint'],
  ['withdrawalsRoot', 'data'],
  ['blobGasUsed', 'uint'],
  ['excessBlobGas', 'uint'],
  ['parentBeaconBlockRoot', 'data'],
  ['requestsHash', 'data'],
  ['blockAccessListHash', 'data'],
  ['slotNumber', 'uint'],
];
const ALWAYS = 15;
/** What a block has beside its header. */
const BESIDE: ReadonlySet<string> = new Set([
  'hash',
  'size',
  'uncles',
  'transactions',
  'withdrawals',
  'totalDifficulty',
]);

/** RLP of a block's header. */
export function encodeHeaderJson(block: Fields): Uint8Array {
  const present = HEADER.filter(([name], index) => index < ALWAYS || (block[name] ?? null) !== null);
  return encodeRlpList(present.map(([name, kind]) => field(block, name, kind, BLOCK)));
}

/** A field that no header we know has: the block is of a newer hardfork than this program. Null when there is none. */
export const unknownHeaderField = (block: Fields): string | null =>
  Object.keys(block).find((name) => !BESIDE.has(name) && !HEADER.some(([known]) => known === name)) ?? null;

/** What each type's list holds between its first fields and its signature (EIP-2930, 1559, 4844, 7702). */
export function encodeTransactionJson(transaction: Fields): Uint8Array {
  const at = (name: string, kind: Kind): Uint8Array => field(transaction, name, kind, BLOCK);
  const call = [at('gas', 'uint'), to(transaction), at('value', 'uint'), at('input', 'data')];
  const signature = [at('r', 'uint'), at('s', 'uint')];
  const type = transaction['type'] === undefined ? 0 : Number(transaction['type']);
  if (type === 0) {
    const fields = [at('nonce', 'uint'), at('gasPrice', 'uint'), ...call, at('v', 'uint'), ...signature];
    return encodeRlpList(fields);
  }
  if (type < 1 || type > 4) {
    throw new L1Error(
      'rpc_error',
      BLOCK,
      `an L1 block holds a transaction of type ${String(transaction['type'])}, which this version cannot verify: use --l1-trust all with an L1 node of your own`,
    );
  }
  const parity = at((transaction['yParity'] ?? null) === null ? 'v' : 'yParity', 'uint');
  const fees =
    type === 1 ? [at('gasPrice', 'uint')] : [at('maxPriorityFeePerGas', 'uint'), at('maxFeePerGas', 'uint')];
  const access = list(transaction, 'accessList', (entry) =>
    encodeRlpList([field(entry, 'address', 'data', BLOCK), encodeRlpList(strings(entry, 'storageKeys'))]),
  );
  const own =
    type === 3
      ? [at('maxFeePerBlobGas', 'uint'), encodeRlpList(strings(transaction, 'blobVersionedHashes'))]
      : type === 4
        ? [list(transaction, 'authorizationList', encodeAuthorization)]
        : [];
  const fields = [at('chainId', 'uint'), at('nonce', 'uint'), ...fees, ...call, access, ...own, parity];
  return prefixed(type, encodeRlpList([...fields, ...signature]));
}

const encodeAuthorization = (entry: Fields): Uint8Array =>
  encodeRlpList([
    field(entry, 'chainId', 'uint', BLOCK),
    field(entry, 'address', 'data', BLOCK),
    field(entry, 'nonce', 'uint', BLOCK),
    field(entry, (entry['yParity'] ?? null) === null ? 'v' : 'yParity', 'uint', BLOCK),
    field(entry, 'r', 'uint', BLOCK),
    field(entry, 's', 'uint', BLOCK),
  ]);

/** Null or absent for a contract creation. */
const to = (transaction: Fields): Uint8Array =>
  (transaction['to'] ?? null) === null
    ? encodeRlpString(new Uint8Array())
    : field(transaction, 'to', 'data', BLOCK);

/** A receipt as the receipts trie holds it: `[status or state root, gas, bloom, logs]`, its type before it. */
export function encodeReceiptJson(receipt: Fields): Uint8Array {
  const outcome =
    (receipt['status'] ?? null) === null
      ? field(receipt, 'root', 'data', RECEIPTS)
      : field(receipt, 'status', 'uint', RECEIPTS);
  const logs = list(receipt, 'logs', (log) =>
    encodeRlpList([
      field(log, 'address', 'data', RECEIPTS),
      encodeRlpList(strings(log, 'topics')),
      field(log, 'data', 'data', RECEIPTS),
    ]),
  );
  const fields = [
    outcome,
    field(receipt, 'cumulativeGasUsed', 'uint', RECEIPTS),
    field(receipt, 'logsBloom', 'data', RECEIPTS),
    logs,
  ];
  const type = receipt['type'] === undefined ? 0 : Number(receipt['type']);
  return type === 0 ? encodeRlpList(fields) : prefixed(type, encodeRlpList(fields));
}

function prefixed(type: number, payload: Uint8Array): Uint8Array {
  const encoded = new Uint8Array(payload.length + 1);
  encoded[0] = type;
  encoded.set(payload, 1);
  return encoded;
}

export function fieldsOf(value: unknown, what: string, method = BLOCK): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw badAnswer(method, `${what} is not an object`);
}

export function listOf(value: unknown, what: string, method = BLOCK): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw badAnswer(method, `${what} is not a list`);
}

const list = (fields: Fields, name: string, encode: (entry: Fields) => Uint8Array): Uint8Array =>
  encodeRlpList(listOf(fields[name] ?? [], name).map((entry) => encode(fieldsOf(entry, name))));

const strings = (fields: Fields, name: string): Uint8Array[] =>
  listOf(fields[name] ?? [], name).map((_, index) =>
    field(listOf(fields[name], name) as unknown as Fields, String(index), 'data', BLOCK),
  );

function field(fields: Fields, name: string, kind: Kind, method: string): Uint8Array {
  const value = fields[name];
  if (typeof value === 'string') {
    const bytes = kind === 'data' ? tryFromHex(value) : uintBytes(value);
    if (bytes !== null) return encodeRlpString(bytes);
  }
  throw badAnswer(method, `${name} is no ${kind === 'data' ? 'hex' : 'number'}`);
}

/** An integer of up to 32 bytes, without leading zeros, however many the node writes (R47). */
function uintBytes(text: string): Uint8Array | null {
  if (!/^0x[0-9a-fA-F]{1,64}$/.test(text)) return null;
  const digits = text.slice(2).replace(/^0+/, '');
  return digits === '' ? new Uint8Array() : fromHex(`0x${digits.length % 2 === 0 ? digits : `0${digits}`}`);
}
