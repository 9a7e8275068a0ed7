import { describe, expect, test } from 'vitest';
import { isRateRefusal, RANGE_WORDINGS, rangeRefusal } from './refusals.ts';

/** Refusals as providers send them, and the number of blocks that each one says it takes. */
const RANGE: readonly [message: string, blocks: number | null][] = [
  ['query returned more than 10000 results. Try with this block range [0x1, 0x20].', 32],
  ['Query returned more than 10000 results. Try with this block range [0x100,0x1ff].', 256],
  ['Log response size exceeded. Based on your parameters, this block range should work: [0x0, 0x1f]', 32],
  ['You can make eth_getLogs requests with up to a 2K block range and no limit on the response size', 2_000],
  ['Under the free tier plan you can make eth_getLogs requests with up to a 10 block range.', 10],
  ['up to a 5000 block range', 5_000],
  ['eth_getLogs is limited to a 10,000 range', 10_000],
  ['eth_getLogs is limited to a 5 range - upgrade from free tier', 5],
  ['eth_getLogs is limited to 1024 block range. Please check the parameter requirements', 1_024],
  ['requested too many blocks from 0 to 16777216, maximum is set to 2048', 2_048],
  ['Max range: 800', 800],
  ['Maximum allowed number of requested blocks is 1000', 1_000],
  ['exceeds the range allowed for your plan (5000 > 3000)', 3_000],
  ['please limit the query to at most 1,000 blocks', 1_000],
  ['exceed maximum block range: 50000', 50_000],
  ['exceeds maximum block range: 5000', 5_000],
  ['query exceeds max block range 1000', 1_000],
  ['block range greater than 2000 max', 2_000],
  ['block range exceeds 1000', 1_000],
  ['eth_getLogs range is too large, max is 1k blocks', 1_000],
  ['eth_getLogs range is too large, max is 10k blocks', 10_000],
  ['query must be smaller than size 1024', 1_024],
  ['block range is too wide (maximum 1024)', 1_024],
  ['maximum [from, to] blocks distance: 2000', 2_000],
  ['Exceeded max range limit for eth_getLogs: 1000', 1_000],
  ['ranges over 10000 blocks are not supported on freetier', 10_000],
  ['exceed max block range: 5000', 5_000],
  ['block range is too wide', null],
  ['block range too large', null],
  ['Block range is too large', null],
  ['backend response too large', null],
  ['no backend is currently healthy to serve traffic', null],
  ['logs matched by query exceeds limit of 10000', null],
  ['Block range limit exceeded. See more details at the documentation', null],
  ['Response size should not greater than 10000000 bytes', null],
  ['query returned more than 10000 results', null],
  ['query exceeds max results 20000, retry with the range 0-100', null],
  ['Response size is larger than 150MB limit', null],
  ['query exceeds limit of 20000 logs', null],
  ['query timeout exceeded', null],
  ['Please narrow down your range', null],
  ['response is too big', null],
  ['range between fromBlock and toBlock is bigger than allowed', null],
];

const RATE: readonly string[] = [
  'rate limit reached',
  'Too Many Requests',
  'Your app has exceeded its compute units per second capacity',
  'exceeded the throughput of your plan',
  'daily request count exceeded, request rate limited',
  'project has used its daily quota',
  'capacity limit exceeded',
  'please slow down',
];

describe('refusals are told by their words', () => {
  test.each(RANGE)('range: %s', (message, blocks) => {
    expect(rangeRefusal(message)).toEqual({ blocks });
  });

  test('that is at least the 34 wordings of known providers, and each pattern earns its place', () => {
    expect(RANGE.length).toBeGreaterThanOrEqual(34);
    expect(RANGE_WORDINGS.length).toBeGreaterThanOrEqual(34);
  });

  test.each(RATE)('rate: %s', (message) => {
    expect(isRateRefusal(message)).toBe(true);
  });

  test.each([
    'execution reverted',
    'header not found',
    'missing trie node 12ab (path ) state 0x1 is not available',
    'Unknown block',
    'method not found',
    'invalid argument 0: hex string has length 3',
  ])('neither: %s', (message) => {
    expect(rangeRefusal(message)).toBeNull();
    expect(isRateRefusal(message)).toBe(false);
  });
});
