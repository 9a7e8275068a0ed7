import { expect, it } from 'vitest';
import { schemaProblem } from './engineSchemas.ts';

const hash = `0x${'12'.repeat(32)}`;
const state = { headBlockHash: hash, safeBlockHash: hash, finalizedBlockHash: hash };
const answer = { result: { payloadStatus: { status: 'VALID', latestValidHash: hash }, payloadId: null } };
const check = (params: unknown, answered: unknown) =>
  schemaProblem('engine_forkchoiceUpdatedV3', params, answered);

it('takes what is described, and nothing of other namespaces', () => {
  expect(check([state, null], answer)).toBeNull();
  expect(schemaProblem('eth_chainId', 'anything', {})).toBeNull();
});

it.each<[string, unknown, unknown]>([
  ['a hash of another length', [{ ...state, safeBlockHash: '0x12' }, null], answer],
  ['a field more', [{ ...state, label: '0x' }, null], answer],
  ['a parameter less', [state], answer],
  ['a quantity with a leading zero', [state, { timestamp: '0x01' }], answer],
  [
    'a status that is not for this method',
    [state, null],
    { result: { payloadStatus: { status: 'ACCEPTED' } } },
  ],
  ['an answer without its status', [state, null], { result: {} }],
  ['an error code of nobody', [state, null], { error: { code: -1, message: 'no' } }],
])('refuses %s', (_, params, answered) => {
  expect(check(params, answered)).not.toBeNull();
});

it('refuses a method that no table has', () => {
  expect(schemaProblem('engine_newPayloadV9', [], {})).toContain('in no table');
});
