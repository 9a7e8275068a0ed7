/** Why a unit of sequencer work ended without its result. `code` is stable; `message` is for people. */
export type SequencerErrorCode =
  /** The engine started no payload. Handling: try again at the next block time. */
  | 'build_refused'
  /** The payload is not what was asked for (parent, timestamp, forced transactions). Handling: as above. */
  | 'payload_mismatch'
  /** L1 messages wait, and the engine has no rules for them: blocks are built without. Handling: operator. */
  | 'messages_left_out'
  /** Even without pool transactions the block exceeds what one batch can carry. Handling: operator. */
  | 'block_too_large'
  /** The engine calls its own payload INVALID, or does not execute it. Handling: operator. */
  | 'block_rejected'
  /** VALID, but the head did not move. Handling: evaluate again. */
  | 'head_not_applied'
  /** The engine keeps its head above the block it should go back to. Handling: operator. */
  | 'engine_will_not_rewind'
  /** A block of the canonical branch cannot be read back. Handling: try again, then operator. */
  | 'block_unavailable'
  /** L1 answered, but the answer contradicts itself. Handling: look again. */
  | 'bad_l1_answer'
  /** The registry's logs and its views disagree, also when all logs are read again. Handling: another L1 node. */
  | 'registry_mismatch'
  /** L1 refuses the transaction. Handling: try again; see the message. */
  | 'submission_refused'
  /** The contract would revert the call: nothing was sent. Handling: see the contract error named. */
  | 'call_reverts'
  /** Landing the transaction would cost more than the configured cap. Handling: waits, or the operator. */
  | 'fee_cap';

export class SequencerError extends Error {
  override readonly name = 'SequencerError';
  readonly code: SequencerErrorCode;
  constructor(code: SequencerErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}
