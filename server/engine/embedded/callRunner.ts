import { createBlock } from '@ethereumjs/block';
import type { ExecResult } from '@ethereumjs/evm';
import { createAddressFromString, hexToBytes, type PrefixedHexString } from '@ethereumjs/util';
import type { SealedBlock } from '../../protocol/block.ts';
import { toHex } from '../../protocol/bytes.ts';
import { type Hex, ZERO_ADDRESS } from '../../protocol/refs.ts';
import { quantity } from '../executionPayload.ts';
import type { EngineCore } from './engineCore.ts';
import type { Fork } from './genesis.ts';
import { createMachine, type Machine } from './machine.ts';
import { addressParam, hexParam, objectParam, type Params, quantityOf } from './params.ts';
import { RPC_CODES, RpcError } from './rpcError.ts';
import { createSerial } from './serial.ts';

/** Gas of one call, so that a reader cannot hold the engine for long. */
const CALL_GAS_CAP = 50_000_000n;
const BASE_GAS = 21_000n;
const CREATE_GAS = 32_000n;
/** keccak-selector of `Error(string)`. */
const ERROR_SELECTOR = '0x08c379a0';

interface CallRequest {
  readonly from: Hex;
  readonly to: Hex | null;
  readonly data: Uint8Array;
  readonly value: bigint;
  readonly gas: bigint | null;
  readonly gasPrice: bigint;
  readonly accessList: readonly AccessListEntry[];
}

interface AccessListEntry {
  readonly address: Hex;
  readonly storageKeys: readonly Hex[];
}

/** Runs `eth_call` and `eth_estimateGas` on machines of their own, so that they never disturb the one that follows. */
export class CallRunner {
  readonly #core: EngineCore;
  readonly #serially = createSerial();
  readonly #machines = new Map<Fork, Machine>();

  constructor(core: EngineCore) {
    this.#core = core;
  }

  async call(params: Params, at: SealedBlock): Promise<Hex> {
    const request = readCall(params);
    const gas = request.gas === null || request.gas > CALL_GAS_CAP ? CALL_GAS_CAP : request.gas;
    const result = await this.#serially(() => this.#run(request, gas, at));
    if (result.exceptionError !== undefined) throw toRevert(result);
    return toHex(result.returnValue);
  }

  /**
   * The smallest gas limit with which the call succeeds, by bisection between what it used and the cap. Starts from the
   * gas used, because the 63/64 rule (EIP-150) and refunds can make the needed limit larger.
   */
  async estimate(params: Params, at: SealedBlock): Promise<Hex> {
    const request = readCall(params);
    const blockGas = at.header.gasLimit < CALL_GAS_CAP ? at.header.gasLimit : CALL_GAS_CAP;
    const cap = request.gas !== null && request.gas < blockGas ? request.gas : blockGas;
    const intrinsic = intrinsicGas(request);
    const succeeds = async (limit: bigint): Promise<ExecResult> => {
      const result = await this.#serially(() => this.#run(request, limit - intrinsic, at));
      return result;
    };
    if (cap < intrinsic) throw new RpcError(RPC_CODES.server, `gas required exceeds allowance (${cap})`);
    const generous = await succeeds(cap);
    if (generous.exceptionError !== undefined) throw toRevert(generous);
    const floor = floorGas(request);
    let low = intrinsic + generous.executionGasUsed - 1n;
    let high = cap;
    // The used gas itself is nearly always enough: try it, and a little more, before bisecting.
    const guess = ((low + 1n) * 64n) / 63n + 2_300n;
    if (guess < high && (await succeeds(guess)).exceptionError === undefined) high = guess;
    if ((await succeeds(low + 1n)).exceptionError === undefined) high = low + 1n;
    while (high - low > 1n) {
      const middle = (low + high) / 2n;
      if ((await succeeds(middle)).exceptionError === undefined) high = middle;
      else low = middle;
    }
    return quantity(high > floor ? high : floor);
  }

  async #run(request: CallRequest, gas: bigint, at: SealedBlock): Promise<ExecResult> {
    const machine = await this.#machineFor(at);
    await machine.standOn(at.header.stateRoot);
    machine.ancestorHash = (number) => this.#core.chain.ancestorHash(at, number);
    const { evm } = machine;
    await evm.journal.cleanup();
    await evm.journal.checkpoint();
    try {
      warmUp(machine, request, at);
      const { execResult } = await evm.runCall({
        block: libraryBlock(machine, at),
        caller: createAddressFromString(request.from),
        ...(request.to === null ? {} : { to: createAddressFromString(request.to) }),
        data: request.data,
        value: request.value,
        gasLimit: gas,
        gasPrice: request.gasPrice,
        skipBalance: request.gasPrice === 0n,
      });
      return execResult;
    } finally {
      await evm.journal.revert();
      await evm.journal.cleanup();
      machine.state.originalStorageCache.clear();
    }
  }

  async #machineFor(at: SealedBlock): Promise<Machine> {
    const fork = this.#core.forkOf(at.timestamp);
    const known = this.#machines.get(fork);
    if (known !== undefined) return known;
    const machine = await createMachine({ ...this.#core, fork, caches: false });
    this.#machines.set(fork, machine);
    return machine;
  }
}

function warmUp({ evm }: Machine, request: CallRequest, at: SealedBlock): void {
  const warm = [
    ...evm.precompiles.keys(),
    ...[request.from, request.to ?? request.from, at.header.beneficiary].map(bare),
  ];
  for (const address of warm) evm.journal.addAlwaysWarmAddress(address);
  for (const { address, storageKeys } of request.accessList) {
    evm.journal.addAlwaysWarmAddress(bare(address), true);
    for (const key of storageKeys) evm.journal.addAlwaysWarmSlot(bare(address), bare(key), true);
  }
}

const bare = (hex: Hex): string => hex.slice(2);

function libraryBlock(machine: Machine, { header }: SealedBlock) {
  const fields = {
    coinbase: hexToBytes(header.beneficiary),
    number: header.number,
    gasLimit: header.gasLimit,
    timestamp: header.timestamp,
    mixHash: hexToBytes(header.prevRandao),
    baseFeePerGas: header.baseFeePerGas ?? 0n,
    ...(header.excessBlobGas === null ? {} : { excessBlobGas: header.excessBlobGas }),
  };
  return createBlock(
    { header: fields },
    { common: machine.common, freeze: false, skipConsensusFormatValidation: true },
  );
}

function readCall(params: Params): CallRequest {
  const call = objectParam(params, 0);
  const optionalQuantity = (name: string): bigint | null =>
    call[name] === undefined || call[name] === null ? null : quantityOf(call[name], 0);
  const input = call['input'] ?? call['data'];
  return {
    from:
      call['from'] === undefined || call['from'] === null ? ZERO_ADDRESS : addressParam([call['from']], 0),
    to: call['to'] === undefined || call['to'] === null ? null : addressParam([call['to']], 0),
    data: input === undefined || input === null ? new Uint8Array(0) : hexToBytes(hexParam([input], 0)),
    value: optionalQuantity('value') ?? 0n,
    gas: optionalQuantity('gas'),
    gasPrice: optionalQuantity('gasPrice') ?? optionalQuantity('maxFeePerGas') ?? 0n,
    accessList: readAccessList(call['accessList']),
  };
}

function readAccessList(value: unknown): readonly AccessListEntry[] {
  if (value === undefined || value === null) return [];
  return (Array.isArray(value) ? value : [value]).map((entry: unknown) => {
    const { address, storageKeys } = objectParam([entry], 0);
    const keys = Array.isArray(storageKeys) ? storageKeys : [];
    return {
      address: addressParam([address], 0),
      storageKeys: keys.map((_, index) => hexParam(keys, index, 32)),
    };
  });
}

/** What is charged before the first opcode: Yellow Paper appendix G, EIP-2028, EIP-2930, EIP-3860. */
function intrinsicGas(request: CallRequest): bigint {
  let gas = BASE_GAS;
  for (const byte of request.data) gas += byte === 0 ? 4n : 16n;
  if (request.to === null) gas += CREATE_GAS + 2n * BigInt(Math.ceil(request.data.length / 32));
  for (const { storageKeys } of request.accessList) gas += 2_400n + 1_900n * BigInt(storageKeys.length);
  return gas;
}

/** EIP-7623: a transaction pays at least this for its data. Charged before Prague too, where it only rounds up. */
function floorGas(request: CallRequest): bigint {
  let tokens = 0n;
  for (const byte of request.data) tokens += byte === 0 ? 1n : 4n;
  return BASE_GAS + 10n * tokens;
}

function toRevert(result: ExecResult): RpcError {
  const error = result.exceptionError?.error ?? 'unknown';
  if (error !== 'revert') return new RpcError(RPC_CODES.server, error);
  const data = toHex(result.returnValue) as PrefixedHexString;
  const reason = revertReason(data);
  return new RpcError(
    RPC_CODES.executionReverted,
    `execution reverted${reason === null ? '' : `: ${reason}`}`,
    data,
  );
}

/** The text of Solidity's `Error(string)`, bounded, or null. */
function revertReason(data: Hex): string | null {
  if (!data.startsWith(ERROR_SELECTOR) || data.length < 2 + 8 + 128) return null;
  const length = Number.parseInt(data.slice(2 + 8 + 64, 2 + 8 + 128), 16);
  if (!Number.isSafeInteger(length)) return null;
  return Buffer.from(data.slice(2 + 8 + 128, 2 + 8 + 128 + 2 * Math.min(length, 1_000)), 'hex').toString(
    'utf8',
  );
}
