import { expect, it } from 'vitest';
import { FakeRollupL1 } from '../testing/fakeRollupL1.ts';
import { MessageDeadlines } from './messageDeadlines.ts';

const world = () => {
  const l1 = new FakeRollupL1();
  const deadlines = new MessageDeadlines({ contracts: l1 });
  const look = async () => deadlines.step(await l1.snapshot());
  const deposit = (many: number) => {
    for (let i = 0; i < many; i++) l1.deposit(BigInt(i + 1));
    return l1.mine();
  };
  return { l1, deadlines, look, deposit };
};

it('each unincluded message has the deadline that the bridge gives it, in queue order', async () => {
  const { l1, deadlines, look, deposit } = world();
  const first = deposit(1);
  const second = deposit(2);
  await look();
  const { listed, maxWait } = deadlines.view();
  expect(maxWait).toBe(3_000);
  expect(listed.map(({ deadline }) => deadline)).toEqual([
    first.timestamp + 3_000,
    second.timestamp + 3_000,
    second.timestamp + 3_000,
  ]);
  expect(listed.map(({ hash }) => hash)).toEqual((await l1.snapshot()).pendingMessages);
  expect(listed.every(({ included }) => !included)).toBe(true);
});

it('one deadline a message is read, and only the first is read again', async () => {
  const { l1, look, deposit } = world();
  deposit(5);
  await look();
  expect(l1.deadlinesAsked).toBe(5);
  await look();
  expect(l1.deadlinesAsked).toBe(5);
  l1.mine();
  await look();
  expect(l1.deadlinesAsked).toBe(6);
});

it('a long queue is not read to its end', async () => {
  const { l1, deadlines, look, deposit } = world();
  deposit(400);
  await look();
  expect(deadlines.view().listed).toHaveLength(16);
  expect(l1.deadlinesAsked).toBe(16);
});

it('an L1 reorg that sends the messages anew gives them new deadlines', async () => {
  const { l1, deadlines, look, deposit } = world();
  deposit(3);
  await look();
  const before = deadlines.view().listed;
  l1.reorg(1, 'lost');
  l1.mine();
  deposit(3);
  await look();
  const after = deadlines.view().listed;
  expect(after.map(({ hash }) => hash)).toEqual(before.map(({ hash }) => hash));
  for (const [index, { deadline }] of after.entries())
    expect(deadline).toBeGreaterThan(before[index]!.deadline);
});

it('a failed look is made up for at the next, on the same L1 head', async () => {
  const { l1, deadlines, look, deposit } = world();
  deposit(1);
  l1.failDeadlines = true;
  await expect(look()).rejects.toThrow('no answer');
  await look();
  expect(deadlines.view().listed).toHaveLength(1);
});

it('without messages nothing is asked', async () => {
  const { l1, deadlines, look } = world();
  await look();
  expect([l1.deadlinesAsked, deadlines.view()]).toEqual([0, { listed: [], maxWait: null }]);
});
