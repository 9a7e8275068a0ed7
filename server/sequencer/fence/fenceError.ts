/**
 * Why this process must not act now.
 *
 * - `not_holder`: the lease is another's, has run out, or was never had. Temporary: the loop goes on asking for it.
 * - `claimed_otherwise`: that number was claimed with another hash. Reset: build the claimed content again, or
 *   supersede the claim with evidence.
 * - `on_l1`: a claim cannot be superseded, because L1 has the number. Reset: look at L1 again.
 * - `foreign_head`: somebody else moves the engine's head. Degraded: this process stands down for a while.
 * - `unreachable`: the store gave no answer. Temporary; what was asked may or may not have been done.
 * - `bad_store`: the store is not one that can keep the promise. Halt: operator.
 */
export type FenceErrorCode =
  | 'not_holder'
  | 'claimed_otherwise'
  | 'on_l1'
  | 'foreign_head'
  | 'unreachable'
  | 'bad_store';

/** `message` is one sentence for people. It never carries a connection string. */
export class FenceError extends Error {
  override readonly name = 'FenceError';
  readonly code: FenceErrorCode;
  constructor(code: FenceErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
