import { describe, expect, it } from 'vitest';
import { l2Ref } from '../../testing/stringChain.ts';
import { type Observation, observe, type ResyncProgress, STALLED_MS } from './resync.ts';

const BEGUN: ResyncProgress = {
  id: 'rs-1',
  phase: 'rederiving',
  target: { kind: 'batch', batch: 2 },
  point: { batch: 2, block: l2Ref('ABCDE'), origin: null },
  actor: { name: 'ana', role: 'operator', via: 'token', address: '::1' },
  reason: 'why',
  startedAt: 1_000,
  endedAt: null,
  done: 0,
  of: 0,
  matches: 0,
  disagreements: 0,
  resumed: false,
  keptHead: false,
  note: '',
  progressAt: 1_000,
};
const SEEN: Observation = {
  now: 2_000,
  batch: 4,
  lastCommittedBatch: 5,
  level: false,
  matches: null,
  waitsFor: null,
};
const level = (matches: boolean | null): Observation => ({ ...SEEN, batch: 5, level: true, matches });

const looks = (...seen: Observation[]): ResyncProgress => seen.reduce(observe, BEGUN);

describe('what a resync makes of each look', () => {
  it('counts the batches above the target', () => {
    expect(looks(SEEN)).toMatchObject({ phase: 'rederiving', done: 2, of: 3, progressAt: 2_000 });
  });

  it('says what it waits for', () => {
    expect(looks({ ...SEEN, waitsFor: 'the engine is away' }).note).toContain('the engine is away');
  });

  it('is done after two looks in a row that agree, and not before', () => {
    expect(looks(level(true))).toMatchObject({ phase: 'verifying', matches: 1, endedAt: null });
    expect(looks(level(true), level(false), level(true))).toMatchObject({ phase: 'verifying', matches: 1 });
    expect(looks(level(true), SEEN, level(true))).toMatchObject({ phase: 'verifying', matches: 1 });
    expect(looks(level(true), level(true))).toMatchObject({ phase: 'done', matches: 2, endedAt: 2_000 });
  });

  it('has not failed because a look had no answer', () => {
    expect(looks(level(true), level(null), level(null), level(null))).toMatchObject({ phase: 'rederiving' });
  });

  it('has failed after three looks in a row that disagree', () => {
    expect(looks(level(false), level(false))).toMatchObject({ phase: 'verifying', disagreements: 2 });
    expect(looks(level(false), level(false), level(false))).toMatchObject({
      phase: 'failed',
      endedAt: 2_000,
    });
  });

  it('has failed when no batch came for ten minutes, and names what it waited for', () => {
    const late = { ...SEEN, batch: 2, now: 1_000 + STALLED_MS + 1, waitsFor: 'L1 is silent' };
    expect(looks(late)).toMatchObject({ phase: 'failed', note: expect.stringContaining('L1 is silent') });
    expect(looks({ ...late, now: 1_000 + STALLED_MS }).phase).toBe('rederiving');
  });
});
