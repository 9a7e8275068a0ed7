import { equalBytes, fromHex } from '../../protocol/bytes.ts';
import type { PayloadAttributes, PayloadStatus } from '../../protocol/forkchoice.ts';
import type { Hash } from '../../protocol/refs.ts';
import {
  blobVersionedHashes,
  type ExecutionPayloadJson,
  fromAttributesJson,
  fromExecutionPayload,
  MalformedPayloadError,
  type PayloadAttributesJson,
  quantity,
  toExecutionPayload,
} from '../executionPayload.ts';
import { CLIENT_CAPABILITIES, FORCED_CAPABILITY, PRIVILEGED_CAPABILITY } from '../methods.ts';
import type { EngineCore } from './engineCore.ts';
import { atLeast, type Fork } from './genesis.ts';
import { fixedHexParam, hashParam, invalidParam, objectParam, type Params } from './params.ts';
import { RPC_CODES, RpcError } from './rpcError.ts';
import { requestsHashOf } from './systemCalls.ts';

export type RpcMethod = (params: Params) => Promise<unknown>;

/**
 * The Engine API (execution-apis `src/engine`: paris, shanghai, cancun, prague).
 *
 * > Client software MUST return -38005: Unsupported fork error if the timestamp of the payload does not fall within the
 * > time frame of the fork.
 */
export function engineMethods(core: EngineCore): Record<string, RpcMethod> {
  const newPayload = (forks: readonly Fork[]) => (params: Params) => handleNewPayload(core, forks, params);
  const updated = (forks: readonly Fork[]) => (params: Params) => handleForkchoice(core, forks, params);
  const getPayload = (forks: readonly Fork[]) => (params: Params) => handleGetPayload(core, forks, params);
  const methods: Record<string, RpcMethod> = {
    engine_exchangeCapabilities: async () => [
      ...CLIENT_CAPABILITIES.filter((method) => method in methods),
      FORCED_CAPABILITY,
      ...(core.l2Rules ? [PRIVILEGED_CAPABILITY] : []),
    ],
    engine_newPayloadV1: newPayload(['paris']),
    engine_newPayloadV2: newPayload(['paris', 'shanghai']),
    engine_newPayloadV3: newPayload(['cancun']),
    engine_newPayloadV4: newPayload(['prague']),
    engine_forkchoiceUpdatedV1: updated(['paris']),
    engine_forkchoiceUpdatedV2: updated(['paris', 'shanghai']),
    engine_forkchoiceUpdatedV3: updated(['cancun', 'prague']),
    engine_getPayloadV1: getPayload(['paris']),
    engine_getPayloadV2: getPayload(['paris', 'shanghai']),
    engine_getPayloadV3: getPayload(['cancun']),
    engine_getPayloadV4: getPayload(['prague']),
  };
  return methods;
}

async function handleNewPayload(core: EngineCore, forks: readonly Fork[], params: Params): Promise<unknown> {
  const payload = objectParam(params, 0) as unknown as ExecutionPayloadJson;
  try {
    requireFork(core, forks, Number(payload.timestamp));
    const cancun = atLeast(forks[0]!, 'cancun');
    if (!cancun && payload.blobGasUsed !== undefined) throw invalidParam(0, 'blob fields before Cancun');
    const beaconRoot = cancun ? hashParam(params, 2) : null;
    const requestsHash = forks[0] === 'prague' ? requestsHashOf(requestsParam(params, 3)) : null;
    const block = fromExecutionPayload(payload, beaconRoot, requestsHash);
    if (block.hash !== payload.blockHash) {
      return invalid(`blockhash mismatch: the payload hashes to ${block.hash}, it says ${payload.blockHash}`);
    }
    if (
      cancun &&
      !sameHashes(block.transactions.flatMap(blobVersionedHashes), versionedHashesParam(params, 1))
    ) {
      return invalid('the blob versioned hashes are not those of the transactions');
    }
    return statusJson(await core.newPayload(block));
  } catch (error) {
    if (error instanceof MalformedPayloadError) throw invalidParam(0, error.message);
    throw error;
  }
}

async function handleForkchoice(core: EngineCore, forks: readonly Fork[], params: Params): Promise<unknown> {
  const state = objectParam(params, 0);
  const field = (name: string): Hash => hashParam([state[name]], 0);
  const forkchoice = {
    headBlockHash: field('headBlockHash'),
    safeBlockHash: field('safeBlockHash'),
    finalizedBlockHash: field('finalizedBlockHash'),
  };
  const attributes = readAttributes(core, forks, params[1]);
  const { payloadStatus, payloadId } = await core.forkchoiceUpdated(forkchoice, attributes);
  return { payloadStatus: statusJson(payloadStatus), payloadId };
}

function readAttributes(core: EngineCore, forks: readonly Fork[], value: unknown): PayloadAttributes | null {
  if (value === undefined || value === null) return null;
  const json = objectParam([value], 0) as unknown as PayloadAttributesJson;
  const malformed = (detail: string) =>
    new RpcError(RPC_CODES.invalidPayloadAttributes, `Invalid payload attributes: ${detail}`);
  try {
    const attributes = fromAttributesJson(json);
    if (atLeast(forks[0]!, 'cancun') && json.parentBeaconBlockRoot === undefined) {
      throw malformed('parentBeaconBlockRoot is missing');
    }
    requireFork(core, forks, attributes.timestamp);
    return attributes;
  } catch (error) {
    if (error instanceof MalformedPayloadError) throw malformed(error.message);
    throw error;
  }
}

async function handleGetPayload(core: EngineCore, forks: readonly Fork[], params: Params): Promise<unknown> {
  const { block, requests, blockValue } = await core.getPayload(fixedHexParam(params, 0, 8));
  requireFork(core, forks, block.timestamp);
  const executionPayload = toExecutionPayload(block);
  if (forks.length === 1 && forks[0] === 'paris') return executionPayload;
  const envelope = { executionPayload, blockValue: quantity(blockValue) };
  if (!atLeast(forks[0]!, 'cancun')) return envelope;
  const blobs = { blobsBundle: { commitments: [], proofs: [], blobs: [] }, shouldOverrideBuilder: false };
  const executionRequests = requests.map((request) => `0x${Buffer.from(request).toString('hex')}`);
  return forks[0] === 'prague' ? { ...envelope, ...blobs, executionRequests } : { ...envelope, ...blobs };
}

function requireFork(core: EngineCore, forks: readonly Fork[], timestamp: number): void {
  const fork = core.forkOf(timestamp);
  if (forks.includes(fork)) return;
  throw new RpcError(RPC_CODES.unsupportedFork, `Unsupported fork: a block of that time is of ${fork}`);
}

function versionedHashesParam(params: Params, index: number): readonly Hash[] {
  const value = params[index];
  if (!Array.isArray(value)) throw invalidParam(index, 'expected an array of versioned hashes');
  return value.map((_, at) => hashParam(value, at));
}

/** execution-apis prague.md: an element shorter than 2 bytes, or types not in strictly rising order, are -32602. */
function requestsParam(params: Params, index: number): readonly Uint8Array[] {
  const value = params[index];
  if (!Array.isArray(value)) throw invalidParam(index, 'expected an array of execution requests');
  const requests = value.map((request: unknown) => {
    if (typeof request !== 'string' || !/^0x([0-9a-fA-F]{2}){2,}$/.test(request)) {
      throw invalidParam(index, 'an execution request is shorter than 2 bytes');
    }
    return fromHex(request);
  });
  requests.forEach((request, at) => {
    if (at > 0 && request[0]! <= requests[at - 1]![0]!) {
      throw invalidParam(index, 'execution requests are not in strictly rising order of their types');
    }
  });
  return requests;
}

const sameHashes = (a: readonly Hash[], b: readonly Hash[]): boolean =>
  a.length === b.length && a.every((hash, index) => equalBytes(fromHex(hash), fromHex(b[index]!)));

const invalid = (validationError: string) => ({ status: 'INVALID', latestValidHash: null, validationError });

const statusJson = (status: PayloadStatus): unknown => ({
  status: status.status,
  latestValidHash: 'latestValidHash' in status ? status.latestValidHash : null,
  validationError: status.status === 'INVALID' ? status.validationError : null,
});
