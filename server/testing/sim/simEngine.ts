import { EngineError, type EngineLabels, type ForkchoiceAnswer } from '../../engine/engine.ts';
import type { ForkchoiceState, PayloadStatus } from '../../protocol/forkchoice.ts';
import { type Hash, type L2BlockRef, ZERO_HASH } from '../../protocol/refs.ts';
import type { L2Block, L2World } from './l2World.ts';
import type { Profile } from './profile.ts';

export interface EnginePicture {
  readonly latest: L2Block;
  readonly safe: L2Block | null;
  readonly finalized: L2Block | null;
}

/**
 * An execution engine, honest within its nature (`Profile`): it keeps every branch it was given, executes blocks,
 * and moves its labels as the Engine API says or as real engines do instead. What goes wrong with a call is not
 * decided here.
 */
export class SimEngine {
  readonly #profile: Profile;
  readonly #l2: L2World;
  readonly #known = new Set<Hash>();
  /** Blocks it holds without having executed them, as side chains are held by some engines. */
  readonly #unexecuted = new Set<Hash>();
  /** Called INVALID though they are right, until it restarts. */
  readonly #slandered = new Set<Hash>();
  #canonical: readonly L2Block[];
  #safe: L2Block | null = null;
  #finalized: L2Block | null = null;
  /** Counts whatever changed the engine beside the driver. */
  outsideChanges = 0;

  constructor(profile: Profile, l2: L2World) {
    this.#profile = profile;
    this.#l2 = l2;
    this.#canonical = [l2.genesis];
    this.#known.add(l2.genesis.hash);
  }

  get picture(): EnginePicture {
    return { latest: this.latest, safe: this.#safe, finalized: this.#finalized };
  }
  get latest(): L2Block {
    return this.#canonical.at(-1)!;
  }
  get canonical(): readonly L2Block[] {
    return this.#canonical;
  }

  isCanonical(block: L2Block): boolean {
    return this.#canonical[block.number] === block;
  }

  labels(): EngineLabels {
    const above = (block: L2Block | null): L2Block | null => (block?.number === 0 ? null : block);
    return { latest: this.latest, safe: above(this.#safe), finalized: above(this.#finalized) };
  }
  blockByNumber(number: number | 'latest' | 'earliest'): L2BlockRef | null {
    if (number === 'latest') return this.latest;
    return this.#canonical[number === 'earliest' ? 0 : number] ?? null;
  }
  blockByHash(hash: Hash): L2BlockRef | null {
    return this.#known.has(hash) ? this.#l2.blocks.get(hash)! : null;
  }

  newPayload(hash: Hash): PayloadStatus {
    const block = this.#l2.blocks.get(hash)!;
    if (!this.#known.has(block.parentHash)) return { status: 'SYNCING' };
    const wrong = this.#wrongIn(block);
    if (wrong !== null) return invalid(wrong);
    if (this.#known.has(hash) && !this.#unexecuted.has(hash))
      return { status: 'VALID', latestValidHash: hash };
    this.#known.add(hash);
    const sideways = block.parent !== this.latest || this.#unexecuted.has(block.parentHash);
    if (!this.#profile.acceptsSiblings || !sideways) {
      // Held unexecuted until now, and executed now.
      this.#unexecuted.delete(hash);
      return block.bad ? invalid(block) : { status: 'VALID', latestValidHash: hash };
    }
    this.#unexecuted.add(hash);
    return { status: 'ACCEPTED' };
  }

  forkchoiceUpdated(state: ForkchoiceState): ForkchoiceAnswer {
    const answer = (payloadStatus: PayloadStatus): ForkchoiceAnswer => ({ payloadStatus, payloadId: null });
    const head = this.#known.has(state.headBlockHash) ? this.#l2.blocks.get(state.headBlockHash)! : null;
    if (head === null) return answer({ status: 'SYNCING' });
    const chain = this.#l2.chainTo(head);
    if (!chain.every((block) => this.#known.has(block.hash))) return answer({ status: 'SYNCING' });
    const wrong = this.#wrongIn(head) ?? this.#wrongUnexecuted(chain);
    if (wrong !== null) return answer(invalid(wrong));
    const valid = answer({ status: 'VALID', latestValidHash: head.hash });
    if (head !== this.latest && this.isCanonical(head)) {
      const { rewind, rewindLimit } = this.#profile;
      const deep = this.latest.number - head.number > rewindLimit;
      if (rewind === 'ignores_and_labels') return valid;
      if (rewind === 'too_deep' && deep) throw engineError('too_deep_reorg', 'Too deep reorg', -38006);
      if (rewind === 'unreachable' && deep) return answer({ status: 'SYNCING' });
      if (rewind === 'ignores') {
        this.#label(state, this.#canonical);
        return valid;
      }
    }
    if (this.#profile.nonAtomic) this.#canonical = chain;
    this.#label(state, chain);
    for (const block of chain) this.#unexecuted.delete(block.hash);
    this.#canonical = chain;
    return valid;
  }

  /** The head of this chain, as somebody else's forkchoice update would set it. Labels that it leaves are gone. */
  moveHead(tip: L2Block): void {
    this.#canonical = this.#l2.chainTo(tip);
    for (const block of this.#canonical) this.#known.add(block.hash);
    this.#dropLostLabels();
    this.outsideChanges += 1;
  }

  /** Starts again from its disk: the newest `lost` blocks are gone, and whatever it held beside its chain. */
  restart(lost: number, keepsBranches: boolean): void {
    this.#canonical = this.#canonical.slice(0, Math.max(1, this.#canonical.length - lost));
    if (!keepsBranches) {
      this.#known.clear();
      for (const block of this.#canonical) this.#known.add(block.hash);
    }
    this.#slandered.clear();
    this.#dropLostLabels();
    this.outsideChanges += 1;
  }

  /** Labels live in memory in some engines. `finalized` too: even that one is gone. */
  forgetLabels(finalizedToo: boolean): void {
    this.#safe = null;
    if (finalizedToo) this.#finalized = null;
    this.outsideChanges += 1;
  }

  wipe(): void {
    this.restart(this.#canonical.length, false);
    this.#safe = null;
    this.#finalized = null;
  }

  /** From now on, until a restart, it calls this block INVALID. */
  slander(hash: Hash): PayloadStatus {
    this.#slandered.add(hash);
    return invalid(this.#l2.blocks.get(hash)!);
  }

  #label({ safeBlockHash, finalizedBlockHash }: ForkchoiceState, chain: readonly L2Block[]): void {
    const named = (hash: Hash): L2Block | null => {
      if (hash === ZERO_HASH) return null;
      const block = this.#l2.blocks.get(hash);
      if (block !== undefined && chain[block.number] === block) return block;
      throw engineError('invalid_forkchoice_state', 'Invalid forkchoice state', -38002);
    };
    const [safe, finalized] = [named(safeBlockHash), named(finalizedBlockHash)];
    if (safe !== null) this.#safe = safe;
    if (finalized !== null) this.#finalized = finalized;
  }

  #dropLostLabels(): void {
    if (this.#safe !== null && !this.isCanonical(this.#safe)) this.#safe = null;
    if (this.#finalized !== null && !this.isCanonical(this.#finalized)) this.#finalized = null;
  }

  /** The block itself or the ancestor that makes it INVALID. */
  #wrongIn(block: L2Block): L2Block | null {
    for (let at: L2Block | null = block; at !== null; at = at.parent) {
      if (this.#slandered.has(at.hash)) return at;
      if (at.bad && !this.#unexecuted.has(at.hash) && !this.#waitsForExecution(at)) return at;
    }
    return null;
  }

  /** A bad block that is only held as a side chain shows when it is to become the head. */
  #waitsForExecution(block: L2Block): boolean {
    return this.#profile.acceptsSiblings && block.parent !== this.latest && !this.#known.has(block.hash);
  }

  #wrongUnexecuted(chain: readonly L2Block[]): L2Block | null {
    return chain.find((block) => block.bad) ?? null;
  }
}

const invalid = (block: L2Block): PayloadStatus => ({
  status: 'INVALID',
  latestValidHash: block.parentHash,
  validationError: `block ${block.number} cannot be executed`,
});

export const engineError = (
  code: ConstructorParameters<typeof EngineError>[0],
  message: string,
  rpcCode: number | null = null,
): EngineError => new EngineError(code, 'engine_call', message, rpcCode);
