import { decodeBlock, sealBlock } from '../protocol/blockCodec.ts';
import { toHex, tryFromHex } from '../protocol/bytes.ts';
import type { Address, Hash, Hex } from '../protocol/refs.ts';
import { SequencerError } from './errors.ts';
import type { BlockSource, JsonRpc, OutgoingMessages, TransactionPool } from './ports.ts';

/** The messenger of ethrex's L2 genesis. Without code there, no log ever comes from it. */
const MESSENGER: Address = '0x000000000000000000000000000000000000fffe';
/** `L1Message(address indexed, bytes32 indexed, uint256 indexed)`. */
const L1_MESSAGE_TOPIC: Hash = '0x18d7b705344d616d1b61daa6a8ccfcf9f10c27ade007cc45cf870d1e121f1a9d';

const quantity = (value: number): Hex => `0x${value.toString(16)}`;

/** Reads blocks back with `debug_getRawBlock` (execution-apis, debug namespace). */
export const rawBlockSource = (rpc: JsonRpc): BlockSource => ({
  async sealedBlock(number, signal) {
    const raw = await rpc.request('debug_getRawBlock', [quantity(number)], signal);
    if (raw === null) return null;
    const bytes = typeof raw === 'string' ? tryFromHex(raw) : null;
    if (bytes === null || bytes.length === 0) return null;
    const block = decodeBlock(bytes);
    if (block.ok) return block.value;
    throw new SequencerError('block_unavailable', `block ${number} of the engine: ${block.error.detail}`);
  },
});

/**
 * Reads blocks back with what every engine offers on its authenticated endpoint: the header by `eth_getBlockByNumber`, the
 * body by `engine_getPayloadBodiesByHashV1` (execution-apis shanghai.md). The block's hash is computed from both, so
 * that neither has to be believed.
 */
export const payloadBodySource = (rpc: JsonRpc): BlockSource => ({
  async sealedBlock(number, signal) {
    const json = await rpc.request('eth_getBlockByNumber', [quantity(number), false], signal);
    if (json === null) return null;
    const { hash, header } = readHeaderJson(json as Readonly<Record<string, string | undefined>>);
    const [body] = (await rpc.request('engine_getPayloadBodiesByHashV1', [[hash]], signal)) as readonly ({
      readonly transactions: readonly Hex[];
      readonly withdrawals?: readonly Readonly<Record<string, Hex>>[] | null;
    } | null)[];
    if (body === null || body === undefined) return null;
    const transactions = body.transactions.map((hex) => tryFromHex(hex) ?? new Uint8Array(0));
    const block = sealBlock(header, transactions, body.withdrawals?.map(readWithdrawal) ?? null);
    if (block.hash === hash) return block;
    throw new SequencerError(
      'block_unavailable',
      `block ${number} of the engine hashes to ${block.hash}, not ${hash}`,
    );
  },
});

/**
 * Whichever of the two the engine offers: those of others keep `debug_` off their authenticated endpoint. It is asked
 * when the first block is wanted, since it may be away before.
 */
export function offeredBlockSource(
  rpc: JsonRpc,
  offered: (signal?: AbortSignal) => Promise<readonly string[]>,
): BlockSource {
  let source: BlockSource | null = null;
  return {
    async sealedBlock(number, signal) {
      source ??= (await offered(signal)).includes('engine_getPayloadBodiesByHashV1')
        ? payloadBodySource(rpc)
        : rawBlockSource(rpc);
      return source.sealedBlock(number, signal);
    },
  };
}

type HeaderJson = Readonly<Record<string, string | undefined>>;

function readHeaderJson(json: HeaderJson): { hash: Hash; header: Parameters<typeof sealBlock>[0] } {
  const text = (name: string): Hex => {
    const value = json[name];
    if (typeof value === 'string' && /^0x[0-9a-fA-F]*$/.test(value)) return value.toLowerCase() as Hex;
    throw new SequencerError('block_unavailable', `the engine gives a block without ${name}`);
  };
  const uint = (name: string): bigint => BigInt(text(name));
  const orNull = <T>(name: string, read: (name: string) => T): T | null =>
    json[name] === undefined || json[name] === null ? null : read(name);
  const header = {
    parentHash: text('parentHash'),
    beneficiary: text('miner'),
    stateRoot: text('stateRoot'),
    receiptsRoot: text('receiptsRoot'),
    logsBloom: text('logsBloom'),
    difficulty: uint('difficulty'),
    number: Number(uint('number')),
    gasLimit: uint('gasLimit'),
    gasUsed: uint('gasUsed'),
    timestamp: Number(uint('timestamp')),
    extraData: text('extraData'),
    prevRandao: text('mixHash'),
    nonce: text('nonce'),
    baseFeePerGas: orNull('baseFeePerGas', uint),
    blobGasUsed: orNull('blobGasUsed', uint),
    excessBlobGas: orNull('excessBlobGas', uint),
    parentBeaconBlockRoot: orNull('parentBeaconBlockRoot', text),
    requestsHash: orNull('requestsHash', text),
  };
  return { hash: text('hash'), header };
}

const readWithdrawal = (json: Readonly<Record<string, Hex>>) => ({
  index: BigInt(json['index'] ?? 0),
  validatorIndex: BigInt(json['validatorIndex'] ?? 0),
  address: (json['address'] ?? '0x').toLowerCase() as Address,
  amount: BigInt(json['amount'] ?? 0),
});

/** Reads the messenger's logs with `eth_getLogs`. */
export const messengerLogs = (rpc: JsonRpc): OutgoingMessages => ({
  async outgoing(from, to, signal) {
    const filter = {
      address: MESSENGER,
      topics: [L1_MESSAGE_TOPIC],
      fromBlock: quantity(from),
      toBlock: quantity(to),
    };
    const logs = (await rpc.request('eth_getLogs', [filter], signal)) as readonly {
      topics: readonly Hex[];
    }[];
    return logs.map(({ topics: [, sender, dataHash, messageId] }) => {
      if (sender === undefined || dataHash === undefined || messageId === undefined) {
        throw new SequencerError('block_unavailable', 'the engine gives an L1Message log without its topics');
      }
      return { from: `0x${sender.slice(26)}` as Address, dataHash, messageId: BigInt(messageId) };
    });
  },
});

/** Offers transactions with `eth_sendRawTransaction`. */
export const transactionPool = (rpc: JsonRpc): TransactionPool => ({
  async offer(transaction, signal) {
    await rpc.request('eth_sendRawTransaction', [toHex(transaction)], signal);
  },
});
