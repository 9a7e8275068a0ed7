import { afterEach, describe, expect, it } from 'vitest';
import { startAnvil } from '../devnet/anvil.ts';
import { devAccounts, devnetGenesis } from '../devnet/genesis.ts';
import { openEmbeddedEngine } from '../engine/embedded/open.ts';
import type { Hash } from '../protocol/refs.ts';
import { Door } from '../testing/door.ts';
import { scriptedHttp } from '../testing/scriptedHttp.ts';
import { sequencerOnAnvil, WORLD_START } from '../testing/sequencerOnAnvil.ts';
import { messengerLogs, rawBlockSource, transactionPool } from './engineRpc.ts';
import { httpRpc } from './httpRpc.ts';
import { type L1ProviderState, l1Rpc } from './l1Rpc.ts';
import type { JsonRpc } from './ports.ts';

const undo: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of undo.reverse().splice(0)) await end();
});

type Answer = { readonly result: unknown } | { readonly code?: number | string; readonly message: string };
const AWAY: Answer = { message: 'fetch failed' };

/** Endpoints that answer as told, and what each was asked. */
function fixture(answers: readonly Answer[], states: readonly L1ProviderState[] = []) {
  const asked: string[] = [];
  const endpoints = answers.map(
    (answer, index): JsonRpc => ({
      request: async (method) => {
        asked.push(`${index} ${method}`);
        if ('result' in answer) return answer.result;
        throw Object.assign(new Error(answer.message), { code: answer.code });
      },
    }),
  );
  return { asked, rpc: l1Rpc(endpoints, () => states) };
}

const state = (name: string, current = false): L1ProviderState => ({ state: name, current });

describe('reads', () => {
  it('go to the endpoint that serves the node, then by the operator’s order, and never to one that was caught', async () => {
    const states = [state('failing'), state('benched'), state('good'), state('good', true)];
    const { asked, rpc } = fixture([{ result: 0 }, { result: 1 }, AWAY, AWAY], states);
    expect(await rpc.request('eth_call', [])).toBe(0);
    expect(asked).toEqual(['3 eth_call', '2 eth_call', '0 eth_call']);
  });

  it.each([
    AWAY,
    { code: 'http_503', message: 'the answer is not JSON' },
    { code: -32_005, message: 'limit exceeded' },
    { code: -32_000, message: 'header not found' },
    { code: -32_000, message: 'missing trie node 0x12' },
    { code: 429, message: 'slow down' },
  ])('go on where an endpoint does not know: %o', async (answer) => {
    expect(await fixture([answer, { result: 'found' }]).rpc.request('eth_call', [])).toBe('found');
  });

  it('stop at an answer, also one that says no', async () => {
    const { asked, rpc } = fixture([{ code: 3, message: 'execution reverted' }, { result: 1 }]);
    await expect(rpc.request('eth_estimateGas', [])).rejects.toMatchObject({ code: 3 });
    expect(asked).toHaveLength(1);
  });

  it('reject with the first failure where nobody answers, and ask all when all were caught', async () => {
    const { asked, rpc } = fixture([AWAY, { message: 'other' }], [state('benched'), state('wrong_chain')]);
    await expect(rpc.request('eth_call', [])).rejects.toThrow('fetch failed');
    expect(asked).toHaveLength(2);
  });
});

describe('a signed transaction', () => {
  const send = 'eth_sendRawTransaction';
  it('is handed to all that may be asked', async () => {
    const states = [state('good', true), state('wrong_chain'), state('good')];
    const { asked, rpc } = fixture([{ result: '0xaa' }, { result: '0xbb' }, { result: '0xaa' }], states);
    expect(await rpc.request(send, [])).toBe('0xaa');
    expect(asked).toEqual([`0 ${send}`, `2 ${send}`]);
  });

  it('is taken when one takes it, whatever the others say', async () => {
    const { rpc } = fixture([AWAY, { code: -32_000, message: 'nonce too low' }, { result: '0xaa' }]);
    expect(await rpc.request(send, [])).toBe('0xaa');
  });

  it('is refused in the words of a pool rather than of a lost connection', async () => {
    const { rpc } = fixture([AWAY, { code: -32_000, message: 'already known' }]);
    await expect(rpc.request(send, [])).rejects.toMatchObject({ code: -32_000, message: 'already known' });
    await expect(fixture([AWAY, AWAY]).rpc.request(send, [])).rejects.toThrow('fetch failed');
  });
});

it('a leader whose first L1 endpoint goes silent and then away commits each batch once, by the second', async () => {
  const genesis = devnetGenesis({ timestamp: WORLD_START / 1000 - 10 });
  const anvil = await startAnvil({ accounts: 4 });
  undo.push(() => anvil.stop());
  const engine = await openEmbeddedEngine({ genesis, l2Rules: true });
  undo.push(() => engine.engine.close());
  const l2: JsonRpc = { request: (method, params) => engine.rpc(method, params) };
  const first = (await l2.request('eth_getBlockByNumber', ['0x0', false])) as { stateRoot: Hash };
  const door = await Door.reserve();
  undo.push(() => door.shut());
  await door.open(anvil.url);
  const [near, far] = [door.url, anvil.url].map((url) => httpRpc(url, { timeoutMs: 500 })) as [
    JsonRpc,
    JsonRpc,
  ];
  const world = await sequencerOnAnvil({
    anvil,
    kzg: null,
    genesisStateRoot: first.stateRoot,
    engine: {
      engine: engine.engine,
      source: rawBlockSource(l2),
      pool: transactionPool(l2),
      outgoing: messengerLogs(l2),
    },
    l1: l1Rpc([near, far], () => []),
  });
  await world.until(2);
  // Connections are taken, and nothing is ever answered.
  const silent = await scriptedHttp(() => ({ kind: 'hang' }));
  undo.push(() => silent.close());
  await door.open(silent.url);
  await world.until(3);
  await door.shut();
  await world.until(5);
  const committer = devAccounts(2)[1]!.address;
  const sent = Number(await anvil.rpc<string>('eth_getTransactionCount', [committer, 'latest']));
  expect(sent).toBe((await world.contracts.snapshot()).lastCommittedBatch);
}, 120_000);
