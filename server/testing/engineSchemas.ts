/**
 * What goes over the Engine API, as the OpenRPC description of ethereum/execution-apis says it
 * (src/engine/openrpc/{methods,schemas}/*.yaml and src/schemas/base-types.yaml), for every method that this project calls.
 * Requests are held to it strictly: no field more, none less. In answers, fields that are absent may be null, as the
 * description's own examples have them.
 */
import { z } from 'zod';

const hex = (pattern: RegExp): z.ZodString => z.string().regex(pattern);
/** base-types.yaml. */
const address = hex(/^0x[0-9a-fA-F]{40}$/);
const bytes = hex(/^0x[0-9a-f]*$/);
const bytesMax32 = hex(/^0x[0-9a-f]{0,64}$/);
const bytes8 = hex(/^0x[0-9a-f]{16}$/);
const bytes32 = hex(/^0x[0-9a-f]{64}$/);
const bytes256 = hex(/^0x[0-9a-f]{512}$/);
const hash32 = bytes32;
const uint64 = hex(/^0x(0|[1-9a-f][0-9a-f]{0,15})$/);
const uint256 = hex(/^0x(0|[1-9a-f][0-9a-f]{0,63})$/);

/** payload.yaml, PayloadStatusV1; the later versions have no INVALID_BLOCK_HASH. */
const statusOf = <const T extends readonly string[]>(statuses: T) =>
  z.strictObject({
    status: z.enum(statuses),
    latestValidHash: hash32.nullish(),
    validationError: z.string().nullish(),
  });
const payloadStatusV1 = statusOf(['VALID', 'INVALID', 'SYNCING', 'ACCEPTED', 'INVALID_BLOCK_HASH']);
const payloadStatus = statusOf(['VALID', 'INVALID', 'SYNCING', 'ACCEPTED']);
const restrictedStatus = statusOf(['VALID', 'INVALID', 'SYNCING']);

/** payload.yaml, WithdrawalV1 and ExecutionPayloadV1 to V3. */
const withdrawal = z.strictObject({ index: uint64, validatorIndex: uint64, address, amount: uint64 });
const payloadV1 = z.strictObject({
  parentHash: hash32,
  feeRecipient: address,
  stateRoot: hash32,
  receiptsRoot: hash32,
  logsBloom: bytes256,
  prevRandao: bytes32,
  blockNumber: uint64,
  gasLimit: uint64,
  gasUsed: uint64,
  timestamp: uint64,
  extraData: bytesMax32,
  baseFeePerGas: uint256,
  blockHash: hash32,
  transactions: z.array(bytes),
});
const payloadV2 = payloadV1.extend({ withdrawals: z.array(withdrawal) });
const payloadV3 = payloadV2.extend({ blobGasUsed: uint64, excessBlobGas: uint64 });

/** forkchoice.yaml. */
const forkchoiceState = z.strictObject({
  headBlockHash: hash32,
  safeBlockHash: hash32,
  finalizedBlockHash: hash32,
});
const forkchoiceAnswer = z.strictObject({ payloadStatus: restrictedStatus, payloadId: bytes8.nullish() });
const attributesV1 = z.strictObject({
  timestamp: uint64,
  prevRandao: bytes32,
  suggestedFeeRecipient: address,
});
const attributesV2 = attributesV1.extend({ withdrawals: z.array(withdrawal) });
const attributesV3 = attributesV2.extend({ parentBeaconBlockRoot: hash32 });

/** payload.yaml, the answers of getPayload; blob.yaml, the bundles. */
const bundle = z.strictObject({
  commitments: z.array(bytes),
  proofs: z.array(bytes),
  blobs: z.array(bytes),
});
const builtV2 = z.strictObject({
  executionPayload: z.union([payloadV1, payloadV2]),
  blockValue: uint256,
});
const builtV3 = z.strictObject({
  executionPayload: payloadV3,
  blockValue: uint256,
  blobsBundle: bundle,
  shouldOverrideBuilder: z.boolean(),
});
const builtV4 = builtV3.extend({ executionRequests: z.array(bytes) });

const body = z
  .strictObject({ transactions: z.array(bytes), withdrawals: z.array(withdrawal).nullish() })
  .nullable();

export interface EngineSchema {
  readonly params: z.ZodType;
  readonly result: z.ZodType;
}

const building = (attributes: z.ZodType): EngineSchema => ({
  params: z.tuple([forkchoiceState, attributes.nullable()]),
  result: forkchoiceAnswer,
});
const built = (result: z.ZodType): EngineSchema => ({ params: z.tuple([bytes8]), result });

export const ENGINE_SCHEMAS: Readonly<Record<string, EngineSchema>> = {
  engine_exchangeCapabilities: { params: z.tuple([z.array(z.string())]), result: z.array(z.string()) },
  engine_newPayloadV1: { params: z.tuple([payloadV1]), result: payloadStatusV1 },
  engine_newPayloadV2: { params: z.tuple([z.union([payloadV1, payloadV2])]), result: payloadStatus },
  engine_newPayloadV3: { params: z.tuple([payloadV3, z.array(hash32), hash32]), result: payloadStatus },
  engine_newPayloadV4: {
    params: z.tuple([payloadV3, z.array(hash32), hash32, z.array(bytes)]),
    result: payloadStatus,
  },
  engine_forkchoiceUpdatedV1: building(attributesV1),
  engine_forkchoiceUpdatedV2: building(z.union([attributesV1, attributesV2])),
  engine_forkchoiceUpdatedV3: building(attributesV3),
  engine_getPayloadV1: built(payloadV1),
  engine_getPayloadV2: built(builtV2),
  engine_getPayloadV3: built(builtV3),
  engine_getPayloadV4: built(builtV4),
  // Only the bundle's proofs are others than in V4: one for each cell.
  engine_getPayloadV5: built(builtV4),
  engine_getPayloadBodiesByHashV1: { params: z.tuple([z.array(hash32)]), result: z.array(body) },
};

/** Error codes of common.md and JSON-RPC 2.0; engines may use any of theirs beside, for failures of their own. */
const ERROR_CODES: readonly number[] = [
  -32700, -32600, -32601, -32602, -32603, -32000, -38001, -38002, -38003, -38004, -38005, -38006,
];

/** Why an exchange is not as described; null when it is, or when its method is none of the Engine API. */
export function schemaProblem(method: string, params: unknown, answer: unknown): string | null {
  if (!method.startsWith('engine_')) return null;
  const schema = ENGINE_SCHEMAS[method];
  if (schema === undefined) return `${method} is in no table`;
  const asked = schema.params.safeParse(params);
  if (!asked.success) return `${method}, request: ${explain(asked.error)}`;
  const { result, error } = answer as { result?: unknown; error?: { code?: unknown } };
  if (error !== undefined && error !== null) {
    return ERROR_CODES.includes(Number(error.code)) ? null : `${method}: error code ${String(error.code)}`;
  }
  const given = schema.result.safeParse(result);
  return given.success ? null : `${method}, answer: ${explain(given.error)}`;
}

const explain = ({ issues }: z.ZodError): string =>
  issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ');
