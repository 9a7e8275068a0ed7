import type { SealedBlock } from '../protocol/block.ts';
import { encodeBlock } from '../protocol/blockCodec.ts';
import type { Hash, L2BlockId } from '../protocol/refs.ts';
import { isPrivileged, transactionHash } from '../protocol/transaction.ts';
import { SequencerError } from './errors.ts';
import type { BlockSource } from './ports.ts';
import type { BlockMeasure } from './state/grouping.ts';

/** A block with what batches need to know of it, computed once. */
export interface MeasuredBlock extends BlockMeasure {
  readonly block: SealedBlock;
  /** The 3-item encoding that a batch carries. */
  readonly rlp: Uint8Array;
  /** Hashes of its L1 messages, in order. */
  readonly messageHashes: readonly Hash[];
}

/** Encodes and counts. Throws RangeError for a block with withdrawals, which a 3-item block cannot carry. */
export function measureBlock(block: SealedBlock): MeasuredBlock {
  const rlp = encodeBlock(block, { items: 3 });
  const messageHashes = block.transactions.filter(isPrivileged).map(transactionHash);
  return { block, rlp, messageHashes, rlpBytes: rlp.length, messages: messageHashes.length };
}

/**
 * The uncommitted end of this sequencer's chain. Blocks it built are kept; after a restart, and for blocks that
 * an L1 reorg made uncommitted again, they are read back from the engine. Holds at most `keep` blocks.
 */
export class UncommittedBlocks {
  readonly #keep: number;
  readonly #source: BlockSource;
  readonly #byNumber = new Map<number, MeasuredBlock>();

  constructor(opts: { keep: number }, deps: { source: BlockSource }) {
    this.#keep = opts.keep;
    this.#source = deps.source;
  }

  add(block: SealedBlock): void {
    this.#byNumber.set(block.number, measureBlock(block));
    this.#byNumber.delete(block.number - this.#keep);
  }

  /**
   * The canonical blocks above `committed`, up to and including `head`, oldest first. The chain of parent hashes
   * from one to the other is checked: a kept block that is no longer canonical is replaced.
   * Throws `SequencerError` of code `block_unavailable`.
   */
  async between(
    committed: L2BlockId,
    head: L2BlockId,
    signal?: AbortSignal,
  ): Promise<readonly MeasuredBlock[]> {
    const found: MeasuredBlock[] = [];
    let expected = head.hash;
    for (let number = head.number; number > committed.number; number--) {
      const block = await this.#block(number, expected, signal);
      found.push(block);
      expected = block.block.parentHash;
    }
    if (expected !== committed.hash) {
      throw new SequencerError(
        'block_unavailable',
        `block ${committed.number} of the engine's branch is ${expected}, not the committed ${committed.hash}`,
      );
    }
    return found.reverse();
  }

  async #block(number: number, hash: Hash, signal?: AbortSignal): Promise<MeasuredBlock> {
    const kept = this.#byNumber.get(number);
    if (kept?.block.hash === hash) return kept;
    const read = await this.#source.sealedBlock(number, signal);
    if (read === null || read.hash !== hash) {
      const answer = read === null ? 'no block' : `block ${read.hash}`;
      throw new SequencerError('block_unavailable', `the engine gives ${answer} for block ${number} ${hash}`);
    }
    this.add(read);
    return this.#byNumber.get(number)!;
  }
}
