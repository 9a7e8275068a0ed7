import type { FeedLimits } from '../state/unsafeFeed.ts';

/** How the feed treats its peers. Times in milliseconds. */
export interface FeedSettings {
  readonly limits: FeedLimits;
  /** Between two looks at one peer: half of it is the mean delay that polling adds. */
  readonly pollMs: number;
  /** For everything one look asks of a peer, beside the deadline that each question has. */
  readonly lookTimeoutMs: number;
  /** How long a peer that gave an invalid block is not asked. */
  readonly benchMs: number;
  /** Bytes of fetched blocks that wait for the engine, all peers together. */
  readonly maxWaitingBytes: number;
}

export const DEFAULT_FEED_SETTINGS: FeedSettings = {
  limits: { maxAheadBlocks: 512, maxAheadBytes: 64 * 1024 * 1024, maxOfferBlocks: 32 },
  pollMs: 100,
  lookTimeoutMs: 30_000,
  benchMs: 600_000,
  maxWaitingBytes: 64 * 1024 * 1024,
};
