/**
 * The faults of an L1 provider (reliability.md 1.2) as it answers over HTTP: on a chain whose every answer can be proved,
 * each is what a script makes of an honest node. R1, R5, R6 and R36 are no answers; R17 is of WebSocket.
 */
import type { InconsistencyRule } from '../../l1/l1.ts';
import { blockJson, type Json, type LogFilter, PROVABLE_REGISTRY, ProvableNode } from '../provableL1.ts';
import { type JsonRpcRequest, rpcScript, type Script } from '../scriptedHttp.ts';
import {
  firstLog,
  honestly,
  label,
  on,
  onLogs,
  type ProviderChains,
  refuse,
  tampered,
  text,
  withHeader,
} from './tamper.ts';

export interface ProviderFault {
  readonly id: string;
  readonly what: string;
  readonly script: (chains: ProviderChains) => Script;
  /** What asking it alone comes to: an error's code, or `answers`. */
  readonly alone: string;
  /** Under which rule it is caught in the pool; null when it merely fails, or does nothing wrong. */
  readonly caught?: InconsistencyRule;
  /** Number of the finalized block in the pool, where the fault leaves fewer than two labels. */
  readonly finalizedAt?: number | null;
}

const TRANSPORT: readonly ProviderFault[] = [
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
    script: tampered(() => ({ error: { code: 429, message: 'slow down' } })),
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
    script: (chains) => async (request) => {
      const answer = await honestly(chains)(request);
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

const HEADS: readonly ProviderFault[] = [
  {
    id: 'R18',
    what: 'a head that is old',
    script: ({ chain }) => rpcScript(new ProvableNode(chain.slice(0, 8)).answer),
    alone: 'answers',
  },
  {
    id: 'R19',
    what: 'a head that goes backwards',
    script: tampered(label('latest', ({ chain }) => chain[12]!)),
    alone: 'answers',
  },
  {
    id: 'R20',
    what: 'a head far ahead that nobody else has',
    script: tampered(label('latest', ({ chain }) => withHeader(chain[13]!, { number: '0x7d0' }))),
    alone: 'bad_answer',
    caught: 'header_hash',
  },
  {
    id: 'R21',
    what: 'the same number with a new hash',
    script: ({ fork }) => rpcScript(new ProvableNode(fork).answer),
    alone: 'answers',
  },
  {
    id: 'R22',
    what: 'finalized above safe',
    script: tampered(label('finalized', ({ chain }) => chain[13]!)),
    alone: 'bad_answer',
    caught: 'labels_order',
  },
  {
    id: 'R23',
    what: 'no labels',
    script: tampered((request, honest) =>
      ['safe', 'finalized'].includes(String(request.params[0]))
        ? { error: { code: -39001, message: 'Unknown block' } }
        : honest,
    ),
    alone: 'answers',
  },
  {
    id: 'R24',
    what: 'a finalized block further back',
    script: tampered(label('finalized', ({ chain }) => chain[2]!)),
    alone: 'answers',
    finalizedAt: 2,
  },
  {
    id: 'R25',
    what: 'a timestamp that the header does not have',
    script: tampered(label('latest', ({ chain }) => withHeader(chain[13]!, { timestamp: '0xffffffff' }))),
    alone: 'bad_answer',
    caught: 'header_hash',
  },
];

const BALANCED: readonly ProviderFault[] = [
  {
    id: 'R26',
    what: 'two backends in turn, one of them behind',
    script: ({ chain }) => {
      const [ahead, behind] = [new ProvableNode(chain), new ProvableNode(chain.slice(0, 12))];
      let turn = 0;
      return rpcScript((request) => (turn++ % 2 === 0 ? ahead : behind).answer(request));
    },
    alone: 'answers',
  },
  {
    id: 'R27',
    what: 'two backends on two branches',
    script: ({ chain, fork }) => {
      const sides = [new ProvableNode(chain), new ProvableNode(fork)];
      return rpcScript((request) =>
        sides[request.method === 'eth_getLogs' || request.method === 'eth_call' ? 1 : 0]!.answer(request),
      );
    },
    alone: 'rpc_error',
  },
  {
    id: 'R28',
    what: 'blocks by number are of another branch than by hash',
    script: tampered(
      on('eth_getBlockByNumber', (result, { params }, { fork }) =>
        Number(params[0]) >= 10 ? blockJson(fork[Number(params[0])]) : result,
      ),
    ),
    alone: 'not_canonical',
  },
  {
    id: 'R29',
    what: 'a parent that is not known',
    script: tampered(
      on('eth_getBlockByNumber', (result, { params }) => (Number(params[0]) === 12 ? null : result)),
    ),
    alone: 'bad_answer',
    caught: 'unanswered',
  },
  {
    id: 'R30',
    what: 'receipts null',
    script: tampered(on('eth_getBlockReceipts', () => null)),
    alone: 'bad_answer',
    caught: 'unanswered',
  },
  {
    id: 'R31',
    what: 'no receipts for a block that has transactions',
    script: tampered(on('eth_getBlockReceipts', () => [])),
    alone: 'bad_answer',
    caught: 'receipt_count',
  },
  {
    id: 'R32',
    what: 'the receipts of another block',
    script: tampered(
      on('eth_getBlockReceipts', (_result, _request, { fork }) =>
        fork[11]!.receipts.map((one) => ({ ...one, cumulativeGasUsed: '0x1' })),
      ),
    ),
    alone: 'bad_answer',
  },
  {
    id: 'R33',
    what: 'a receipt too few',
    script: tampered(on('eth_getBlockReceipts', (all: Json[]) => all.slice(1))),
    alone: 'bad_answer',
    caught: 'receipt_count',
  },
];

const spanOf = (request: JsonRpcRequest): number => {
  const { fromBlock, toBlock } = (request.params[0] ?? {}) as LogFilter;
  return Number(toBlock ?? 0) - Number(fromBlock ?? 0) + 1;
};
const LOGS: readonly ProviderFault[] = [
  {
    id: 'R34',
    what: 'ranges of at most three blocks',
    script: tampered((request, honest) =>
      request.method === 'eth_getLogs' && spanOf(request) > 3
        ? { error: { code: -32005, message: 'block range is too wide (maximum 3)' } }
        : honest,
    ),
    alone: 'answers',
  },
  {
    id: 'R35',
    what: 'at most two results',
    script: tampered((request, honest) =>
      'result' in honest && request.method === 'eth_getLogs' && (honest.result as Json[]).length > 2
        ? { error: { code: -32005, message: 'query returned more than 2 results' } }
        : honest,
    ),
    alone: 'answers',
  },
  {
    id: 'R37',
    what: 'a commit left out in the middle',
    script: tampered(onLogs((logs) => logs.filter((log) => log['blockNumber'] !== '0xb'))),
    alone: 'incomplete_logs',
    caught: 'log_hidden',
  },
  {
    id: 'R37',
    what: 'the newest commit left out, and the counter to match',
    script: tampered((request, honest, chains) => {
      if (request.method === 'eth_call' && 'result' in honest && Number(honest.result) === 5)
        return { result: `0x${'4'.padStart(64, '0')}` };
      return onLogs((logs) => logs.filter((log) => log['blockNumber'] !== '0xd'))(request, honest, chains);
    }),
    alone: 'incomplete_logs',
  },
  {
    id: 'R38',
    what: 'a log twice',
    script: tampered(onLogs((logs) => [...logs.slice(0, 1), ...logs])),
    alone: 'bad_answer',
    caught: 'log_unasked',
  },
  {
    id: 'R39',
    what: 'a log that was removed',
    script: tampered(firstLog({ removed: true })),
    alone: 'bad_answer',
    caught: 'log_unasked',
  },
  {
    id: 'R40',
    what: 'no logs where the bloom says there are',
    script: tampered(onLogs(() => [])),
    alone: 'incomplete_logs',
    caught: 'log_hidden',
  },
  {
    id: 'R41',
    what: 'logs out of order',
    script: tampered(onLogs((logs) => logs.toReversed())),
    alone: 'bad_answer',
    caught: 'log_unasked',
  },
  {
    id: 'R42',
    what: 'a log without its second topic',
    script: tampered(
      onLogs((logs) => logs.map((log) => ({ ...log, topics: (log['topics'] as string[]).slice(0, 1) }))),
    ),
    alone: 'bad_answer',
    caught: 'log_unasked',
  },
  {
    id: 'R43',
    what: 'a log of another contract',
    script: tampered(firstLog({ address: PROVABLE_REGISTRY })),
    alone: 'bad_answer',
    caught: 'log_unasked',
  },
];

const DATA: readonly ProviderFault[] = [
  {
    id: 'R44',
    what: 'another chain id',
    script: tampered(on('eth_chainId', () => '0x5')),
    alone: 'wrong_chain',
    caught: 'wrong_chain',
  },
  {
    id: 'R45',
    what: 'another genesis under the same chain id',
    script: ({ foreign }) => rpcScript(new ProvableNode(foreign).answer),
    alone: 'answers',
    caught: 'wrong_genesis',
  },
  {
    id: 'R46',
    what: 'a transaction whose content is another',
    script: tampered(
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
    script: tampered(on('eth_getBlockByHash', () => null)),
    alone: 'bad_answer',
    caught: 'unanswered',
  },
  {
    id: 'R47',
    what: 'leading zeros and capitals in numbers',
    script: tampered(
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
    script: tampered(
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
    script: tampered(refuse('eth_call', 'missing trie node 9bf (path ) state is not available')),
    alone: 'rpc_error',
  },
];

export const PROVIDER_FAULTS: readonly ProviderFault[] = [
  ...TRANSPORT,
  ...HEADS,
  ...BALANCED,
  ...LOGS,
  ...DATA,
];
