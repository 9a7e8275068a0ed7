import { describe, expect, it } from 'vitest';
import { INITIAL_STATE } from '../../driver/state.ts';
import { chainFacts } from '../../status/chainFacts.ts';
import { world } from '../../testing/driverWorld.ts';
import { rollupNodeStatus, syncStatus } from './ecosystem.ts';
import { answerRpc, answerRpcRequest, MAX_RPC_BATCH } from './jsonRpc.ts';

const COMMITS = { c: 'ABC', e: 'ABCDE', g: 'ABCDEFG' };
const ZERO = `0x${'00'.repeat(32)}`;

async function settled() {
  const w = world('abcdefgh', COMMITS);
  w.l1.finalize('abcd');
  await w.settle();
  return { w, facts: chainFacts(w.driver.state) };
}

const fields = (value: object): Record<string, string> =>
  Object.fromEntries(Object.entries(value).map(([name, one]) => [name, typeof one]));

describe('optimism_syncStatus', () => {
  it('has the fields of op-node’s SyncStatus, older and newer, and each reference the fields of its kind', async () => {
    const { facts } = await settled();
    const status = syncStatus(facts);
    const l1 = ['current_l1', 'current_l1_finalized', 'head_l1', 'safe_l1', 'finalized_l1'] as const;
    const l2 = [
      'unsafe_l2',
      'safe_l2',
      'finalized_l2',
      'pending_safe_l2',
      'cross_unsafe_l2',
      'local_safe_l2',
      'queued_unsafe_l2',
    ] as const;
    expect(Object.keys(status).sort()).toEqual([...l1, ...l2].sort());
    const ref = { hash: 'string', number: 'number', parentHash: 'string', timestamp: 'number' };
    for (const name of l1) expect(fields(status[name])).toEqual(ref);
    for (const name of l2) {
      expect(fields(status[name])).toEqual({ ...ref, l1origin: 'object', sequenceNumber: 'number' });
      expect(fields(status[name].l1origin)).toEqual({ hash: 'string', number: 'number' });
    }
  });

  it('tells the heads, their parents and the L1 block that confirms each', async () => {
    const { w, facts } = await settled();
    const status = syncStatus(facts);
    const { heads, labels, position } = w.driver.state;
    expect(status.head_l1).toEqual({
      hash: heads!.latest.hash,
      number: 7,
      parentHash: heads!.latest.parentHash,
      timestamp: heads!.latest.timestamp,
    });
    expect(status.current_l1).toEqual(status.head_l1);
    expect(status.safe_l2).toMatchObject({
      number: 6,
      hash: labels!.safe!.hash,
      parentHash: labels!.safe!.parentHash,
    });
    expect(status.safe_l2.l1origin).toEqual({ number: 6, hash: position!.origin!.hash });
    // Batch 3 of L1 block 6 holds the L2 blocks 5 and 6.
    expect(status.safe_l2.sequenceNumber).toBe(1);
    expect(status.finalized_l2.number).toBe(2);
    expect(status.finalized_l2.l1origin).toEqual({
      number: status.current_l1_finalized.number,
      hash: status.current_l1_finalized.hash,
    });
  });

  it('is zeroed where nothing is known yet, as op-node’s is', () => {
    const status = syncStatus(chainFacts(INITIAL_STATE));
    expect(status.head_l1).toEqual({ hash: ZERO, number: 0, parentHash: ZERO, timestamp: 0 });
    expect(status.unsafe_l2.l1origin).toEqual({ hash: ZERO, number: 0 });
  });

  it('gives an unsafe block no L1 origin that it does not have', async () => {
    const { w } = await settled();
    const labels = w.driver.state.labels!;
    const ahead = { ...labels.latest, number: 7, hash: `0x${'77'.repeat(32)}` as const };
    const { unsafe_l2 } = syncStatus(chainFacts({ ...w.driver.state, labels: { ...labels, latest: ahead } }));
    expect(unsafe_l2).toMatchObject({ number: 7, l1origin: { hash: ZERO, number: 0 }, sequenceNumber: 0 });
  });
});

describe('rollupNode_status', () => {
  it('has the shape of Scroll’s ChainOrchestratorStatus, fork choice flattened', async () => {
    const { w, facts } = await settled();
    const safe = w.driver.state.labels!.safe!;
    expect(rollupNodeStatus(facts)).toEqual({
      l1: { status: 'Synced', latest: 7, finalized: 3, processed: 7 },
      l2: {
        status: 'Synced',
        head: { number: 6, hash: safe.hash },
        safe: { number: 6, hash: safe.hash },
        finalized: { number: 2, hash: expect.stringMatching(/^0x/) },
      },
      derivation: { state: 'idle' },
    });
  });

  it('says Synced only while every L1 block up to the head is derived', async () => {
    expect(rollupNodeStatus(chainFacts(INITIAL_STATE)).l1.status).toBe('Syncing');
    const w = world('abcde', { c: 'ABC', e: '!ABCDE' });
    await w.settle();
    expect(rollupNodeStatus(chainFacts(w.driver.state))).toMatchObject({
      l2: { status: 'Syncing' },
      derivation: { state: 'deriving', queued: 1 },
    });
  });
});

describe('JSON-RPC', () => {
  const deps = { chain: chainFacts(INITIAL_STATE), software: 'plumbline/1' };
  const version = { jsonrpc: '2.0', method: 'optimism_version', id: 1 };
  const ask = (body: unknown, over: Partial<typeof deps> | { chain: null } = {}) =>
    answerRpc(typeof body === 'string' ? body : JSON.stringify(body), { ...deps, ...over });
  const error = (code: number, id: unknown = null) => ({
    jsonrpc: '2.0',
    id,
    error: { code, message: expect.any(String) },
  });

  it.each<[string, unknown, unknown]>([
    ['a call', version, { jsonrpc: '2.0', result: 'plumbline/1', id: 1 }],
    ['an id that is text', { ...version, id: 'a' }, { jsonrpc: '2.0', result: 'plumbline/1', id: 'a' }],
    ['an id that is null', { ...version, id: null }, { jsonrpc: '2.0', result: 'plumbline/1', id: null }],
    ['empty parameters', { ...version, params: [] }, { jsonrpc: '2.0', result: 'plumbline/1', id: 1 }],
    ['no JSON', '{"jsonrpc": "2.0", "method": "optimism_version, "params": "bar"', error(-32700)],
    ['an empty batch', [], error(-32600)],
    ['a batch of what are no calls', [1, 2], [error(-32600), error(-32600)]],
    ['an unknown method', { ...version, method: 'optimism_rollupConfig' }, error(-32601, 1)],
    ['a name from the prototype', { ...version, method: 'constructor' }, error(-32601, 1)],
    ['parameters where none are taken', { ...version, params: ['0x1'] }, error(-32602, 1)],
    ['another version', { ...version, jsonrpc: '1.0' }, error(-32600, 1)],
    ['an id that is an object', { ...version, id: {} }, error(-32600)],
    ['a notification', { jsonrpc: '2.0', method: 'optimism_version' }, null],
    ['a batch of notifications', [{ jsonrpc: '2.0', method: 'optimism_version' }], null],
    [
      'a mixed batch',
      [
        version,
        { jsonrpc: '2.0', method: 'optimism_version' },
        { foo: 'boo' },
        { ...version, method: 'x', id: '5' },
      ],
      [{ jsonrpc: '2.0', result: 'plumbline/1', id: 1 }, error(-32600), error(-32601, '5')],
    ],
    [
      'more calls than a batch may hold',
      Array.from({ length: MAX_RPC_BATCH + 1 }, () => version),
      error(-32600),
    ],
  ])('%s', (_, body, expected) => {
    expect(ask(body)).toEqual(expected);
  });

  it('without a node every method says so', () => {
    expect(ask({ ...version, method: 'optimism_syncStatus' }, { chain: null })).toEqual(error(-32000, 1));
  });

  it('over HTTP takes JSON alone, and answers nothing to notifications', async () => {
    const post = (type: string, body: unknown) =>
      answerRpcRequest(
        new Request('http://node/', {
          method: 'POST',
          headers: { 'content-type': type },
          body: JSON.stringify(body),
        }),
        deps,
      );
    expect((await post('text/plain', version)).status).toBe(415);
    expect((await post('application/json; charset=utf-8', version)).status).toBe(200);
    expect((await post('application/json', { jsonrpc: '2.0', method: 'x' })).status).toBe(204);
  });
});
