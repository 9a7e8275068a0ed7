import { ok, type Result } from '../lib/result.ts';
import { type DecodeError, refuse } from './decodeError.ts';

/** `version 0, no flags`: no vaults, no operator fee, no L1 fee. */
export const EMPTY_FEE_CONFIG = Uint8Array.of(0, 0);

const FLAG_BASE_FEE_VAULT = 1;
const FLAG_OPERATOR_FEE = 2;
const FLAG_L1_FEE = 4;

const ADDRESS_BYTES = 20;
const UINT64_BYTES = 8;

/**
 * Reads the fee configuration that begins at `at`, as a view:
 * `version ‖ flags ‖ [baseFeeVault] ‖ [operatorVault ‖ u64 feePerGas] ‖ [l1Vault ‖ u64 feePerBlobGas]`.
 * Its content decides which accounts earn fees; here only its length matters. Reason: `malformed_blob`.
 */
export function readFeeConfig(payload: Uint8Array, at: number): Result<Uint8Array, DecodeError> {
  const version = payload[at];
  const flags = payload[at + 1];
  if (version === undefined || flags === undefined)
    return refuse('malformed_blob', `no fee config at byte ${at}`);
  if (version !== 0) return refuse('malformed_blob', `fee config at byte ${at} has version ${version}`);
  if (flags > 7) return refuse('malformed_blob', `fee config at byte ${at} has flags ${flags}`);
  let size = 2;
  if (flags & FLAG_BASE_FEE_VAULT) size += ADDRESS_BYTES;
  if (flags & FLAG_OPERATOR_FEE) size += ADDRESS_BYTES + UINT64_BYTES;
  if (flags & FLAG_L1_FEE) size += ADDRESS_BYTES + UINT64_BYTES;
  if (at + size > payload.length) return refuse('malformed_blob', `fee config at byte ${at} is cut off`);
  return ok(payload.subarray(at, at + size));
}
