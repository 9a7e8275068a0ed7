/**
 * A second truth about one node's chain: an engine of the devnet's own that has the same blocks up to the last but
 * one and another last block. Whoever asks it in the node's place sees what an equivocating leader would serve.
 */
import { type EmbeddedEngine, openEmbeddedEngine } from '../../engine/embedded/open.ts';
import { type Address, type L2BlockId, type L2BlockRef, ZERO_HASH } from '../../protocol/refs.ts';
import { rawBlockSource } from '../../sequencer/engineRpc.ts';
import type { JsonRpc } from '../../sequencer/ports.ts';
import { ChaosError } from './chaosError.ts';

export interface Forgery {
  /** JSON-RPC of the engine with the other block. */
  readonly url: string;
  readonly real: L2BlockId;
  /** At the same height, on the same parent. */
  readonly forged: L2BlockId;
}

/** Earns the forged block's fees, and so makes its hash another. Chosen to be recognised. */
const FORGER: Address = '0x00000000000000000000000000000000f0f0f0f0';

export class Forger {
  readonly #genesis: unknown;
  #engine: Promise<EmbeddedEngine> | null = null;

  /** `genesis` in geth format. The engine is opened with the first forgery. */
  constructor(options: { readonly genesis: unknown }) {
    this.#genesis = options.genesis;
  }

  /** Builds an empty sibling of the node's head. Throws ChaosError when there is no block to forge yet. */
  async forge(node: JsonRpc): Promise<Forgery> {
    this.#engine ??= openEmbeddedEngine({
      genesis: this.#genesis,
      l2Rules: true,
      http: { host: '127.0.0.1', port: 0 },
    });
    const forger = await this.#engine;
    const source = rawBlockSource(node);
    const height = Number(await node.request('eth_blockNumber', []));
    const real = await source.sealedBlock(height);
    if (real === null || height === 0) {
      throw new ChaosError('not_now', 'There is no block to forge yet: wait for the first one.');
    }
    const parent = await this.#follow(forger, source, real.parentHash, height - 1);
    const forged = await this.#sibling(forger, parent, real.timestamp, real.header.gasLimit);
    return {
      url: forger.httpUrl!,
      real: { number: height, hash: real.hash },
      forged: { number: forged.number, hash: forged.hash },
    };
  }

  async close(): Promise<void> {
    const engine = this.#engine;
    this.#engine = null;
    await (await engine)?.close();
  }

  /** Makes our engine's head the block of that hash and number, with what it lacks before it. */
  async #follow(
    { engine }: EmbeddedEngine,
    source: ReturnType<typeof rawBlockSource>,
    hash: L2BlockRef['hash'],
    number: number,
  ): Promise<L2BlockRef> {
    const lacking = [];
    let at = { hash, number };
    while ((await engine.blockByHash(at.hash)) === null) {
      const block = at.number > 0 ? await source.sealedBlock(at.number) : null;
      // Its chain changed while it was read, or is not of this genesis.
      if (block?.hash !== at.hash) {
        throw new ChaosError('not_now', `The chain changed at block ${at.number}: try again.`);
      }
      lacking.push(block);
      at = { hash: block.parentHash, number: at.number - 1 };
    }
    for (const block of lacking.reverse()) {
      const { status } = await engine.newPayload(block);
      if (status !== 'VALID')
        throw new ChaosError('failed', `Block ${block.number} is ${status} to the forger.`);
    }
    await engine.forkchoiceUpdated(labelsAt(hash), null);
    return (await engine.blockByHash(hash))!;
  }

  async #sibling(
    { engine }: EmbeddedEngine,
    parent: L2BlockRef,
    timestamp: number,
    gasLimit: bigint,
  ): Promise<L2BlockId> {
    const { payloadId, payloadStatus } = await engine.forkchoiceUpdated(labelsAt(parent.hash), {
      timestamp,
      prevRandao: ZERO_HASH,
      suggestedFeeRecipient: FORGER,
      withdrawals: [],
      parentBeaconBlockRoot: ZERO_HASH,
      gasLimit,
      transactions: [],
      noTxPool: true,
    });
    if (payloadId === null) {
      throw new ChaosError('failed', `The forger's engine answers ${payloadStatus.status} to building.`);
    }
    const { block } = await engine.getPayload(payloadId);
    await engine.newPayload(block);
    await engine.forkchoiceUpdated(labelsAt(block.hash), null);
    return block;
  }
}

/** Nothing is safe or final to the forger: its chain is nobody's. */
const labelsAt = (headBlockHash: L2BlockRef['hash']) => ({
  headBlockHash,
  safeBlockHash: ZERO_HASH,
  finalizedBlockHash: ZERO_HASH,
});
