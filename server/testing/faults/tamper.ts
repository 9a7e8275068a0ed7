/** An honest L1 provider on a chain whose every answer can be proved, and ways to make it answer otherwise. */
import {
  blockJson,
  type Json,
  PROVABLE_PLAN,
  type ProvableBlock,
  ProvableNode,
  provableChain,
} from '../provableL1.ts';
import { type JsonRpcRequest, type RpcAnswer, rpcScript, type Script } from '../scriptedHttp.ts';

/** What the providers of these stories are on. */
export interface ProviderChains {
  readonly chain: readonly ProvableBlock[];
  /** Another branch of it, from block 10 on. */
  readonly fork: readonly ProvableBlock[];
  /** Another chain under the same chain id. */
  readonly foreign: readonly ProvableBlock[];
}

export const providerChains = async (): Promise<ProviderChains> => ({
  chain: await provableChain(),
  fork: await provableChain({ ...PROVABLE_PLAN, commits: { ...PROVABLE_PLAN.commits, 13: 2 }, forkAt: 10 }),
  foreign: await provableChain({ ...PROVABLE_PLAN, genesis: '0xabcd' }),
});

/** Another answer in the place of an honest one. */
export type Tamper = (request: JsonRpcRequest, honest: RpcAnswer, chains: ProviderChains) => RpcAnswer;

export const honestly = ({ chain }: ProviderChains): Script => rpcScript(new ProvableNode(chain).answer);

export const tampered =
  (tamper: Tamper) =>
  (chains: ProviderChains): Script => {
    const node = new ProvableNode(chains.chain);
    return rpcScript((request) => tamper(request, node.answer(request), chains));
  };

/** Changes the result of one method, where there is one. */
export const on =
  (
    method: string,
    change: (result: never, request: JsonRpcRequest, chains: ProviderChains) => unknown,
  ): Tamper =>
  (request, honest, chains) =>
    request.method === method && 'result' in honest
      ? { result: change(honest.result as never, request, chains) }
      : honest;
/** Answers one method with an error. */
export const refuse =
  (method: string, message: string, code = -32000): Tamper =>
  (request, honest) =>
    request.method === method ? { error: { code, message } } : honest;
export const onLogs = (change: (logs: Json[]) => unknown): Tamper => on('eth_getLogs', change as never);
export const firstLog = (change: Json): Tamper =>
  onLogs(([first, ...rest]) => (first === undefined ? rest : [{ ...first, ...change }, ...rest]));
/** Shows another block under a label: `latest`, `safe` or `finalized`. */
export const label = (name: string, block: (chains: ProviderChains) => ProvableBlock): Tamper =>
  on('eth_getBlockByNumber', (result, { params }, chains) =>
    params[0] === name ? blockJson(block(chains)) : result,
  );
export const withHeader = (block: ProvableBlock, change: Json): ProvableBlock => ({
  ...block,
  header: { ...block.header, ...change },
});
/** Answers everything with this text. */
export const text = (status: number, body: string, headers: Record<string, string> = {}): Script => {
  return () => ({ kind: 'text', status, body, headers });
};
