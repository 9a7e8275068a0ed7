import { afterEach, expect, test } from 'vitest';
import { type RpcAnswer, rpcScript, type ScriptedHttp, scriptedHttp } from '../testing/scriptedHttp.ts';
import { ObservedNode } from './observedNode.ts';

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

const HASH = `0x${'ab'.repeat(32)}`;

async function nodeThat(
  answer: (method: string) => RpcAnswer,
): Promise<{ node: ObservedNode; server: ScriptedHttp }> {
  const server = await scriptedHttp(rpcScript(({ method }) => answer(method)));
  const health = await scriptedHttp(({ path }) =>
    path === '/health'
      ? { kind: 'text', status: 503, body: '{"l1_committer":"stopped"}' }
      : { kind: 'text', status: 404, body: '' },
  );
  const node = new ObservedNode({ url: server.url, healthUrl: `${health.url}/health` });
  open.push(
    () => node.close(),
    () => server.close(),
    () => health.close(),
  );
  return { node, server };
}

test('ethrex: its batch counter, a batch as it writes one, and its health', async () => {
  const { node } = await nodeThat((method) =>
    method === 'ethrex_batchNumber'
      ? { result: '0x2a' }
      : {
          result: {
            number: 42,
            first_block: 100,
            last_block: 120,
            state_root: HASH,
            blobs_bundle: {},
            commit_tx: null,
          },
        },
  );
  expect(await node.batchNumber()).toBe(42);
  expect(await node.batch(42)).toEqual({ number: 42, firstBlock: 100, lastBlock: 120, stateRoot: HASH });
  expect(await node.health()).toEqual({ ok: false, detail: 'HTTP 503: {"l1_committer":"stopped"}' });
});

test('a batch that ethrex does not have is null, in whatever way it says so', async () => {
  for (const answer of [{ result: null }, { error: { code: -32000, message: 'Batch not found' } }]) {
    const { node } = await nodeThat(() => answer);
    expect(await node.batch(7)).toBeNull();
  }
});

test('another node is asked for batches once, and never again', async () => {
  const { node, server } = await nodeThat(() => ({ error: { code: -32601, message: 'no such method' } }));
  expect(await node.batchNumber()).toBeNull();
  expect(await node.batchNumber()).toBeNull();
  expect(server.requests).toHaveLength(1);
});

test('a health endpoint that is not there is said to be, with no key of its URL', async () => {
  const node = new ObservedNode({
    url: 'http://127.0.0.1:9',
    healthUrl: 'http://127.0.0.1:9/health?key=s3cr3t',
  });
  open.push(() => node.close());
  const health = await node.health();
  expect(health).toMatchObject({ ok: false });
  expect(health?.detail).not.toContain('s3cr3t');
});
