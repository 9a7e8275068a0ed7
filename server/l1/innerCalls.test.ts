import { describe, expect, it } from 'vitest';
import { toHex } from '../protocol/bytes.ts';
import type { Address } from '../protocol/refs.ts';
import { callsTo } from './innerCalls.ts';

const PROPOSER: Address = `0x${'0c'.repeat(20)}`;
const CONTRACT: Address = `0x${'c0'.repeat(20)}`;

describe('a call trace', () => {
  const call = (to: string, input: string, more: object = {}) => ({ type: 'CALL', to, input, ...more });

  it('gives the calls to the contract that stand, in order, however deep', () => {
    const trace = call(CONTRACT, '0x', {
      calls: [
        call(PROPOSER.toUpperCase().replace('0X', '0x'), '0x01'),
        call(PROPOSER, '0x02', { error: 'execution reverted' }),
        call(CONTRACT, '0x', { error: 'out of gas', calls: [call(PROPOSER, '0x03')] }),
        call(CONTRACT, '0x', { calls: [call(PROPOSER, '0x04')] }),
        { type: 'DELEGATECALL', to: PROPOSER, input: '0x05' },
        { type: 'STATICCALL', to: PROPOSER, input: '0x06' },
      ],
    });
    expect(callsTo(PROPOSER, trace).map(toHex)).toEqual(['0x01', '0x04']);
  });

  it.each([
    ['no object', null],
    ['calls that are no list', call(CONTRACT, '0x', { calls: 'many' })],
    ['input that is no hex', call(PROPOSER, 'zz')],
    [
      'a chain of calls too deep',
      Array.from({ length: 100 }).reduce(
        (inner) => call(CONTRACT, '0x', { calls: [inner] }),
        call(CONTRACT, '0x'),
      ),
    ],
    [
      'too many calls',
      call(CONTRACT, '0x', { calls: Array.from({ length: 10_001 }, () => call(CONTRACT, '0x')) }),
    ],
    [
      'too much call data',
      call(CONTRACT, '0x', {
        calls: Array.from({ length: 5 }, () => call(PROPOSER, `0x${'00'.repeat(1024 * 1024)}`)),
      }),
    ],
  ])('with %s is a bad answer', (_, trace) => {
    expect(() => callsTo(PROPOSER, trace)).toThrow(expect.objectContaining({ code: 'bad_answer' }));
  });
});
