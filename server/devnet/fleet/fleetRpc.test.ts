import { afterEach, expect, test } from 'vitest';
import type { Address } from '../../protocol/refs.ts';
import { type RpcAnswer, rpcScript, type ScriptedHttp, scriptedHttp } from '../../testing/scriptedHttp.ts';
import type { FleetNode } from './fleet.ts';
import { fleetRpc } from './fleetRpc.ts';

const open: ScriptedHttp[] = [];
afterEach(() => Promise.all(open.splice(0).map((server) => server.close())));

const address = (digit: number): Address => `0x${String(digit).repeat(40)}`;

async function node(
  digit: number,
  answer: RpcAnswer | 'silent',
): Promise<FleetNode & { asked: () => number }> {
  const server = await scriptedHttp(
    answer === 'silent' ? () => ({ kind: 'reset', body: '' }) : rpcScript(() => answer),
  );
  open.push(server);
  return {
    name: `node-${digit}`,
    sequencer: address(digit),
    dashboard: null,
    engineRpc: server.url,
    pid: 1,
    state: { kind: 'running', pid: 1, since: 0, ready: { dashboard: null, engine: server.url } },
    asked: () => server.requests.length,
  };
}
const rpcOf = (nodes: readonly FleetNode[], leads: number | null) =>
  fleetRpc({ nodes: () => nodes, leader: async () => (leads === null ? null : address(leads)) });

test('the leader is asked first, and another one when it is silent', async () => {
  const [one, two] = [await node(1, { result: '0x1' }), await node(2, { result: '0x2' })];
  expect(await rpcOf([one, two], 2).request('eth_blockNumber', [])).toBe('0x2');
  expect(one.asked()).toBe(0);
  const silent = await node(3, 'silent');
  expect(await rpcOf([silent, one], 3).request('eth_blockNumber', [])).toBe('0x1');
});

test('a refusal is an answer: nobody else is asked', async () => {
  const no = await node(1, { error: { code: -32_000, message: 'no' } });
  const yes = await node(2, { result: '0x2' });
  await expect(rpcOf([no, yes], 1).request('eth_call', [])).rejects.toMatchObject({ code: -32_000 });
  expect(yes.asked()).toBe(0);
});

test('a transaction goes to every node, and one that takes it is enough', async () => {
  const nodes = [
    await node(1, { error: { code: -32_000, message: 'nonce too low' } }),
    await node(2, { result: '0xaa' }),
    await node(3, 'silent'),
  ];
  expect(await rpcOf(nodes, 1).request('eth_sendRawTransaction', ['0x'])).toBe('0xaa');
  expect(nodes.map((each) => each.asked())).toEqual([1, 1, 1]);
  await expect(rpcOf(nodes.slice(0, 1), 1).request('eth_sendRawTransaction', ['0x'])).rejects.toMatchObject({
    code: -32_000,
  });
});

test('nodes that do not run are not asked', async () => {
  const one = await node(1, { result: '0x1' });
  const paused: FleetNode = { ...one, state: { kind: 'paused', pid: 1, since: 0 } };
  await expect(rpcOf([paused], 1).request('eth_blockNumber', [])).rejects.toThrow(
    'no node of the devnet runs',
  );
});
