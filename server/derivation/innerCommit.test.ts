import { describe, expect, it } from 'vitest';
import { encodeCommitBatch } from '../protocol/commitBatch.ts';
import type { Address } from '../protocol/refs.ts';
import {
  commitInputFor,
  hashOf,
  PROPOSER,
  SAMPLE_CONFIG,
  sampleChain,
  sampleCommit,
} from '../testing/sampleBatch.ts';
import { deriveBatch, genesisCursor } from './ethrexBased.ts';
import { fromInnerCalls, needsTrace } from './innerCommit.ts';

const CONTRACT: Address = `0x${'c0'.repeat(20)}`;
const BLOCKS = sampleChain(3, () => []);
const CALL = encodeCommitBatch(commitInputFor(BLOCKS));
const OTHER = encodeCommitBatch(commitInputFor(sampleChain(2, () => [])));
const indirect = sampleCommit(BLOCKS, {
  to: CONTRACT,
  input: Uint8Array.of(1, 2, 3),
  blobVersionedHashes: [],
});

describe('a commit inside another contract’s call', () => {
  it('needs a trace only where neither calldata nor a blob tells the blocks', () => {
    expect(needsTrace(SAMPLE_CONFIG, indirect)).toBe(true);
    expect(needsTrace(SAMPLE_CONFIG, sampleCommit(BLOCKS))).toBe(false);
    expect(needsTrace(SAMPLE_CONFIG, sampleCommit(BLOCKS, { to: CONTRACT }))).toBe(false);
    const withBlob = sampleCommit(BLOCKS, {
      to: CONTRACT,
      input: Uint8Array.of(1),
      blobVersionedHashes: [hashOf(1)],
    });
    expect(needsTrace(SAMPLE_CONFIG, withBlob)).toBe(false);
  });

  it('is the inner call that fits the event, and is derived as if it had been sent directly', () => {
    const found = fromInnerCalls(SAMPLE_CONFIG, indirect, [OTHER, CALL, Uint8Array.of(9)])!;
    expect(found.transaction).toMatchObject({ to: PROPOSER, hash: indirect.transaction.hash });
    const outcome = deriveBatch(SAMPLE_CONFIG, genesisCursor(SAMPLE_CONFIG), found);
    expect(outcome).toMatchObject({ kind: 'derived', lastBlockHash: BLOCKS.at(-1)!.hash });
    expect(fromInnerCalls(SAMPLE_CONFIG, indirect, [OTHER, Uint8Array.of(9)])).toBeNull();
  });
});
