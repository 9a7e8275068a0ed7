import { describe, expect, it } from 'vitest';
import { SCENARIOS, scriptedStatus } from '../testing/scriptedStatus.ts';
import { checksOf } from './checks.ts';
import { checkView, type StatusView } from './views.ts';

const NOW = 1_790_000_000_000;
const statusOf = (scenario: (typeof SCENARIOS)[number], over: Partial<StatusView> = {}): StatusView => ({
  ...scriptedStatus(scenario, { version: 1, steps: 0, startedAt: NOW - 754_000 }, NOW),
  ...over,
});
const states = (status: StatusView, now = NOW) =>
  Object.fromEntries(checksOf(status, now).map(({ id, state }) => [id, state]));

describe('the checks', () => {
  it('fit the API in every scenario, and say why wherever they do not pass', () => {
    for (const scenario of SCENARIOS) {
      for (const check of checksOf(statusOf(scenario), NOW)) {
        expect(checkView.safeParse(check).error).toBeUndefined();
        expect([scenario, check.id, check.reason === null]).toEqual([
          scenario,
          check.id,
          check.state === 'pass',
        ]);
      }
    }
  });

  it('have no failure in an aligned node, and one in every node that is not', () => {
    for (const scenario of SCENARIOS) {
      const status = statusOf(scenario);
      const fails = Object.values(states(status)).includes('fail');
      expect([scenario, fails]).toEqual([scenario, status.verdict.kind !== 'aligned']);
    }
  });

  it.each([
    ['invalid-batch', 'batches_valid', 'fail'],
    ['l1-down', 'l1_answers', 'fail'],
    ['engine-down', 'engine_answers', 'fail'],
    ['reorg', 'no_open_reorg', 'warn'],
    ['catching-up', 'derivation_lag', 'fail'],
    ['feed-conflict', 'sequencing', 'warn'],
  ] as const)('in %s, %s is %s', (scenario, id, state) => {
    expect(states(statusOf(scenario))[id]).toBe(state);
  });

  it.each([
    [36, 'pass'],
    [37, 'warn'],
    [60, 'warn'],
    [61, 'fail'],
  ] as const)('an L1 head of %i s is %s', (age, state) => {
    const aligned = statusOf('aligned');
    const l1 = { ...aligned.heads.l1!, timestamp: NOW / 1000 - age };
    const status = {
      ...aligned,
      node: { ...aligned.node, mode: 'drive' as const },
      heads: { ...aligned.heads, l1 },
    };
    expect(states(status)['l1_head_fresh']).toBe(state);
    expect(states({ ...status, node: { ...status.node, mode: 'devnet' } })['l1_head_fresh']).toBe('skip');
  });

  it.each([
    [601, 'pass'],
    [599, 'warn'],
    [-1, 'fail'],
  ] as const)('a message with %i s left is %s', (left, state) => {
    const status = statusOf('leading');
    const deadline = NOW + left * 1_000;
    const message = { ...status.sequencer!.messages[0]!, deadline, warnAt: deadline - 600_000 };
    expect(
      states({ ...status, sequencer: { ...status.sequencer!, messages: [message] } })['l1_messages'],
    ).toBe(state);
  });

  it.each([
    [2_966, '49 m left'],
    [120, '2 m left'],
    [119, '119.0 s left'],
    [-300, '5 m late'],
  ] as const)('tell of %i s that a message has: %s', (left, value) => {
    const status = statusOf('leading');
    const message = { ...status.sequencer!.messages[0]!, deadline: NOW + left * 1_000 };
    const checks = checksOf({ ...status, sequencer: { ...status.sequencer!, messages: [message] } }, NOW);
    expect(checks.find(({ id }) => id === 'l1_messages')?.value).toBe(value);
  });

  it('warn of a webhook that fails, and for a day of an event that nobody took', () => {
    const hook = { host: 'sink.example', pending: 1, lastDeliveredAt: null, failing: null, dead: [] };
    const of = (webhook: StatusView['webhook'], now = NOW) =>
      states(statusOf('aligned', { webhook }), now)['webhook'];
    expect(of(null)).toBe('skip');
    expect(of(hook)).toBe('pass');
    expect(of({ ...hook, failing: { seq: 1, tries: 2, message: 'it answered 500' } })).toBe('warn');
    const dead = [{ seq: 1, kind: 'reorg.detected', at: NOW, gaveUpAt: NOW, message: 'it answered 500' }];
    expect(of({ ...hook, dead }, NOW + 3_600_000)).toBe('warn');
    expect(of({ ...hook, dead }, NOW + 25 * 3_600_000)).toBe('pass');
  });

  it('say the seconds that a dependency is given', () => {
    const limits = Object.fromEntries(checksOf(statusOf('aligned'), NOW).map(({ id, limit }) => [id, limit]));
    expect(limits['l1_answers']).toBe('warn > 24 s, twice the poll interval');
    expect(limits['engine_answers']).toBe('warn > 8 s, twice the poll interval');
    expect(limits['driver_steps']).toBe('warn > 8 s, twice the poll interval');
  });

  it('warn of a driver that steps later than it should, before it counts as lost', () => {
    const status = statusOf('aligned');
    expect(states(status, NOW + 9_000)['driver_steps']).toBe('warn');
  });
});
