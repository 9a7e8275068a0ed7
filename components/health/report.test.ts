import { describe, expect, it } from 'vitest';
import { checksOf } from '../../server/api/checks.ts';
import { createScriptedNode } from '../../server/testing/scriptedNode.ts';
import { reportOf, speedOf, tally } from './report.ts';

const NOW = Date.UTC(2026, 10, 21, 14, 2, 40);
const status = createScriptedNode('l1-down', () => NOW).status();
const checks = checksOf(status, NOW);

describe('the report', () => {
  it('has every check with value, limit and reason, and the heads whole', () => {
    const text = reportOf(status, checks, NOW);
    for (const { label, value, limit } of checks) {
      expect(text).toContain(label);
      expect(text).toContain(value);
      expect(text).toContain(limit);
    }
    expect(text).toContain(status.heads.safe!.hash);
    expect(text).toContain('Trouble: L1_UNREACHABLE (temporary), 9 times');
    expect(text).not.toContain('undefined');
  });

  it('counts each check once', () => {
    expect(tally(checks).reduce((sum, { count }) => sum + count, 0)).toBe(checks.length);
    expect(tally([]).map(({ state }) => state)).toEqual(['pass', 'warn', 'fail']);
  });
});

describe('the speed', () => {
  it('is what was derived and what L1 grew, lately', () => {
    const samples = [
      { at: 0, current: 1, target: 9_000 },
      { at: 900_000, current: 100, target: 1_000 },
      { at: 1_000_000, current: 1_100, target: 1_010 },
    ];
    expect(speedOf(samples)).toEqual({ replay: 10, growth: 0.1, overMs: 100_000 });
  });
  it('is not told from eight seconds, nor from nothing', () => {
    expect(
      speedOf([
        { at: 0, current: 1, target: 2 },
        { at: 8_000, current: 9, target: 9 },
      ]),
    ).toBeNull();
    expect(speedOf([{ at: 0, current: null, target: null }])).toBeNull();
  });
});
