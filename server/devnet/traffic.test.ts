import { parseTransaction } from 'viem';
import { describe, expect, test } from 'vitest';
import { ManualClock } from '../lib/clock.ts';
import type { JsonRpc } from '../sequencer/ports.ts';
import { DEV_COUNTER, DEV_TOKEN, DEVNET_L2_CHAIN_ID, devAccounts } from './genesis.ts';
import { type Depositor, Traffic } from './traffic.ts';

class Pool implements JsonRpc {
  readonly raw: string[] = [];
  refuse = false;
  async request(method: string, params: readonly unknown[]): Promise<unknown> {
    if (method === 'eth_gasPrice') return '0x3b9aca00';
    if (method === 'eth_getTransactionCount') return '0x7';
    if (this.refuse) throw new Error('pool is full');
    this.raw.push(String(params[0]));
    return '0x';
  }
}

const accounts = devAccounts(3);

async function traffic(over: { seed?: number; perSecond?: number; bridge?: boolean } = {}) {
  const clock = new ManualClock();
  const l2 = new Pool();
  const deposits: bigint[] = [];
  const options = { seed: over.seed ?? 1, perSecond: over.perSecond ?? 10, depositEvery: 5 };
  const bridge: Depositor = {
    deposit: async (_, value) => {
      deposits.push(value);
      return '0x';
    },
  };
  const unit = new Traffic(
    { ...options, l2ChainId: DEVNET_L2_CHAIN_ID, accounts },
    {
      clock,
      l2,
      bridge: over.bridge === false ? null : bridge,
    },
  );
  await unit.step();
  const run = async (seconds: number): Promise<void> => {
    for (; seconds > 0; seconds--) {
      await clock.advance(1_000);
      await unit.step();
    }
  };
  return { clock, l2, deposits, unit, run };
}

describe('traffic', () => {
  test('keeps its rate, and every fifth transaction is a deposit', async () => {
    const { l2, deposits, unit, run } = await traffic();
    await run(5);
    expect(l2.raw).toHaveLength(40);
    expect(deposits).toHaveLength(10);
    const { sent, failed } = unit.status();
    expect(Object.values(sent).reduce((sum, count) => sum + count)).toBe(50);
    expect(failed).toBe(0);
    for (const count of Object.values(sent)) expect(count).toBeGreaterThan(0);
  });

  test('the same seed sends the same transactions, another seed others', async () => {
    const runs = await Promise.all([traffic(), traffic(), traffic({ seed: 2 })]);
    for (const { run } of runs) await run(3);
    const [one, two, other] = runs.map(({ l2 }) => l2.raw);
    expect(one).toEqual(two);
    expect(one).not.toEqual(other);
  });

  test('each account’s nonces follow one another', async () => {
    const { l2, run } = await traffic({ bridge: false });
    await run(4);
    const parsed = l2.raw.map((raw) => parseTransaction(raw as `0x02${string}`));
    expect(parsed).toHaveLength(40);
    // Nonce 7 is where each of the three accounts starts.
    const starts = parsed.filter(({ nonce }) => nonce === 7).length;
    expect(starts).toBe(3);
    const targets = new Set(parsed.map(({ to }) => to?.toLowerCase()));
    expect(targets).toContain(DEV_TOKEN);
    expect(targets).toContain(DEV_COUNTER);
  });

  test('what a pool lost is sent again: later nonces would wait behind the gap for ever', async () => {
    const { l2, run } = await traffic({ bridge: false });
    const firsts = () => l2.raw.filter((raw) => parseTransaction(raw as `0x02${string}`).nonce === 7).length;
    await run(9);
    expect(firsts()).toBe(3);
    await run(8);
    expect(firsts()).toBe(6);
  });

  test('a refusal is counted and shown, and the nonce is read again', async () => {
    const { l2, unit, run } = await traffic();
    l2.refuse = true;
    await run(1);
    expect(unit.status()).toMatchObject({ failed: 8, lastError: 'pool is full' });
    l2.refuse = false;
    await run(1);
    expect(unit.status().failed).toBe(8);
    expect(l2.raw).toHaveLength(8);
  });

  test('a long pause is not made up for', async () => {
    const { l2, deposits, clock, unit } = await traffic();
    await clock.advance(3_600_000);
    await unit.step();
    expect(l2.raw.length + deposits.length).toBe(64);
  });

  test('a rate of zero sends nothing', async () => {
    const { l2, run } = await traffic({ perSecond: 0 });
    await run(3);
    expect(l2.raw).toEqual([]);
  });
});
