import { numberToHex, toFunctionSelector } from 'viem';
import { afterEach, describe, expect, it } from 'vitest';
import { readRollupFacts } from './rollupFacts.ts';
import { SecretUrl } from './telemetry/secretUrl.ts';
import { type ScriptedAnswer, type ScriptedHttp, scriptedHttp } from './testing/scriptedHttp.ts';

const PROPOSER = `0x${'0c'.repeat(20)}` as const;
const BRIDGE = `0x${'0b'.repeat(20)}` as const;
const REGISTRY = `0x${'05'.repeat(20)}` as const;
const GENESIS = { chainId: 9, hash: `0x${'11'.repeat(32)}`, timestamp: 7 } as const;
const selector = (name: string): string => toFunctionSelector(`${name}()`);
const GETTERS = {
  [selector('CHAIN_ID')]: 9,
  [selector('lastCommittedBatch')]: 4,
  [selector('lastFetchedL1Block')]: 1_234,
  [selector('BATCHES_PER_SEQUENCER')]: 8,
};
type Reply = number | 'empty' | 'down';

const opened: ScriptedHttp[] = [];
afterEach(() => Promise.all(opened.splice(0).map((server) => server.close())));

/** An L1 whose getters answer as told; `empty` is an address without that function, `down` an HTTP 503. */
async function l1(changed: Record<string, Reply> = {}): Promise<string> {
  const replies: Record<string, Reply> = {
    ...GETTERS,
    ...Object.fromEntries(Object.entries(changed).map(([name, reply]) => [selector(name), reply])),
  };
  const server = await scriptedHttp(({ json }): ScriptedAnswer => {
    const { id, method, params } = json as { id: number; method: string; params: [{ data: string }] };
    const result = (value: string): ScriptedAnswer => ({
      kind: 'json',
      body: { jsonrpc: '2.0', id, result: value },
    });
    if (method === 'eth_chainId') return result('0x1');
    if (method === 'eth_syncing') {
      const syncing = changed['syncing'] === undefined ? false : { currentBlock: '0x0', highestBlock: '0x9' };
      return { kind: 'json', body: { jsonrpc: '2.0', id, result: syncing } };
    }
    const reply = replies[params[0].data] ?? 'empty';
    if (reply === 'down') return { kind: 'text', status: 503, body: 'overloaded' };
    return result(reply === 'empty' ? '0x' : numberToHex(reply, { size: 32 }));
  });
  opened.push(server);
  return server.url;
}

const facts = (...urls: string[]) =>
  readRollupFacts(
    {
      name: 'test',
      l1: {
        rpcUrls: urls.map((url) => SecretUrl.parse(url, ['http:'])!),
        agree: null,
        trust: null,
        genesisHash: null,
        wsUrl: null,
        beaconUrl: null,
        startBlock: null,
      },
      contracts: { onChainProposer: PROPOSER, sequencerRegistry: REGISTRY, bridge: BRIDGE },
    },
    GENESIS,
  );

describe('what the contracts say of a rollup', () => {
  it('is read from them: chain, first block, term', async () => {
    expect(await facts(await l1())).toMatchObject({
      l1ChainId: 1,
      l2ChainId: 9,
      l1StartBlock: 1_234,
      batchesPerSequencer: 8,
    });
  });

  it('has defaults where a contract lacks the getter', async () => {
    const url = await l1({ CHAIN_ID: 'empty', lastFetchedL1Block: 'empty', BATCHES_PER_SEQUENCER: 'empty' });
    expect(await facts(url)).toMatchObject({ l1StartBlock: 0, batchesPerSequencer: 32 });
  });

  it.each(['CHAIN_ID', 'lastFetchedL1Block', 'BATCHES_PER_SEQUENCER'])(
    'is not guessed when L1 does not answer for %s',
    async (name) => {
      await expect(facts(await l1({ [name]: 'down' }))).rejects.toThrow(/does not answer/);
    },
  );

  it('comes from the second endpoint when the first is down', async () => {
    const down = await l1();
    await opened.pop()?.close();
    expect(await facts(down, await l1())).toMatchObject({ l1StartBlock: 1_234 });
  });

  it('refuses an address without a proposer, and a proposer of another L2', async () => {
    const none = await l1({ CHAIN_ID: 'empty', lastCommittedBatch: 'empty' });
    await expect(facts(none)).rejects.toMatchObject({
      code: 'rollup_facts',
      message: expect.stringContaining('There is no OnChainProposer at 0x0c'),
    });
    await expect(facts(await l1({ CHAIN_ID: 5 }))).rejects.toThrow(/commits for L2 chain 5.*chain 9/);
  });

  it('waits for an L1 that is not there, or that still fetches the chain', async () => {
    const down = await l1();
    await opened.pop()?.close();
    await expect(facts(down)).rejects.toMatchObject({ code: 'l1_silent' });
    const syncing = await l1({ CHAIN_ID: 'empty', lastCommittedBatch: 'empty', syncing: 1 });
    await expect(facts(syncing)).rejects.toMatchObject({
      code: 'l1_silent',
      message: expect.stringContaining('is still syncing'),
    });
  });
});
