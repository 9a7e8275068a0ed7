import { createHash } from 'node:crypto';
import type { Block } from '@ethereumjs/block';
import { createAddressFromString, type PrefixedHexString } from '@ethereumjs/util';
import {
  bigIntToBytes,
  bigIntToWord,
  concatBytes,
  equalBytes,
  fromHex,
  toHex,
} from '../../protocol/bytes.ts';
import type { Hash, Hex } from '../../protocol/refs.ts';
import { atLeast } from './genesis.ts';
import type { Machine } from './machine.ts';
import type { Log, Receipt } from './receipts.ts';
import { InvalidTransactionError } from './transactions.ts';

const SYSTEM_ADDRESS: Hex = '0xfffffffffffffffffffffffffffffffffffffffe';
/** Slots of the ring buffers of EIP-4788 and EIP-2935. */
const RING_SLOTS = 8_191n;

interface SystemContract {
  readonly address: Hex;
  /** As its EIP gives it. */
  readonly code: Uint8Array;
}

/** EIP-4788. */
export const BEACON_ROOTS: SystemContract = {
  address: '0x000f3df6d732807ef1319fb7b8bb8522d0beac02',
  code: fromHex(
    '0x3373fffffffffffffffffffffffffffffffffffffffe14604d57602036146024575f5ffd5b5f35801560495762001fff810690815414603c575f5ffd5b62001fff01545f5260205ff35b5f5ffd5b62001fff42064281555f359062001fff015500',
  ),
};
/** EIP-2935. */
export const BLOCK_HASHES: SystemContract = {
  address: '0x0000f90827f1c53a10cb7a02335b175320002935',
  code: fromHex(
    '0x3373fffffffffffffffffffffffffffffffffffffffe14604657602036036042575f35600143038111604257611fff81430311604257611fff9006545f5260205ff35b5f5ffd5b5f35611fff60014303065500',
  ),
};
/** EIP-7002. */
const WITHDRAWAL_REQUESTS: Hex = '0x00000961ef480eb55e80d19ad83579a64c007002';
/** EIP-7251. */
const CONSOLIDATION_REQUESTS: Hex = '0x0000bbddc7ce488642fb579f8b00f3a590007251';
const SYSTEM_CALL_GAS = 30_000_000n;

/** EIP-6110. */
const DEPOSIT_TOPIC = fromHex('0x649bbc62d0e31342afea4e5cd82d4049e7e1ee912fc0889aa790803be39038c5');
const DEPOSIT_LOG_BYTES = 576;
/** Offset and size of pubkey, withdrawal credentials, amount, signature and index in a deposit log's data. */
const DEPOSIT_PARTS = [
  [192, 48],
  [288, 32],
  [352, 8],
  [416, 96],
  [544, 8],
] as const;

/**
 * What a block does before its transactions. Each call happens only where its contract has code: on an ethrex L2
 * none has.
 */
export async function callBeforeTransactions(
  machine: Machine,
  block: Block,
  parentHash: Hash,
  parentBeaconBlockRoot: Hash | null,
): Promise<void> {
  if (parentBeaconBlockRoot !== null && atLeast(machine.fork, 'cancun')) {
    const time = block.header.timestamp % RING_SLOTS;
    const slots = [
      [time, block.header.timestamp],
      [time + RING_SLOTS, BigInt(parentBeaconBlockRoot)],
    ] as const;
    await writeOrCall(machine, block, BEACON_ROOTS, fromHex(parentBeaconBlockRoot), slots);
  }
  if (atLeast(machine.fork, 'prague')) {
    const slots = [[(block.header.number - 1n) % RING_SLOTS, BigInt(parentHash)]] as const;
    await writeOrCall(machine, block, BLOCK_HASHES, fromHex(parentHash), slots);
  }
}

/**
 * What the canonical code does is written straight to its storage, a fifth of the time of an empty block; any other
 * code at that address is called as the EIPs say.
 */
async function writeOrCall(
  machine: Machine,
  block: Block,
  contract: SystemContract,
  data: Uint8Array,
  slots: readonly (readonly [slot: bigint, value: bigint])[],
): Promise<void> {
  const address = createAddressFromString(contract.address);
  const code = await machine.state.getCode(address);
  if (code.length === 0) return;
  if (!equalBytes(code, contract.code)) {
    await callSystem(machine, block, contract.address, data);
    return;
  }
  for (const [slot, value] of slots) {
    await machine.state.putStorage(address, bigIntToWord(slot), bigIntToBytes(value));
  }
}

/**
 * Execution requests of a block (EIP-7685), each `type ‖ data`, in rising order of their types and without empty ones.
 * Throws InvalidTransactionError when a deposit log is malformed or a request contract fails.
 */
export async function collectRequests(
  machine: Machine,
  block: Block,
  receipts: readonly Receipt[],
  depositContract: Hex,
): Promise<readonly Uint8Array[]> {
  const withdrawals = await callSystem(machine, block, WITHDRAWAL_REQUESTS, new Uint8Array(0), true);
  const consolidations = await callSystem(machine, block, CONSOLIDATION_REQUESTS, new Uint8Array(0), true);
  const data = [depositRequests(receipts, fromHex(depositContract)), withdrawals, consolidations];
  return data.flatMap((bytes, type) => (bytes.length === 0 ? [] : [concatBytes(Uint8Array.of(type), bytes)]));
}

/** EIP-7685: sha256 over the sha256 of each request. */
export function requestsHashOf(requests: readonly Uint8Array[]): Hash {
  const outer = createHash('sha256');
  for (const request of requests) outer.update(createHash('sha256').update(request).digest());
  return toHex(outer.digest());
}

async function callSystem(
  machine: Machine,
  block: Block,
  contract: Hex,
  data: Uint8Array,
  mustSucceed = false,
): Promise<Uint8Array> {
  const to = createAddressFromString(contract as PrefixedHexString);
  if ((await machine.state.getCode(to)).length === 0) return new Uint8Array(0);
  const { execResult } = await machine.evm.runCall({
    block,
    caller: createAddressFromString(SYSTEM_ADDRESS),
    to,
    data,
    gasLimit: SYSTEM_CALL_GAS,
    skipNonceIncrement: true,
  });
  // Clears what the call warmed, and the system account that it touched but may not create.
  await machine.evm.journal.cleanup();
  machine.state.originalStorageCache.clear();
  if (execResult.exceptionError === undefined) return execResult.returnValue;
  if (mustSucceed) throw new InvalidTransactionError(`the system call to ${contract} failed`);
  return new Uint8Array(0);
}

function depositRequests(receipts: readonly Receipt[], contract: Uint8Array): Uint8Array {
  const deposits: Uint8Array[] = [];
  for (const { logs } of receipts) {
    for (const log of logs) {
      if (isDeposit(log, contract)) deposits.push(readDeposit(log[2]));
    }
  }
  return concatBytes(...deposits);
}

const isDeposit = ([address, topics]: Log, contract: Uint8Array): boolean =>
  topics[0] !== undefined && equalBytes(address, contract) && equalBytes(topics[0], DEPOSIT_TOPIC);

function readDeposit(data: Uint8Array): Uint8Array {
  if (data.length !== DEPOSIT_LOG_BYTES) {
    throw new InvalidTransactionError(`a deposit log has ${data.length} bytes, not ${DEPOSIT_LOG_BYTES}`);
  }
  return concatBytes(...DEPOSIT_PARTS.map(([start, size]) => data.subarray(start, start + size)));
}
