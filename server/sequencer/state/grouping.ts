/** Which of the uncommitted blocks make the next batch. Pure: sizes and counts in, a count out. */

/** The ceilings of one batch. All inclusive. */
export interface BatchLimits {
  /** Blob payload before packing: 31 of each 32 bytes of one blob (`SAFE_BYTES_PER_BLOB`). */
  readonly maxPayloadBytes: number;
  /** `commitBatch` calldata. Ordinary pools refuse transactions above 131,072 bytes. */
  readonly maxCalldataBytes: number;
  /** `PRIVILEGED_TX_BUDGET`, per block and per batch. */
  readonly maxMessages: number;
  readonly maxBlocks: number;
}

export const DEFAULT_BATCH_LIMITS: BatchLimits = {
  maxPayloadBytes: 126_976,
  maxCalldataBytes: 130_000,
  maxMessages: 300,
  maxBlocks: 4096,
};

/** What a block takes of a batch. */
export interface BlockMeasure {
  /** RLP of the 3-item block. */
  readonly rlpBytes: number;
  readonly messages: number;
}

/** Why the group ends where it does. `end`: no more blocks, so the batch may still grow. */
export type GroupEnd = 'end' | 'payload' | 'calldata' | 'messages' | 'blocks' | 'messages_wait';

export interface Group {
  /** Blocks from the first uncommitted one on; 0 when even the first has to wait. */
  readonly count: number;
  readonly endedBy: GroupEnd;
  readonly messages: number;
}

/** Bytes of the payload's block count, and of one block's fee config without vaults. */
const PAYLOAD_HEAD_BYTES = 8;
const FEE_CONFIG_BYTES = 2;
/** Selector, seven words, array offset and length. */
const CALLDATA_HEAD_BYTES = 292;

/** What one block adds to the blob payload: its RLP and its fee config. */
const payloadBytes = (block: BlockMeasure): number => block.rlpBytes + FEE_CONFIG_BYTES;
/** What one block adds to the calldata: its offset and length words and its RLP padded to words. */
const calldataBytes = (block: BlockMeasure): number => 64 + 32 * Math.ceil(block.rlpBytes / 32);

/**
 * The longest run from the first block on that one batch can carry.
 * `messagesAllowed` is false while an earlier batch with messages is committed and not verified: the contract
 * takes a batch's messages for the first unverified ones, so a second such batch has to wait for its proof.
 */
export function groupBlocks(
  blocks: readonly BlockMeasure[],
  limits: BatchLimits,
  messagesAllowed: boolean,
): Group {
  let payload = PAYLOAD_HEAD_BYTES;
  let calldata = CALLDATA_HEAD_BYTES;
  let messages = 0;
  for (const [count, block] of blocks.entries()) {
    const ended = (endedBy: GroupEnd): Group => ({ count, endedBy, messages });
    payload += payloadBytes(block);
    calldata += calldataBytes(block);
    if (count >= limits.maxBlocks) return ended('blocks');
    if (block.messages > 0 && !messagesAllowed) return ended('messages_wait');
    if (messages + block.messages > limits.maxMessages) return ended('messages');
    if (payload > limits.maxPayloadBytes) return ended('payload');
    if (calldata > limits.maxCalldataBytes) return ended('calldata');
    messages += block.messages;
  }
  return { count: blocks.length, endedBy: 'end', messages };
}

/** Whether a block can be committed at all: as the only block of its batch. */
export const fitsAlone = (block: BlockMeasure, limits: BatchLimits): boolean =>
  groupBlocks([block], limits, true).count === 1;
