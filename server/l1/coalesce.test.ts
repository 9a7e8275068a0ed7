import { describe, expect, test } from 'vitest';
import { CallCoalescer } from './coalesce.ts';
import type { RpcCall, RpcOutcome } from './jsonRpc.ts';
import { L1Error } from './l1.ts';

/** Answers each call with its first parameter; `fail` makes a call or a whole request fail. */
function fakeRpc(answer: (call: RpcCall) => RpcOutcome = ({ params }) => ({ ok: true, result: params[0] })) {
  const batches: number[] = [];
  const rpc = {
    batch: (calls: readonly RpcCall[]): Promise<readonly RpcOutcome[]> => {
      batches.push(calls.length);
      return Promise.resolve(calls.map(answer));
    },
  };
  return { rpc, batches };
}

describe('calls of one tick', () => {
  test('share a request, up to its size, and each gets its own answer', async () => {
    const { rpc, batches } = fakeRpc();
    const calls = new CallCoalescer(rpc, 4);
    const wanted = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
    expect(await Promise.all(wanted.map((n) => calls.call('m', [n])))).toEqual(wanted);
    expect(await calls.call('m', ['later'])).toBe('later');
    expect(batches).toEqual([4, 4, 2, 1]);
  });

  test('under different signals are not mixed, so that aborting one leaves the others', async () => {
    const { rpc, batches } = fakeRpc();
    const calls = new CallCoalescer(rpc, 100);
    const { signal } = new AbortController();
    await Promise.all([calls.call('m', [1], signal), calls.call('m', [2]), calls.call('m', [3], signal)]);
    expect(batches).toEqual([2, 1]);
  });

  test('fail one by one, or all when the request fails', async () => {
    const error = new L1Error('rpc_error', 'm', 'no');
    const { rpc } = fakeRpc(({ params }) =>
      params[0] === 1 ? { ok: false, error } : { ok: true, result: 'fine' },
    );
    const some = new CallCoalescer(rpc, 100);
    const settled = await Promise.allSettled([some.call('m', [1]), some.call('m', [2])]);
    expect(settled).toEqual([
      { status: 'rejected', reason: error },
      { status: 'fulfilled', value: 'fine' },
    ]);
    const down = new CallCoalescer({ batch: () => Promise.reject(error) }, 100);
    const all = await Promise.allSettled([down.call('m', [1]), down.call('m', [2])]);
    expect(all.map((outcome) => outcome.status)).toEqual(['rejected', 'rejected']);
  });
});
