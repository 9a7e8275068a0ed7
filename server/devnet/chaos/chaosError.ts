export type ChaosErrorCode =
  /** There is no such verb, node or argument. */
  | 'bad_request'
  /** What was asked for cannot be done to the devnet as it is now. */
  | 'not_now'
  /** L1 or an engine did not do as told. */
  | 'failed';

/** The message is one sentence for the person who asked. */
export class ChaosError extends Error {
  override readonly name = 'ChaosError';
  readonly code: ChaosErrorCode;
  constructor(code: ChaosErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}
