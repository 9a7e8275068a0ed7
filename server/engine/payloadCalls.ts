/** What the versions of the Engine API's methods carry, and how their refusals are told apart. No I/O. */
import type { SealedBlock } from '../protocol/block.ts';
import type { PayloadAttributes } from '../protocol/forkchoice.ts';
import type { Hash, Hex } from '../protocol/refs.ts';
import { type BuiltPayload, EngineError } from './engine.ts';
import {
  companionsOf,
  type ExecutionPayloadJson,
  fromExecutionPayload,
  MalformedPayloadError,
  NO_REQUESTS_HASH,
  toAttributesJson,
  toExecutionPayload,
  UnrepresentableBlockError,
} from './executionPayload.ts';
import { methodsOf, type PayloadFork } from './methods.ts';

const MISFITS: ReadonlySet<string> = new Set(['unsupported_fork', 'method_not_found']);

const INVALID_PARAMS = -32_602;
/** Versions of before "unsupported fork" was a code: they call attributes of another hardfork bad (shanghai.md). */
const OLD_UPDATES: readonly string[] = ['paris', 'shanghai'].map(
  (fork) => methodsOf(fork as PayloadFork).forkchoiceUpdated,
);

/** The method is none for the hardfork of what is asked, as engines say that. */
export const isMisfit = ({ code, rpcCode }: EngineError, method: string): boolean =>
  MISFITS.has(code) ||
  (OLD_UPDATES.includes(method) && (code === 'invalid_payload_attributes' || rpcCode === INVALID_PARAMS));

type NewPayloadParams =
  | { readonly kind: 'params'; readonly value: readonly unknown[] }
  | { readonly kind: 'unrepresentable'; readonly reason: string };

export function newPayloadParams(block: SealedBlock, fork: PayloadFork): NewPayloadParams {
  try {
    const payload = toExecutionPayload(block);
    if (fork === 'paris' || fork === 'shanghai') return { kind: 'params', value: [payload] };
    const { expectedBlobVersionedHashes, parentBeaconBlockRoot, executionRequests } = companionsOf(block);
    const cancun = [payload, expectedBlobVersionedHashes, parentBeaconBlockRoot];
    return { kind: 'params', value: fork === 'cancun' ? cancun : [...cancun, executionRequests] };
  } catch (error) {
    if (error instanceof UnrepresentableBlockError) return { kind: 'unrepresentable', reason: error.message };
    throw error;
  }
}

export function attributesFor(fork: PayloadFork, attributes: PayloadAttributes): Record<string, unknown> {
  const { parentBeaconBlockRoot, withdrawals, ...rest } = toAttributesJson(attributes);
  if (fork === 'paris') return rest;
  return fork === 'shanghai' ? { ...rest, withdrawals } : { ...rest, withdrawals, parentBeaconBlockRoot };
}

/** The envelope of `engine_getPayload`: the bare payload in V1, with `blockValue` beside it since V2. */
export function readBuiltPayload(
  method: string,
  fork: PayloadFork,
  answer: unknown,
  parentBeaconBlockRoot: Hash | null,
): BuiltPayload {
  const envelope = (fork === 'paris' ? { executionPayload: answer, blockValue: '0x0' } : answer) as {
    executionPayload?: ExecutionPayloadJson;
    blockValue?: string;
    executionRequests?: readonly Hex[];
  } | null;
  const payload = envelope?.executionPayload;
  if (typeof payload !== 'object' || payload === null) {
    throw new EngineError('bad_answer', method, `${method}: no executionPayload`);
  }
  if ((envelope?.executionRequests?.length ?? 0) > 0) {
    throw new EngineError(
      'bad_answer',
      method,
      `${method}: the block has execution requests, which a batch cannot carry`,
    );
  }
  const prague = fork === 'prague' || fork === 'osaka';
  const cancun = fork === 'cancun' || prague;
  try {
    const requestsHash = prague ? NO_REQUESTS_HASH : null;
    const block = fromExecutionPayload(payload, cancun ? parentBeaconBlockRoot : null, requestsHash);
    if (block.hash !== payload.blockHash) {
      throw new MalformedPayloadError(
        `the contents hash to ${block.hash}, blockHash is ${payload.blockHash}`,
      );
    }
    return { block, blockValue: BigInt(envelope?.blockValue ?? '0x0') };
  } catch (error) {
    if (error instanceof EngineError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new EngineError('bad_answer', method, `${method}: ${why}`, null, error);
  }
}
