/**
 * The L1 RPC faults of reliability.md 1.2 by their ids, each twice over HTTP: alone it is a failure of the right class
 * and no wrong answer; in a pool with two honest providers every answer is as if it had not been there.
 */
import { afterEach, describe, expect, test } from 'vitest';
import { type Clock, ManualClock } from '../lib/clock.ts';
import { PROVIDER_FAULTS } from '../testing/faults/providerFaults.ts';
import { honestly, on, onLogs, providerChains, tampered, text } from '../testing/faults/tamper.ts';
import {
  PROVABLE_CHAIN_ID,
  PROVABLE_PROPOSER,
  PROVABLE_REGISTRY,
  ProvableNode,
} from '../testing/provableL1.ts';
import { rpcScript, type Script, type ScriptedHttp, scriptedHttp } from '../testing/scriptedHttp.ts';
import { L1Error } from './l1.ts';
import { createL1, type ViemL1 } from './viemL1.ts';

const CHAINS = await providerChains();

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function serve(script: Script): Promise<ScriptedHttp> {
  const server = await scriptedHttp(script);
  open.push(() => server.close());
  return server;
}

function reader(
  urls: readonly string[],
  options: { genesisHash?: `0x${string}`; timeoutMs?: number; clock?: Clock } = {},
): ViemL1 {
  const l1 = createL1({
    rpcUrls: urls,
    config: {
      l1ChainId: PROVABLE_CHAIN_ID,
      onChainProposer: PROVABLE_PROPOSER,
      sequencerRegistry: PROVABLE_REGISTRY,
      l1StartBlock: 1,
    },
    trust: 'none',
    timeoutMs: 20_000,
    maxResponseBytes: 400_000,
    ...options,
  });
  open.push(() => l1.close());
  return l1;
}

/** Everything that a step of the driver asks, in short. */
async function readAll(l1: ViemL1): Promise<unknown> {
  const { latest, finalized } = await l1.heads();
  const state = await l1.contractState(latest);
  const commits = await l1.batchCommits(1, latest.number, latest);
  const tip = await l1.batchCommits(latest.number - 2, latest.number, latest);
  const third = await l1.commitOfBatch(3, latest);
  return {
    head: latest.hash,
    finalized: finalized?.hash ?? null,
    committed: state.lastCommittedBatch,
    commits: commits.map((one) => [one.batchNumber, one.l1Block.number, one.transaction.hash]),
    tip: tip.map((one) => one.batchNumber),
    third: third?.l1Block.number ?? null,
    parent: (await l1.blockByNumber(latest.number - 1))?.hash,
    old: (await l1.blockByNumber(2))?.hash,
  };
}

const { chain } = CHAINS;
const truth = (finalizedAt: number | null = 9) => ({
  head: chain.at(-1)!.hash,
  finalized: finalizedAt === null ? null : chain[finalizedAt]!.hash,
  committed: 5,
  commits: [3, 6, 6, 11, 13].map((block, index) => [
    index + 1,
    block,
    chain[block]!.transactions[block === 6 && index === 2 ? 2 : 1]!['hash'],
  ]),
  tip: [4, 5],
  third: 6,
  parent: chain.at(-2)!.hash,
  old: chain[2]!.hash,
});

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'answers',
    (error: unknown) => (error instanceof L1Error ? error.code : String(error)),
  );

describe('an L1 provider with a fault, among two honest ones', () => {
  test.each(PROVIDER_FAULTS)('$id $what: changes nothing', async ({ script, caught, finalizedAt }) => {
    const [bad, ...good] = [
      await serve(script(CHAINS)),
      await serve(honestly(CHAINS)),
      await serve(honestly(CHAINS)),
    ];
    const l1 = reader([bad.url, ...good.map(({ url }) => url)]);
    expect(await readAll(l1)).toEqual(truth(finalizedAt ?? 9));
    const [status, ...others] = l1.providers();
    expect(others.map(({ state }) => state)).toEqual(['good', 'good']);
    if (caught === undefined) return;
    expect(Object.keys(status!.inconsistencies)).toContain(caught);
  });
});

describe('an L1 provider with a fault, alone', () => {
  test.each(PROVIDER_FAULTS)('$id $what: $alone, and nothing false', async ({ script, alone }) => {
    const server = await serve(script(CHAINS));
    // Only what never answers is not waited for: a busy machine is no fault.
    const timeoutMs = alone === 'timeout' ? 100 : 20_000;
    const outcome = await codeOf(readAll(reader([server.url], { timeoutMs })));
    expect(outcome).toBe(alone);
  });
});

describe('faults that are not answers', () => {
  test.each([
    [
      'R1',
      'nobody listens',
      async (): Promise<string> => {
        const server = await scriptedHttp(honestly(CHAINS));
        await server.close();
        return server.url;
      },
    ],
    [
      'R5',
      'TLS where there is none',
      async (): Promise<string> => (await serve(honestly(CHAINS))).url.replace('http:', 'https:'),
    ],
    ['R6', 'a name that is no host', async (): Promise<string> => 'http://no-such-host.invalid:8545'],
  ] as const)('%s %s: the others serve, and it is asked again later', async (_id, _what, urlOf) => {
    const url = await urlOf();
    expect(await codeOf(readAll(reader([url])))).toBe('unreachable');
    const l1 = reader([url, (await serve(honestly(CHAINS))).url, (await serve(honestly(CHAINS))).url]);
    expect(await readAll(l1)).toEqual(truth());
    expect(l1.providers()[0]).toMatchObject({ failures: 1, answers: 0 });
  });
});

describe('what a provider is told and left alone for', () => {
  test('R7: nothing is sent before Retry-After is over, while the others go on', async () => {
    const limited = await serve(text(429, '', { 'retry-after': '3600' }));
    // A wait of minutes is over when the machine's clock is set, or the machine was asleep.
    const clock = new ManualClock();
    const urls = [limited.url, (await serve(honestly(CHAINS))).url, (await serve(honestly(CHAINS))).url];
    const l1 = reader(urls, { clock });
    for (let look = 0; look < 5; look++) await l1.heads();
    expect(limited.requests).toHaveLength(1);
    expect(l1.providers()[0]).toMatchObject({ state: 'limited', reason: 'it limits our rate' });
    const alone = reader([limited.url], { clock });
    expect(await codeOf(alone.heads())).toBe('rate_limited');
    const asked = limited.requests.length;
    expect(await codeOf(alone.heads())).toBe('rate_limited');
    expect(limited.requests).toHaveLength(asked);
  });

  test('a lie is told to the operator with the request, and no key of the URL', async () => {
    const liar = await serve(tampered(onLogs(() => []))(CHAINS));
    const l1 = reader([
      `${liar.url}/v3/s3cr3t`,
      (await serve(honestly(CHAINS))).url,
      (await serve(honestly(CHAINS))).url,
    ]);
    await readAll(l1);
    const { state, reason } = l1.providers()[0]!;
    expect(state).toBe('benched');
    expect(reason).toMatch(/^log_hidden: .*Report this to the RPC operator\. It was asked: eth_getLogs \[/);
    expect(reason).not.toContain('s3cr3t');
  });

  test('R36: a range beyond the pinned block is never asked for', async () => {
    const server = await serve(honestly(CHAINS));
    const l1 = reader([server.url]);
    const { latest } = await l1.heads();
    await expect(l1.batchCommits(0, latest.number + 1, latest)).rejects.toThrow(RangeError);
  });

  test('R44: a chain id that changes at run time ends the trust at once, and alone it halts', async () => {
    let id = '0x1';
    const server = await serve(tampered(on('eth_chainId', () => id))(CHAINS));
    const l1 = reader([server.url]);
    await l1.heads();
    id = '0x5';
    const failure = await l1.heads().catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'wrong_chain', severity: 'halt' });
    expect(String(failure)).toMatch(/chain 5, this rollup is on 1/);
  });

  test('R45: a first block other than the configured one is refused, both are named', async () => {
    const server = await serve(honestly(CHAINS));
    const failure = await reader([server.url], { genesisHash: CHAINS.foreign[0]!.hash })
      .heads()
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'wrong_chain' });
    expect(String(failure)).toContain(CHAINS.foreign[0]!.hash);
    expect(String(failure)).toContain(chain[0]!.hash);
  });

  test('R45: two providers of two chains with one id are refused before anything is read', async () => {
    const other = await serve(rpcScript(new ProvableNode(CHAINS.foreign).answer));
    const l1 = reader([(await serve(honestly(CHAINS))).url, other.url]);
    const failure = await l1.heads().catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'wrong_chain', severity: 'halt' });
    expect(String(failure)).toContain('--l1-genesis-hash');
  });
});

test('R1 to R48 each have a case here or, for R17 (WebSocket), in headFeed.test.ts', () => {
  const here = new Set([...PROVIDER_FAULTS.map(({ id }) => id), 'R1', 'R5', 'R6', 'R17', 'R36']);
  const missing = Array.from({ length: 48 }, (_, index) => `R${index + 1}`).filter((id) => !here.has(id));
  expect(missing).toEqual([]);
});
