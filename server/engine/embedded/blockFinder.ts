import type { SealedBlock } from '../../protocol/block.ts';
import type { Hash } from '../../protocol/refs.ts';
import type { EngineCore } from './engineCore.ts';
import { type BlockSelector, blockParam, type Params } from './params.ts';
import { RPC_CODES, RpcError } from './rpcError.ts';

/** Finds blocks and transactions as JSON-RPC parameters name them. */
export class BlockFinder {
  readonly #core: EngineCore;

  constructor(core: EngineCore) {
    this.#core = core;
  }

  byParam(params: Params, index: number): Promise<SealedBlock | null> {
    return this.#find(blockParam(params, index));
  }

  /** Throws RpcError when there is no such block. */
  async required(params: Params, index: number): Promise<SealedBlock> {
    const block = await this.byParam(params, index);
    if (block === null) throw new RpcError(RPC_CODES.server, 'header not found');
    return block;
  }

  /** A transaction on the canonical branch. */
  async transaction(hash: Hash): Promise<{ block: SealedBlock; index: number } | null> {
    const place = await this.#core.chain.transactionPlace(hash);
    if (place === null) return null;
    return { block: await this.#core.chain.requireBlock(place.blockHash), index: place.index };
  }

  async #find(selector: BlockSelector): Promise<SealedBlock | null> {
    const { chain } = this.#core;
    if (selector.kind === 'number') {
      const hash = await chain.canonicalHash(selector.number);
      return hash === null ? null : chain.block(hash);
    }
    if (selector.kind === 'hash') {
      const block = await chain.block(selector.hash);
      const wanted = block === null || !selector.requireCanonical || (await chain.isCanonical(block));
      return wanted ? block : null;
    }
    const { head, safe, finalized } = chain.labels;
    // What is pending has no block of its own here: the newest state is the best answer.
    if (selector.tag === 'latest' || selector.tag === 'pending') return chain.requireBlock(head);
    if (selector.tag === 'earliest') return chain.genesis;
    const hash = selector.tag === 'safe' ? safe : finalized;
    return hash === null ? null : chain.requireBlock(hash);
  }
}
