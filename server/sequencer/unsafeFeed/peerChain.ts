import type { SealedBlock } from '../../protocol/block.ts';
import type { Hash, L2BlockRef } from '../../protocol/refs.ts';

export interface PeerBlock {
  readonly block: SealedBlock;
  /** Of its RLP. */
  readonly bytes: number;
}

/** Another node of this rollup, read only. Everything it says is its word alone. Rejects with PeerError. */
export interface PeerChain {
  latest(signal?: AbortSignal): Promise<L2BlockRef>;
  /** Null beyond its head. */
  hashAt(number: number, signal?: AbortSignal): Promise<Hash | null>;
  /** Decoded strictly, its hash computed from its bytes. Null beyond its head. */
  block(number: number, signal?: AbortSignal): Promise<PeerBlock | null>;
}

/** Why a peer gave no answer that can be used. `code` is stable; `message` is for people and names no URL. */
export type PeerErrorCode =
  | 'unreachable'
  | 'timeout'
  /** HTTP or JSON-RPC refused: rate limit, unknown method, its own failure. */
  | 'refused'
  /** Not the shape of an answer, or longer than the bound. */
  | 'bad_answer'
  /** Bytes that are no block. No honest node says that. */
  | 'malformed_block';

export class PeerError extends Error {
  override readonly name = 'PeerError';
  readonly code: PeerErrorCode;
  constructor(code: PeerErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}
