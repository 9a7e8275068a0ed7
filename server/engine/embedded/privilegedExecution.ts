import type { Block } from '@ethereumjs/block';
import type { ExecResult } from '@ethereumjs/evm';
import { Account, type Address, createAddressFromString } from '@ethereumjs/util';
import { Bloom } from '@ethereumjs/vm';
import { toHex } from '../../protocol/bytes.ts';
import { decodeRlp } from '../../protocol/rlp.ts';
import type { PrivilegedTransaction } from '../../protocol/transaction.ts';
import type { Machine } from './machine.ts';
import type { Log } from './receipts.ts';
import { type ExecutableTransaction, InvalidTransactionError } from './transactions.ts';

/** CommonBridgeL2, whose privileged transactions mint what they send. */
const BRIDGE = '0x000000000000000000000000000000000000ffff';

/** EIP-2028 and the Yellow Paper's appendix G. */
const BASE_GAS = 21_000n;
const ZERO_BYTE_GAS = 4n;
const NONZERO_BYTE_GAS = 16n;
/** EIP-2930. */
const ACCESS_ADDRESS_GAS = 2_400n;
const ACCESS_KEY_GAS = 1_900n;

type PrivilegedExecutable = Extract<ExecutableTransaction, { kind: 'privileged' }>;

export interface PrivilegedOutcome {
  readonly succeeded: boolean;
  readonly gasUsed: bigint;
  readonly bloom: Uint8Array;
  readonly logs: readonly Log[];
}

/**
 * Executes an L1 message as ethrex does (levm `hooks/l2_hook.rs`): nobody pays for its gas and no nonce moves. It must
 * be included whatever happens, so a message that cannot pay its intrinsic gas or its value fails and takes all its gas.
 *
 * - The value leaves `from`, except that the bridge mints it. It stays gone when only the intrinsic gas is missing.
 * - When the call fails, the value goes back, but what the bridge minted stays with `to`.
 * - Refunds do not count, the calldata floor (EIP-7623) does not apply, the coinbase earns nothing.
 *
 * Throws InvalidTransactionError when the block may not hold it: a fee cap below the base fee, or a contract creation.
 */
export async function runPrivileged(
  machine: Machine,
  { tx, encoded }: PrivilegedExecutable,
  block: Block,
): Promise<PrivilegedOutcome> {
  const baseFee = block.header.baseFeePerGas ?? 0n;
  if (tx.to === null) throw new InvalidTransactionError('a privileged transaction creates a contract');
  if (tx.maxFeePerGas < baseFee) {
    throw new InvalidTransactionError(`max fee ${tx.maxFeePerGas} is below the base fee ${baseFee}`);
  }
  const { journal, stateManager } = machine.evm;
  const from = createAddressFromString(tx.from);
  const to = createAddressFromString(tx.to);
  await journal.cleanup();
  await journal.checkpoint();
  try {
    const accessList = readAccessList(encoded);
    warmUp(machine, tx, accessList, block);
    const outcome = await execute(machine, tx, block, from, to, intrinsicGasOf(tx, accessList));
    await journal.commit();
    return outcome;
  } catch (error) {
    await journal.revert();
    throw error;
  } finally {
    await journal.cleanup();
    stateManager.originalStorageCache.clear();
  }
}

/** EIP-2929 and EIP-3651: what a transaction may touch at the warm price. */
function warmUp(
  machine: Machine,
  tx: PrivilegedTransaction,
  accessList: readonly AccessListEntry[],
  block: Block,
): void {
  const { journal, precompiles } = machine.evm;
  for (const address of precompiles.keys()) journal.addAlwaysWarmAddress(address);
  for (const address of [tx.from, tx.to, block.header.coinbase.toString()]) {
    if (address !== null) journal.addAlwaysWarmAddress(address.slice(2));
  }
  for (const { address, keys } of accessList) {
    journal.addAlwaysWarmAddress(address, true);
    for (const key of keys) journal.addAlwaysWarmSlot(address, key, true);
  }
}

/** EIP-2930, in the journal's form: hex without 0x. */
interface AccessListEntry {
  readonly address: string;
  readonly keys: readonly string[];
}

/** The ninth field. The encoding has been checked, so what does not fit here cannot occur. */
function readAccessList(encoded: Uint8Array): readonly AccessListEntry[] {
  const fields = decodeRlp(encoded.subarray(1));
  const list = fields.ok && !(fields.value instanceof Uint8Array) ? fields.value[8] : undefined;
  if (list === undefined || list instanceof Uint8Array) return [];
  return list.map((entry) => {
    const [address, keys] = entry as readonly [Uint8Array, readonly Uint8Array[]];
    return { address: bare(address), keys: keys.map(bare) };
  });
}

const bare = (bytes: Uint8Array): string => toHex(bytes).slice(2);

async function execute(
  machine: Machine,
  tx: PrivilegedTransaction,
  block: Block,
  from: Address,
  to: Address,
  intrinsicGas: bigint,
): Promise<PrivilegedOutcome> {
  const mints = tx.from === BRIDGE;
  const balance = (await machine.state.getAccount(from))?.balance ?? 0n;
  const canPay = mints || balance >= tx.value;
  if (!canPay || tx.gasLimit < intrinsicGas) {
    if (canPay && !mints) await addBalance(machine, from, -tx.value);
    return failed(tx.gasLimit);
  }
  // The EVM moves the value itself and undoes that on failure, so the bridge gets beforehand what it is to send.
  if (mints) await addBalance(machine, from, tx.value);
  const baseFee = block.header.baseFeePerGas ?? 0n;
  const offered = baseFee + tx.maxPriorityFeePerGas;
  const { execResult } = await machine.evm.runCall({
    block,
    caller: from,
    to,
    value: tx.value,
    data: tx.data,
    gasLimit: tx.gasLimit - intrinsicGas,
    gasPrice: offered < tx.maxFeePerGas ? offered : tx.maxFeePerGas,
    skipNonceIncrement: true,
  });
  const gasUsed = intrinsicGas + execResult.executionGasUsed;
  if (execResult.exceptionError !== undefined) {
    if (mints) {
      await addBalance(machine, from, -tx.value);
      await addBalance(machine, to, tx.value);
    }
    return failed(gasUsed);
  }
  await removeSelfdestructed(machine, execResult);
  const logs = execResult.logs ?? [];
  return { succeeded: true, gasUsed, bloom: bloomOf(machine, logs), logs };
}

const failed = (gasUsed: bigint): PrivilegedOutcome => ({
  succeeded: false,
  gasUsed,
  bloom: new Uint8Array(256),
  logs: [],
});

function intrinsicGasOf(tx: PrivilegedTransaction, accessList: readonly AccessListEntry[]): bigint {
  let gas = BASE_GAS;
  for (const byte of tx.data) gas += byte === 0 ? ZERO_BYTE_GAS : NONZERO_BYTE_GAS;
  for (const { keys } of accessList) gas += ACCESS_ADDRESS_GAS + ACCESS_KEY_GAS * BigInt(keys.length);
  return gas;
}

async function addBalance(machine: Machine, address: Address, amount: bigint): Promise<void> {
  const account = (await machine.state.getAccount(address)) ?? new Account();
  account.balance += amount;
  await machine.evm.journal.putAccount(address, account);
}

/** EIP-6780: only contracts made in the same transaction vanish. */
async function removeSelfdestructed(machine: Machine, result: ExecResult): Promise<void> {
  for (const address of result.selfdestruct?.keys() ?? []) {
    if (result.createdAddresses?.has(address)) {
      await machine.evm.journal.deleteAccount(createAddressFromString(address));
    }
  }
}

function bloomOf(machine: Machine, logs: readonly Log[]): Uint8Array {
  const bloom = new Bloom(undefined, machine.common);
  for (const [address, topics] of logs) {
    bloom.add(address);
    for (const topic of topics) bloom.add(topic);
  }
  return bloom.bitvector;
}
