import { expect, it } from 'vitest';
import { Funds } from './funds.ts';
import type { InFlight } from './submitter.ts';

const block = (number: number) => ({ number, hash: `0x${String(number).padStart(64, '0')}` as const });
const flight = (blobs: number): InFlight =>
  ({
    gas: 100n,
    fees: { maxFeePerGas: 7n, maxPriorityFeePerGas: 1n, maxFeePerBlobGas: blobs === 0 ? null : 2n },
    call: { blobs: Array.from({ length: blobs }, () => new Uint8Array()) },
  }) as unknown as InFlight;

it('a balance pays for as many batches as the newest one costs at most, blobs included', async () => {
  let asked = 0;
  const funds = new Funds({ account: { balance: async () => BigInt(7_000 * ++asked) } });
  expect(funds.view()).toEqual({ balance: null, batches: null });
  await funds.step(block(1), null);
  expect(funds.view()).toEqual({ balance: 7_000n, batches: null });
  await funds.step(block(1), flight(0));
  expect(funds.view()).toEqual({ balance: 7_000n, batches: 10 });
  // The cost of the last one holds while none is on its way.
  await funds.step(block(2), null);
  expect(funds.view()).toEqual({ balance: 14_000n, batches: 20 });
  await funds.step(block(2), flight(1));
  expect(funds.view().batches).toBe(0);
  expect(asked).toBe(2);
});
