import { expect, it } from 'vitest';
import { refusalOf } from './refusal.ts';

it('says what the server said, with its code', () => {
  const error = {
    message: 'Wait 9 s.',
    data: { code: 'TOO_MANY_REQUESTS', reason: 'cooldown', retryAfterMs: 9_000 },
  };
  expect(refusalOf(error)).toEqual({ code: 'cooldown', message: 'Wait 9 s.', retryAfterMs: 9_000 });
});

it('names the first thing that the server could not read', () => {
  const message = JSON.stringify([{ path: ['reason'], message: 'a reason of at least 3 characters' }]);
  expect(refusalOf({ message, data: { code: 'BAD_REQUEST', reason: null } }).message).toBe(
    'reason: a reason of at least 3 characters.',
  );
});

it.each([undefined, null, new TypeError('Failed to fetch'), 'x', { message: 'x' }])(
  'does not show what nobody wrote for people: %s',
  (error) => {
    expect(refusalOf(error)).toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining('did not answer'),
    });
  },
);

it('shows no message of an error that nobody foresaw', () => {
  const error = { message: 'at /home/x.ts', data: { code: 'INTERNAL_SERVER_ERROR', reason: null } };
  expect(refusalOf(error).message).toBe('The server could not answer this.');
});
