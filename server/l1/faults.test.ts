/**
 * The L1 RPC faults of reliability.md 1.2 by their ids, each twice over HTTP: alone it is a failure of the right class
 * and no wrong answer; in a pool with two honest providers every answer is as if it had not been there.
 */
import { afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Clock, ManualClock } from '../lib/clock.ts';
import {
  blockJson,
  type Json,
  type LogFilter,
  PROVABLE_CHAIN_ID,
  PROVABLE_PLAN,
  PROVABLE_PROPOSER,
  PROVABLE_REGISTRY,
  type ProvableBlock,
  ProvableNode,
  provableChain,
} from '../testing/provableL1.ts';
import {
  type JsonRpcRequest,
  type RpcAnswer,
  rpcScript,
  type Script,
  type ScriptedHttp,
  scriptedHttp,
} from '../testing/scriptedHttp.ts';
import { type InconsistencyRule, L1Error } from './l1.ts';
import { createL1, type ViemL1 } from './viemL1.ts';

type Tamper = (request: JsonRpcRequest, honest: RpcAnswer) => RpcAnswer;

let chain: readonly ProvableBlock[];
let fork: readonly ProvableBlock[];
let foreign: readonly ProvableBlock[];
beforeAll(async () => {
  chain = await provableChain();
  fork = await provableChain({ ...PROVABLE_PLAN, commits: { ...PROVABLE_PLAN.commits, 13: 2 }, forkAt: 10 });
  foreign = await provableChain({ ...PROVABLE_PLAN, genesis: '0xabcd' });
});

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

async function serve(script: Script): Promise<ScriptedHttp> {
  const server = await scriptedHttp(script);
  open.push(() => server.close());
  return server;
}

const honestly = (): Script => rpcScript(new ProvableNode(chain).answer);
const tampered = (tamper: Tamper, of: readonly ProvableBlock[] = chain): Script => {
  const node = new ProvableNode(of);
  return rpcScript((request) => tamper(request, node.answer(request)));
};

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

const on =
  (method: string, change: (result: never, request: JsonRpcRequest) => unknown): Tamper =>
  (request, honest) =>
    request.method === method && 'result' in honest
      ? { result: change(honest.result as never, request) }
      : honest;
const refuse =
  (method: string, message: string, code = -32000): Tamper =>
  (request, honest) =>
    request.method === method ? { error: { code, message } } : honest;
const onLogs = (change: (logs: Json[]) => unknown): Tamper => on('eth_getLogs', change as never);
const firstLog = (change: Json): Tamper =>
  onLogs(([first, ...rest]) => (first === undefined ? rest : [{ ...first, ...change }, ...rest]));
const label = (name: string, block: () => ProvableBlock | undefined): Tamper =>
  on('eth_getBlockByNumber', (result, { params }) => (params[0] === name ? blockJson(block()) : result));
const text = (status: number, body: string, headers: Record<string, string> = {}): Script => {
  return () => ({ kind: 'text', status, body, headers });
};

interface Fault {
  readonly id: string;
  readonly what: string;
  readonly script: () => Script;
  /** What asking it alone comes to: an error's code, or `answers`. */
  readonly alone: string;
  /** Under which rule it is caught in the pool; null when it merely fails, or does nothing wrong. */
  readonly caught?: InconsistencyRule;
  /** Number of the finalized block in the pool, where the fault leaves fewer than two labels. */
  readonly finalizedAt?: number | null;
}

const TRANSPORT: readonly Fault[] = [
  {
    id: 'R2',
    what: 'the connection breaks in the body',
    script: () => () => ({ kind: 'reset', body: '{' }),
    alone: 'unreachable',
  },
  { id: 'R3', what: 'no byte ever', script: () => () => ({ kind: 'hang' }), alone: 'timeout' },
  {
    id: 'R4',
    what: 'a body that trickles',
    script: () => () => ({ kind: 'hang', body: '{"jsonrpc":' }),
    alone: 'timeout',
  },
  {
    id: 'R7',
    what: '429 with Retry-After',
    script: () => text(429, '', { 'retry-after': '30' }),
    alone: 'rate_limited',
  },
  { id: 'R8', what: '429 without', script: () => text(429, ''), alone: 'rate_limited' },
  {
    id: 'R9',
    what: '429 inside a 200',
    script: () => tampered(() => ({ error: { code: 429, message: 'slow down' } })),
    alone: 'rate_limited',
  },
  {
    id: 'R10',
    what: '502 with a page',
    script: () => text(502, '<html>Bad Gateway</html>'),
    alone: 'unreachable',
  },
  {
    id: 'R11',
    what: 'truncated JSON',
    script: () => text(200, '{"jsonrpc":"2.0","id":1,"resu'),
    alone: 'bad_answer',
    caught: 'malformed',
  },
  { id: 'R12', what: 'an empty body', script: () => text(200, ''), alone: 'bad_answer', caught: 'malformed' },
  {
    id: 'R13',
    what: 'the id of another request',
    script: () => () => ({ kind: 'json', body: { jsonrpc: '2.0', id: 999_999, result: '0x1' } }),
    alone: 'bad_answer',
    caught: 'malformed',
  },
  {
    id: 'R14',
    what: 'a batch answered out of order',
    script: () => async (request) => {
      const answer = await honestly()(request);
      return answer.kind === 'json' && Array.isArray(answer.body)
        ? { ...answer, body: answer.body.toReversed() }
        : answer;
    },
    alone: 'answers',
  },
  {
    id: 'R15',
    what: 'more bytes than are read',
    script: () => text(200, 'x'.repeat(400_001)),
    alone: 'bad_answer',
    caught: 'malformed',
  },
  {
    id: 'R16',
    what: 'a redirect',
    script: () => text(307, '', { location: 'http://127.0.0.1:9/' }),
    alone: 'unreachable',
  },
];

const at = (number: number): ProvableBlock => chain[number]!;
const HEADS: readonly Fault[] = [
  {
    id: 'R18',
    what: 'a head that is old',
    script: () => rpcScript(new ProvableNode(chain.slice(0, 8)).answer),
    alone: 'answers',
  },
  {
    id: 'R19',
    what: 'a head that goes backwards',
    script: () => tampered(label('latest', () => at(12))),
    alone: 'answers',
  },
  {
    id: 'R20',
    what: 'a head far ahead that nobody else has',
    script: () =>
      tampered(label('latest', () => ({ ...at(13), header: { ...at(13).header, number: '0x7d0' } }))),
    alone: 'bad_answer',
    caught: 'header_hash',
  },
  {
    id: 'R21',
    what: 'the same number with a new hash',
    script: () => rpcScript(new ProvableNode(fork).answer),
    alone: 'answers',
  },
  {
    id: 'R22',
    what: 'finalized above safe',
    script: () => tampered(label('finalized', () => at(13))),
    alone: 'bad_answer',
    caught: 'labels_order',
  },
  {
    id: 'R23',
    what: 'no labels',
    script: () =>
      tampered((request, honest) =>
        ['safe', 'finalized'].includes(String(request.params[0]))
          ? { error: { code: -39001, message: 'Unknown block' } }
          : honest,
      ),
    alone: 'answers',
  },
  {
    id: 'R24',
    what: 'a finalized block further back',
    script: () => tampered(label('finalized', () => at(2))),
    alone: 'answers',
    finalizedAt: 2,
  },
  {
    id: 'R25',
    what: 'a timestamp that the header does not have',
    script: () =>
      tampered(label('latest', () => ({ ...at(13), header: { ...at(13).header, timestamp: '0xffffffff' } }))),
    alone: 'bad_answer',
    caught: 'header_hash',
  },
];

const BALANCED: readonly Fault[] = [
  {
    id: 'R26',
    what: 'two backends in turn, one of them behind',
    script: () => {
      const [ahead, behind] = [new ProvableNode(chain), new ProvableNode(chain.slice(0, 12))];
      let turn = 0;
      return rpcScript((request) => (turn++ % 2 === 0 ? ahead : behind).answer(request));
    },
    alone: 'answers',
  },
  {
    id: 'R27',
    what: 'two backends on two branches',
    script: () => {
      const sides = [new ProvableNode(chain), new ProvableNode(fork)];
      return tampered((request) =>
        sides[request.method === 'eth_getLogs' || request.method === 'eth_call' ? 1 : 0]!.answer(request),
      );
    },
    alone: 'rpc_error',
  },
  {
    id: 'R28',
    what: 'blocks by number are of another branch than by hash',
    script: () =>
      tampered(
        on('eth_getBlockByNumber', (result, { params }) =>
          Number(params[0]) >= 10 ? blockJson(fork[Number(params[0])]) : result,
        ),
      ),
    alone: 'not_canonical',
  },
  {
    id: 'R29',
    what: 'a parent that is not known',
    script: () =>
      tampered(
        on('eth_getBlockByNumber', (result, { params }) => (Number(params[0]) === 12 ? null : result)),
      ),
    alone: 'bad_answer',
    caught: 'unanswered',
  },
  {
    id: 'R30',
    what: 'receipts null',
    script: () => tampered(on('eth_getBlockReceipts', () => null)),
    alone: 'bad_answer',
    caught: 'unanswered',
  },
  {
    id: 'R31',
    what: 'no receipts for a block that has transactions',
    script: () => tampered(on('eth_getBlockReceipts', () => [])),
    alone: 'bad_answer',
    caught: 'receipt_count',
  },
  {
    id: 'R32',
    what: 'the receipts of another block',
    script: () =>
      tampered(
        on('eth_getBlockReceipts', () =>
          fork[11]!.receipts.map((one) => ({ ...one, cumulativeGasUsed: '0x1' })),
        ),
      ),
    alone: 'bad_answer',
  },
  {
    id: 'R33',
    what: 'a receipt too few',
    script: () => tampered(on('eth_getBlockReceipts', (all: Json[]) => all.slice(1))),
    alone: 'bad_answer',
    caught: 'receipt_count',
  },
];

const spanOf = (request: JsonRpcRequest): number => {
  const { fromBlock, toBlock } = (request.params[0] ?? {}) as LogFilter;
  return Number(toBlock ?? 0) - Number(fromBlock ?? 0) + 1;
};
const LOGS: readonly Fault[] = [
  {
    id: 'R34',
    what: 'ranges of at most three blocks',
    script: () =>
      tampered((request, honest) =>
        request.method === 'eth_getLogs' && spanOf(request) > 3
          ? { error: { code: -32005, message: 'block range is too wide (maximum 3)' } }
          : honest,
      ),
    alone: 'answers',
  },
  {
    id: 'R35',
    what: 'at most two results',
    script: () =>
      tampered((request, honest) =>
        'result' in honest && request.method === 'eth_getLogs' && (honest.result as Json[]).length > 2
          ? { error: { code: -32005, message: 'query returned more than 2 results' } }
          : honest,
      ),
    alone: 'answers',
  },
  {
    id: 'R37',
    what: 'a commit left out in the middle',
    script: () => tampered(onLogs((logs) => logs.filter((log) => log['blockNumber'] !== '0xb'))),
    alone: 'incomplete_logs',
    caught: 'log_hidden',
  },
  {
    id: 'R37',
    what: 'the newest commit left out, and the counter to match',
    script: () =>
      tampered((request, honest) => {
        if (request.method === 'eth_call' && 'result' in honest && Number(honest.result) === 5)
          return { result: `0x${'4'.padStart(64, '0')}` };
        return onLogs((logs) => logs.filter((log) => log['blockNumber'] !== '0xd'))(request, honest);
      }),
    alone: 'incomplete_logs',
  },
  {
    id: 'R38',
    what: 'a log twice',
    script: () => tampered(onLogs((logs) => [...logs.slice(0, 1), ...logs])),
    alone: 'bad_answer',
    caught: 'log_unasked',
  },
  {
    id: 'R39',
    what: 'a log that was removed',
    script: () => tampered(firstLog({ removed: true })),
    alone: 'bad_answer',
    caught: 'log_unasked',
  },
  {
    id: 'R40',
    what: 'no logs where the bloom says there are',
    script: () => tampered(onLogs(() => [])),
    alone: 'incomplete_logs',
    caught: 'log_hidden',
  },
  {
    id: 'R41',
    what: 'logs out of order',
    script: () => tampered(onLogs((logs) => logs.toReversed())),
    alone: 'bad_answer',
    caught: 'log_unasked',
  },
  {
    id: 'R42',
    what: 'a log without its second topic',
    script: () =>
      tampered(
        onLogs((logs) => logs.map((log) => ({ ...log, topics: (log['topics'] as string[]).slice(0, 1) }))),
      ),
    alone: 'bad_answer',
    caught: 'log_unasked',
  },
  {
    id: 'R43',
    what: 'a log of another contract',
    script: () => tampered(firstLog({ address: PROVABLE_REGISTRY })),
    alone: 'bad_answer',
    caught: 'log_unasked',
  },
];

const DATA: readonly Fault[] = [
  {
    id: 'R44',
    what: 'another chain id',
    script: () => tampered(on('eth_chainId', () => '0x5')),
    alone: 'wrong_chain',
    caught: 'wrong_chain',
  },
  {
    id: 'R45',
    what: 'another genesis under the same chain id',
    script: () => rpcScript(new ProvableNode(foreign).answer),
    alone: 'answers',
    caught: 'wrong_genesis',
  },
  {
    id: 'R46',
    what: 'a transaction whose content is another',
    script: () =>
      tampered(
        on('eth_getBlockByHash', (block: Json | null, { params }) =>
          params[1] === true && block !== null
            ? {
                ...block,
                transactions: (block['transactions'] as Json[]).map((one) => ({ ...one, input: '0x' })),
              }
            : block,
        ),
      ),
    alone: 'bad_answer',
    caught: 'transaction_hash',
  },
  {
    id: 'R46',
    what: 'a block by hash that is null',
    script: () => tampered(on('eth_getBlockByHash', () => null)),
    alone: 'bad_answer',
    caught: 'unanswered',
  },
  {
    id: 'R47',
    what: 'leading zeros and capitals in numbers',
    script: () =>
      tampered(
        on(
          'eth_getBlockByNumber',
          (block: Json | null) =>
            block && {
              ...block,
              number: String(block['number']).replace('0x', '0x00'),
              gasLimit: '0x01C9C380',
            },
        ),
      ),
    alone: 'answers',
  },
  {
    id: 'R47',
    what: 'decimal numbers',
    script: () =>
      tampered(
        on(
          'eth_getBlockByNumber',
          (block: Json | null) => block && { ...block, number: String(Number(block['number'])) },
        ),
      ),
    alone: 'bad_answer',
    caught: 'malformed',
  },
  {
    id: 'R48',
    what: 'no state of old blocks',
    script: () => tampered(refuse('eth_call', 'missing trie node 9bf (path ) state is not available')),
    alone: 'rpc_error',
  },
];

const ALL: readonly Fault[] = [...TRANSPORT, ...HEADS, ...BALANCED, ...LOGS, ...DATA];

describe('an L1 provider with a fault, among two honest ones', () => {
  test.each(ALL)('$id $what: changes nothing', async ({ script, caught, finalizedAt }) => {
    const [bad, ...good] = [await serve(script()), await serve(honestly()), await serve(honestly())];
    const l1 = reader([bad.url, ...good.map(({ url }) => url)]);
    expect(await readAll(l1)).toEqual(truth(finalizedAt ?? 9));
    const [status, ...others] = l1.providers();
    expect(others.map(({ state }) => state)).toEqual(['good', 'good']);
    if (caught === undefined) return;
    expect(Object.keys(status!.inconsistencies)).toContain(caught);
  });
});

describe('an L1 provider with a fault, alone', () => {
  test.each(ALL)('$id $what: $alone, and nothing false', async ({ script, alone }) => {
    const server = await serve(script());
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
        const server = await scriptedHttp(honestly());
        await server.close();
        return server.url;
      },
    ],
    [
      'R5',
      'TLS where there is none',
      async (): Promise<string> => (await serve(honestly())).url.replace('http:', 'https:'),
    ],
    ['R6', 'a name that is no host', async (): Promise<string> => 'http://no-such-host.invalid:8545'],
  ] as const)('%s %s: the others serve, and it is asked again later', async (_id, _what, urlOf) => {
    const url = await urlOf();
    expect(await codeOf(readAll(reader([url])))).toBe('unreachable');
    const l1 = reader([url, (await serve(honestly())).url, (await serve(honestly())).url]);
    expect(await readAll(l1)).toEqual(truth());
    expect(l1.providers()[0]).toMatchObject({ failures: 1, answers: 0 });
  });
});

describe('what a provider is told and left alone for', () => {
  test('R7: nothing is sent before Retry-After is over, while the others go on', async () => {
    const limited = await serve(text(429, '', { 'retry-after': '3600' }));
    // A wait of minutes is over when the machine's clock is set, or the machine was asleep.
    const clock = new ManualClock();
    const urls = [limited.url, (await serve(honestly())).url, (await serve(honestly())).url];
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
    const liar = await serve(tampered(onLogs(() => [])));
    const l1 = reader([
      `${liar.url}/v3/s3cr3t`,
      (await serve(honestly())).url,
      (await serve(honestly())).url,
    ]);
    await readAll(l1);
    const { state, reason } = l1.providers()[0]!;
    expect(state).toBe('benched');
    expect(reason).toMatch(/^log_hidden: .*Report this to the RPC operator\. It was asked: eth_getLogs \[/);
    expect(reason).not.toContain('s3cr3t');
  });

  test('R36: a range beyond the pinned block is never asked for', async () => {
    const server = await serve(honestly());
    const l1 = reader([server.url]);
    const { latest } = await l1.heads();
    await expect(l1.batchCommits(0, latest.number + 1, latest)).rejects.toThrow(RangeError);
  });

  test('R44: a chain id that changes at run time ends the trust at once, and alone it halts', async () => {
    let id = '0x1';
    const server = await serve(tampered(on('eth_chainId', () => id)));
    const l1 = reader([server.url]);
    await l1.heads();
    id = '0x5';
    const failure = await l1.heads().catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'wrong_chain', severity: 'halt' });
    expect(String(failure)).toMatch(/chain 5, this rollup is on 1/);
  });

  test('R45: a first block other than the configured one is refused, both are named', async () => {
    const server = await serve(honestly());
    const failure = await reader([server.url], { genesisHash: foreign[0]!.hash })
      .heads()
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'wrong_chain' });
    expect(String(failure)).toContain(foreign[0]!.hash);
    expect(String(failure)).toContain(chain[0]!.hash);
  });

  test('R45: two providers of two chains with one id are refused before anything is read', async () => {
    const other = await serve(rpcScript(new ProvableNode(foreign).answer));
    const l1 = reader([(await serve(honestly())).url, other.url]);
    const failure = await l1.heads().catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'wrong_chain', severity: 'halt' });
    expect(String(failure)).toContain('--l1-genesis-hash');
  });
});

test('R1 to R48 each have a case here or, for R17 (WebSocket), in headFeed.test.ts', () => {
  const here = new Set([...ALL.map(({ id }) => id), 'R1', 'R5', 'R6', 'R17', 'R36']);
  const missing = Array.from({ length: 48 }, (_, index) => `R${index + 1}`).filter((id) => !here.has(id));
  expect(missing).toEqual([]);
});
