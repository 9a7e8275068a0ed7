import { decodeAbiParameters } from 'viem';
import {
  BATCH_COMMITTED_TOPIC,
  SEQUENCER_REGISTERED_TOPIC,
  SEQUENCER_UNREGISTERED_TOPIC,
} from '../../protocol/contractsAbi.ts';
import type { Address, Hash, Hex, L1BlockId } from '../../protocol/refs.ts';
import { SequencerError } from '../errors.ts';
import type { JsonRpc } from '../ports.ts';
import type { RegistryOperation } from '../state/registry.ts';
import { LogRanges } from './logRanges.ts';
import { quantity } from './registryViews.ts';

/** An operation and where L1 has it. */
export interface LocatedOperation {
  readonly operation: RegistryOperation;
  readonly at: L1BlockId;
  readonly transaction: Hash;
}

export interface RegistryLogsOptions {
  readonly registry: Address;
  readonly proposer: Address;
  /** L1 blocks asked for at a time; a node that wants less is asked for half, and so on. */
  readonly maxRange: number;
}

interface RawLog {
  readonly address: Hex;
  readonly topics: readonly Hex[];
  readonly data: Hex;
  readonly blockNumber: Hex;
  readonly blockHash: Hash;
  readonly logIndex: Hex;
  readonly transactionHash: Hash;
  readonly removed?: boolean;
}

/** Reads what changed who leads, as far as logs tell. Nothing here proves that none is missing. */
export class RegistryLogs {
  readonly #opts: RegistryLogsOptions;
  readonly #rpc: JsonRpc;
  readonly #ranges: LogRanges;

  constructor(opts: RegistryLogsOptions, deps: { rpc: JsonRpc }) {
    this.#opts = opts;
    this.#rpc = deps.rpc;
    this.#ranges = new LogRanges(opts);
  }

  /**
   * Operations of blocks [from, to] in the order in which L1 has them. `commits` adds the batches, of which there
   * may be many. Throws `SequencerError` (`bad_l1_answer`) and the node's own errors.
   */
  async operations(
    from: number,
    to: number,
    want: { readonly commits: boolean },
    signal?: AbortSignal,
  ): Promise<readonly LocatedOperation[]> {
    const { registry, proposer } = this.#opts;
    const lists = [SEQUENCER_REGISTERED_TOPIC, SEQUENCER_UNREGISTERED_TOPIC];
    const filter = want.commits
      ? { address: [registry, proposer], topics: [[...lists, BATCH_COMMITTED_TOPIC]] }
      : { address: registry, topics: [lists] };
    const logs = await this.#ranges.all(from, to, async (fromBlock, toBlock) => {
      const range = { ...filter, fromBlock: quantity(fromBlock), toBlock: quantity(toBlock) };
      return (await this.#rpc.request('eth_getLogs', [range], signal)) as readonly RawLog[];
    });
    return inOrder(logs.filter((log) => log.removed !== true)).flatMap((log) => {
      const operation = this.#operationOf(log);
      if (operation === null) return [];
      const number = Number(log.blockNumber);
      if (!(number >= from && number <= to)) throw contradiction(log, `is not of blocks ${from} to ${to}`);
      return { operation, at: { number, hash: log.blockHash }, transaction: log.transactionHash };
    });
  }

  /** Null for a log that was not asked for: another contract may use the same topics. */
  #operationOf(log: RawLog): RegistryOperation | null {
    const address = log.address.toLowerCase();
    const [topic, indexed] = log.topics;
    if (topic === undefined || indexed === undefined) throw contradiction(log, 'lacks its indexed argument');
    if (topic === BATCH_COMMITTED_TOPIC) {
      return address === this.#opts.proposer ? { kind: 'committed', batch: Number(indexed) } : null;
    }
    if (address !== this.#opts.registry) return null;
    const sequencer: Address = `0x${indexed.slice(-40).toLowerCase()}`;
    if (topic === SEQUENCER_UNREGISTERED_TOPIC) return { kind: 'unregistered', sequencer };
    if (topic !== SEQUENCER_REGISTERED_TOPIC) return null;
    if (log.data.length !== 66) throw contradiction(log, 'does not carry one number');
    const [collateral] = decodeAbiParameters([{ type: 'uint256' }], log.data);
    return { kind: 'registered', sequencer, collateral };
  }
}

/** By place, each once: load-balanced nodes repeat and shuffle logs. */
function inOrder(logs: readonly RawLog[]): readonly RawLog[] {
  const byPlace = new Map(logs.map((log) => [`${log.blockHash}:${log.logIndex}`, log]));
  return [...byPlace.values()].sort(
    (a, b) => Number(a.blockNumber) - Number(b.blockNumber) || Number(a.logIndex) - Number(b.logIndex),
  );
}

const contradiction = (log: RawLog, what: string): SequencerError =>
  new SequencerError('bad_l1_answer', `a log of transaction ${log.transactionHash} ${what}`);
