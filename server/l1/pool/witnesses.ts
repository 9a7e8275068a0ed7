import type { L1BlockId, L1BlockRef } from '../../protocol/refs.ts';
import { type ContractState, InconsistencyError, L1Error } from '../l1.ts';
import type { Member, ProviderReads } from './member.ts';

export interface WitnessDeps {
  /** Providers that must agree on a block at the moment. */
  need(): number;
  /** Others that have the step's block and were never caught, without `but`. Empty before the first look. */
  others(but: Member): readonly Member[];
}

/** A batch counter and whose word it is. */
interface Claim {
  readonly state: ContractState;
  readonly by: Member;
}

/** What no answer can prove by itself is asked of a second provider. */
export class Witnesses {
  readonly #deps: WitnessDeps;

  constructor(deps: WitnessDeps) {
    this.#deps = deps;
  }

  /**
   * A view call proves nothing, so another provider is asked the same. Where they differ, the higher batch counter
   * has to show the commit that the lower one denies: whoever cannot, or denied it, was wrong.
   */
  async counter(
    ours: ContractState,
    by: Member,
    at: L1BlockId,
    signal?: AbortSignal,
  ): Promise<ContractState> {
    for (const other of this.#deps.others(by)) {
      const read = (reads: ProviderReads) => reads.contractState(at, signal);
      const theirs = await other.attempt('contractState', signal, read).catch(() => null);
      if (theirs === null) continue;
      if (theirs.lastCommittedBatch === ours.lastCommittedBatch) return ours;
      const claims = [
        { state: ours, by },
        { state: theirs, by: other },
      ].sort((a, b) => a.state.lastCommittedBatch - b.state.lastCommittedBatch);
      return this.#decide(claims[0]!, claims[1]!, at, signal);
    }
    return ours;
  }

  async #decide(low: Claim, high: Claim, at: L1BlockId, signal?: AbortSignal): Promise<ContractState> {
    const denied = low.state.lastCommittedBatch + 1;
    const commit = await high.by
      .attempt('commitOfBatch', signal, (reads) => reads.commitOfBatch(denied, at, signal))
      .catch((error: unknown) => {
        if (error instanceof InconsistencyError) return null;
        throw error;
      });
    const [liar, right] = commit === null ? [high, low] : [low, high];
    const claim = `lastCommittedBatch ${liar.state.lastCommittedBatch} at block ${at.number} ${at.hash}`;
    const why =
      commit === null ? `there is no commit of batch ${denied}` : `batch ${denied} is committed there`;
    liar.by.caught('contract_state', `it answers ${claim}, but ${why}`, 'eth_call');
    return right.state;
  }

  /**
   * Blocks below the pinned one are compared with another provider's, because nothing links them to it. Where they
   * differ the majority of those who have the pinned block counts; without one, or with nobody to compare with for
   * now, nobody is believed.
   */
  async blocks(blocks: readonly L1BlockRef[], by: Member, signal?: AbortSignal): Promise<void> {
    if (blocks.length === 0 || this.#deps.need() < 2) return;
    for (const other of this.#deps.others(by)) {
      const theirs = await Promise.all(blocks.map((block) => other.blockAt(block.number, signal)));
      const differs = blocks.find((block, index) => (theirs[index]?.hash ?? block.hash) !== block.hash);
      if (differs !== undefined) return this.#outvote(differs, by, signal);
      if (theirs.every((block) => block != null)) return;
    }
    const { number } = blocks[0]!;
    throw new L1Error(
      'rpc_error',
      'eth_getBlockByNumber',
      `no second L1 provider confirms block ${number} for now`,
    );
  }

  async #outvote(block: L1BlockRef, by: Member, signal?: AbortSignal): Promise<void> {
    const others = await Promise.all(
      this.#deps.others(by).map(async (member) => ({
        member,
        hash: (await member.blockAt(block.number, signal))?.hash,
      })),
    );
    const against = others.filter(({ hash }) => hash !== undefined && hash !== block.hash);
    const votes = 1 + others.filter(({ hash }) => hash === block.hash).length;
    const what = `L1 block ${block.number} is ${block.hash} by ${by.reads.host}, ${against[0]?.hash} by ${against.map(({ member }) => member.reads.host).join(' and ')}`;
    if (votes > against.length) {
      for (const { member } of against) member.caught('branch_disputed', what, 'eth_getBlockByNumber');
      return;
    }
    if (votes < against.length) throw new InconsistencyError('branch_disputed', 'eth_getBlockByNumber', what);
    throw new L1Error(
      'rpc_error',
      'eth_getBlockByNumber',
      `${what}: a third provider could tell who is right`,
    );
  }
}
