import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { world } from '../testing/driverWorld.ts';

/** The cases that the loop must get right (design/driver.md), each with the tests that hold it. */
const CASES: readonly (readonly [what: string, tests: readonly (readonly [file: string, test: string])[]])[] =
  [
    [
      '1 a stale answer is not a reorg',
      [
        ['driver.test.ts', 'an older head on our own branch is stale, not a reorg'],
        ['recovery.test.ts', 'is a lagging L1 node, not a reorg and no reason to halt'],
        ['faults.test.ts', 'faults of the L1 endpoint'],
      ],
    ],
    [
      '2 a reorg during a step',
      [
        ['driver.test.ts', 'survives a branch change in the middle of a step'],
        ['recovery.test.ts', 'does not lose the reorg when %s times out'],
      ],
    ],
    [
      '3 branches of every shape and depth',
      [
        ['driver.test.ts', "['before the first batch', 'abx']"],
        ['driver.test.ts', 'flip-flop ends where L1 ends'],
        ['driver.test.ts', 'finds at start the reorg that happened while it was away'],
        ['recovery.test.ts', 'goes back to the lowest ancestor when another reorg follows'],
        ['reorgDepths.anvil.test.ts', '%i deep is followed to the new branch'],
      ],
    ],
    [
      '4 past the finalized head',
      [
        ['driver.test.ts', 'halts, and writes nothing, when L1 leaves what it had called final'],
        ['resync.test.ts', 'halted'],
      ],
    ],
    [
      '5 VALID is not applied',
      [
        ['driver.test.ts', 'lowers only the safe label where the engine keeps its head'],
        ['rewind.test.ts', 'VALID without moving'],
      ],
    ],
    [
      '6 engine answers',
      [
        ['faults.test.ts', 'faults of the execution engine'],
        ['faults.test.ts', 'an update that the engine calls INVALID'],
      ],
    ],
    [
      '7 a committed batch that is wrong',
      [
        [
          'driver.test.ts',
          'block the position, keep the safe head, and are healed by an L1 reorg without help',
        ],
        ['driver.test.ts', 'include those that only the engine can refute'],
      ],
    ],
    [
      "8 a commit inside another contract's call",
      [
        ['../derivation/ethrexBased.test.ts', 'and without any blob the reason names what is wrong'],
        ['innerCommit.anvil.test.ts', 'is followed where L1 traces transactions'],
      ],
    ],
    [
      '9 several batches, and the same number again',
      [
        ['driver.test.ts', 'derives several batches of one L1 block'],
        ['driver.test.ts', 'follows the new branch to other contents of the same batch number'],
        ['cases.test.ts', 'two batches in one transaction are two batches'],
      ],
    ],
    ['10 shapes of commitBatch', [['../derivation/ethrexBased.test.ts', 'unknown_selector']]],
  ];

describe('each case of the loop has its tests', () => {
  it.each(CASES)('%s', (_, tests) => {
    for (const [file, test] of tests) {
      expect(readFileSync(join(import.meta.dirname, file), 'utf8').includes(test), `${file}: ${test}`).toBe(
        true,
      );
    }
  });
});

describe('one L1 transaction', () => {
  it('with two commits: two batches in one transaction are two batches, and one reorg takes both back', async () => {
    const w = world('abcdef', { c: 'AB', e: ['ABCD', 'ABCDEF'] });
    const real = w.l1.batchCommits.bind(w.l1);
    w.l1.batchCommits = async (...given) =>
      (await real(...given)).map((commit) => ({
        ...commit,
        transaction: {
          ...commit.transaction,
          hash: `0x${commit.l1Block.number.toString(16).padStart(64, '0')}`,
        },
      }));
    await w.settle();
    expect(w.driver.state.batches.map(({ batchNumber }) => batchNumber)).toEqual([1, 2, 3]);
    expect(await w.heads()).toBe('F / F / -');
    w.l1.switchTo('abcdxyz');
    await w.settle();
    expect(w.driver.state.reorgs.at(-1)).toMatchObject({ droppedBatches: [2, 3] });
    expect(await w.heads()).toBe('B / B / -');
  });
});
