import { describe, expect, test } from 'vitest';
import { RpcError } from '../httpRpc.ts';
import { LogRanges } from './logRanges.ts';

/** A node that has one item a block and takes ranges up to `most`. */
function node(most: number) {
  const asked: string[] = [];
  const limits = { most };
  const read = async (from: number, to: number): Promise<readonly number[]> => {
    asked.push(`${from}-${to}`);
    if (to - from + 1 > limits.most) throw new RpcError('eth_getLogs', -32005, 'too many');
    return Array.from({ length: to - from + 1 }, (_, index) => from + index);
  };
  return { asked, limits, read };
}

describe('ranges of logs', () => {
  test('a refused range is halved until it is taken, and what was learned is kept', async () => {
    const { asked, read } = node(2);
    const ranges = new LogRanges({ maxRange: 8 });
    expect(await ranges.all(1, 8, read)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(asked).toEqual(['1-8', '1-4', '1-2', '3-4', '5-6', '7-8']);
    asked.length = 0;
    await ranges.all(9, 12, read);
    expect(asked).toEqual(['9-10', '11-12']);
  });

  test('ranges grow again when they keep being taken, and never past what is configured', async () => {
    const { asked, limits, read } = node(1);
    const ranges = new LogRanges({ maxRange: 4 });
    await ranges.all(1, 4, read);
    limits.most = 100;
    asked.length = 0;
    expect(await ranges.all(5, 204, read)).toHaveLength(200);
    expect(asked).toContain('5-5');
    expect(
      asked.slice(-10).every((each) => Number(each.split('-')[1]) - Number(each.split('-')[0]) === 3),
    ).toBe(true);
  });

  test('a single block that is refused, and a node that is not there, end the read', async () => {
    await expect(new LogRanges({ maxRange: 4 }).all(1, 2, node(0).read)).rejects.toMatchObject({
      code: -32005,
    });
    let calls = 0;
    const gone = async (): Promise<readonly number[]> => {
      calls++;
      throw new TypeError('fetch failed');
    };
    await expect(new LogRanges({ maxRange: 4 }).all(1, 4, gone)).rejects.toThrow('fetch failed');
    expect(calls).toBe(1);
  });

  test('nothing is asked for when there is nothing to read', async () => {
    const { asked, read } = node(9);
    expect(await new LogRanges({ maxRange: 4 }).all(5, 4, read)).toEqual([]);
    expect(asked).toEqual([]);
  });
});
