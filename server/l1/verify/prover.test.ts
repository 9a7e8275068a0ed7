import { expect, it } from 'vitest';
import { PROVABLE_PROPOSER, ProvableNode, provableChain } from '../../testing/provableL1.ts';
import type { RpcCall, RpcOutcome } from '../jsonRpc.ts';
import { L1Error } from '../l1.ts';
import { Prover } from './prover.ts';

it('receipts by block are asked for again after a while, ever more rarely where there are none', async () => {
  const node = new ProvableNode(await provableChain());
  const asked: string[] = [];
  let busy = true;
  const answer = (call: RpcCall): RpcOutcome => {
    asked.push(call.method);
    if (busy && call.method === 'eth_getBlockReceipts') {
      return { ok: false, error: new L1Error('rpc_error', call.method, 'too much to do') };
    }
    return {
      ok: true,
      result: (node.answer({ id: 1, ...call }) as { result: unknown }).result,
    };
  };
  const prover = new Prover({
    rpc: { batch: async (calls) => calls.map(answer) },
    contract: PROVABLE_PROPOSER,
  });
  const { number, hash } = node.head;
  /** Reads block 3, which holds a commit that was not shown. */
  const block = async (): Promise<number> => {
    asked.length = 0;
    const read = prover.requireNoOthers({ from: 3, to: 3, pinned: { number, hash } }, []);
    await expect(read).rejects.toMatchObject({ rule: 'log_hidden' });
    return asked.filter((method) => method === 'eth_getBlockReceipts').length;
  };
  const cheap: number[] = [];
  for (let index = 0; index < 32; index++) if ((await block()) > 0) cheap.push(index);
  expect(cheap).toEqual([0, 5, 14, 31]);
  busy = false;
  for (let index = 0; index < 32; index++) await block();
  expect([await block(), asked.includes('eth_getTransactionReceipt')]).toEqual([1, false]);
});
