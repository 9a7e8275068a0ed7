import { expect, test } from 'vitest';
import type { TransactionPool } from './ports.ts';
import { spreadingPool } from './spreadingPool.ts';

const tx = (number: number): Uint8Array => Uint8Array.of(number);

/** Notes what it is offered; `answer` may refuse it, be silent, or keep it waiting. */
function pool(answer: (number: number) => Promise<void> = async () => {}) {
  const offered: number[] = [];
  const self: TransactionPool = {
    offer: (transaction) => {
      offered.push(transaction[0]!);
      return answer(transaction[0]!);
    },
  };
  return { self, offered };
}
const settled = () => new Promise((resolve) => setImmediate(resolve));

test('every pool is offered everything, in order, and a refusal by a peer is its own affair', async () => {
  const own = pool();
  const peer = pool(async (number) => {
    if (number === 1) throw Object.assign(new Error('already known'), { code: -32000 });
  });
  const spread = spreadingPool(own.self, [peer.self]);
  for (const number of [1, 2, 3]) await spread.offer(tx(number));
  await settled();
  expect([own.offered, peer.offered]).toEqual([
    [1, 2, 3],
    [1, 2, 3],
  ]);
});

test('the own pool’s refusal is the answer', async () => {
  const own = pool(async () => {
    throw new Error('nonce too low');
  });
  await expect(spreadingPool(own.self, [pool().self]).offer(tx(1))).rejects.toThrow('nonce too low');
});

test('nobody waits for a peer, and one that is silent is not asked for the rest', async () => {
  let fail: (error: Error) => void = () => {};
  const own = pool();
  const silent = pool(() => new Promise((_, reject) => (fail = reject)));
  const spread = spreadingPool(own.self, [silent.self]);
  for (const number of [1, 2, 3]) await spread.offer(tx(number));
  expect(own.offered).toEqual([1, 2, 3]);
  fail(new Error('timeout'));
  await settled();
  expect(silent.offered).toEqual([1]);
  await spread.offer(tx(4));
  expect(silent.offered).toEqual([1, 4]);
});
