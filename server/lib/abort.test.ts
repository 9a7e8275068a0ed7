import { describe, expect, it, vi } from 'vitest';
import { DeadlineError, deadline, isAbort, isDeadline, withDeadline } from './abort.ts';

const never = () => new Promise<never>(() => {});

describe('withDeadline', () => {
  it('answers with the work', async () => {
    await expect(withDeadline({ ms: 1_000, what: 'work' }, async () => 7)).resolves.toBe(7);
  });

  it('ends work that ignores its signal, and says what was late', async () => {
    vi.useFakeTimers();
    try {
      const work = withDeadline({ ms: 1_000, what: 'eth_getLogs' }, never);
      const outcome = expect(work).rejects.toThrow('eth_getLogs did not answer within 1000 ms');
      await vi.advanceTimersByTimeAsync(1_000);
      await outcome;
    } finally {
      vi.useRealTimers();
    }
  });

  it('passes the reason of an abort through and leaves no timer', async () => {
    vi.useFakeTimers();
    try {
      const parent = new AbortController();
      const reason = new Error('stopping');
      const work = withDeadline({ signal: parent.signal, ms: 1_000, what: 'work' }, never);
      parent.abort(reason);
      await expect(work).rejects.toBe(reason);
      expect(vi.getTimerCount()).toBe(0);
      expect(isAbort(reason, parent.signal)).toBe(true);
    } finally {
      vi.useRealTimers();
    }
  });

  it('does not begin when the parent is already aborted', async () => {
    const work = vi.fn(async () => 7);
    const signal = AbortSignal.abort('gone');
    await expect(withDeadline({ signal, ms: 1_000, what: 'work' }, work)).rejects.toBe('gone');
    expect(work).not.toHaveBeenCalled();
  });
});

describe('deadline', () => {
  it('tells a late answer from an abort', async () => {
    vi.useFakeTimers();
    try {
      const late = deadline(undefined, 50, 'getBlock');
      await vi.advanceTimersByTimeAsync(50);
      expect(isDeadline(late.reason)).toBe(true);
      expect(isAbort(late.reason)).toBe(false);
    } finally {
      vi.useRealTimers();
    }
    const parent = new AbortController();
    const composed = deadline(parent.signal, 60_000);
    parent.abort('stop');
    expect(composed.reason).toBe('stop');
    expect(isDeadline(composed.reason)).toBe(false);
    expect(new DeadlineError('x', 1).code).toBe('timeout');
  });
});
