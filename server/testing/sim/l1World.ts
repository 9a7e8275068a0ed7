import type { BatchCommit } from '../../protocol/batch.ts';
import type { Hash, L1BlockId, L1BlockRef } from '../../protocol/refs.ts';
import { ZERO_HASH } from '../../protocol/refs.ts';
import type { Dice } from './dice.ts';
import type { Content, Flaw, L2Block, L2World } from './l2World.ts';
import type { Profile } from './profile.ts';

export const L1_GENESIS_TIME = 1_700_000_000;
export const L1_BLOCK_SECONDS = 12;

/** One L1 block on one branch. */
export interface L1Block {
  readonly ref: L1BlockRef;
  readonly parent: L1Block | null;
  readonly commits: readonly BatchCommit[];
  readonly contents: readonly Content[];
  /** `lastCommittedBatch` of the contract after this block. */
  readonly lastBatch: number;
  /** Where the sequencers of this branch build on: the last block that any batch claims. */
  readonly tip: L2Block;
}

const hashOf = (id: number, number: number): Hash =>
  `0x11${id.toString(16).padStart(6, '0')}${number.toString(16).padStart(56, '0')}`;

/** The tree of all L1 blocks, with the branch that L1 holds canonical at this moment and what it has finalized. */
export class L1World {
  readonly genesis: L1Block;
  readonly blocks = new Map<Hash, L1Block>();
  readonly formerHeads: L1Block[] = [];
  head: L1Block;
  finalized: L1Block;
  /** L1 left a branch that it had called final. */
  crossedFinality = false;
  readonly #l2: L2World;
  readonly #profile: Profile;
  readonly #branches = new Map<Hash, readonly L1Block[]>();

  constructor(profile: Profile, l2: L2World) {
    this.#l2 = l2;
    this.#profile = profile;
    const ref = { number: 0, hash: hashOf(0, 0), parentHash: ZERO_HASH, timestamp: L1_GENESIS_TIME };
    this.genesis = { ref, parent: null, commits: [], contents: [], lastBatch: 0, tip: l2.genesis };
    this.blocks.set(ref.hash, this.genesis);
    this.head = this.genesis;
    this.finalized = this.genesis;
  }

  /** The branch that ends in `tip`, by block number. */
  branchOf(tip: L1Block): readonly L1Block[] {
    const known = this.#branches.get(tip.ref.hash);
    if (known !== undefined) return known;
    const branch: L1Block[] = new Array(tip.ref.number + 1);
    for (let at: L1Block | null = tip; at !== null; at = at.parent) branch[at.ref.number] = at;
    if (this.#branches.size > 64) this.#branches.clear();
    this.#branches.set(tip.ref.hash, branch);
    return branch;
  }

  contains(tip: L1Block, id: L1BlockId): boolean {
    return this.branchOf(tip)[id.number]?.ref.hash === id.hash;
  }

  commonAncestor(a: L1Block, b: L1Block): L1Block {
    let [left, right]: L1Block[] = [a, b];
    while (left !== right) {
      if (left!.ref.number >= right!.ref.number) left = left!.parent!;
      else right = right!.parent!;
    }
    return left!;
  }

  /** Adds a block to the canonical branch; `quiet` ones hold no commit. */
  mine(dice: Dice, quiet = false): L1Block {
    this.head = this.#child(this.head, dice, quiet);
    return this.head;
  }

  /** Replaces the newest `depth` blocks by `length` others, or by none. Down to the finalized block, no further. */
  reorg(depth: number, length: number, dice: Dice): void {
    const floor = this.finalized.ref.number;
    this.#leave();
    for (let i = 0; i < depth && this.head.ref.number > floor; i++) this.head = this.head.parent!;
    for (let i = 0; i < length; i++) this.mine(dice);
  }

  /** Back to a head that was left, where finality allows it. */
  flipTo(former: L1Block): void {
    if (!this.contains(former, this.finalized.ref)) return;
    this.#leave();
    this.head = former;
  }

  /** What L1 promises never to do. */
  crossFinality(dice: Dice): void {
    if (this.finalized.parent === null) return;
    this.#leave();
    const depth = dice.between(1, Math.min(12, this.finalized.ref.number));
    this.head = this.finalized;
    for (let i = 0; i < depth; i++) this.head = this.head.parent!;
    this.finalized = this.head;
    this.crossedFinality = true;
    for (let i = dice.between(depth, depth + 8); i > 0; i--) this.mine(dice);
  }

  finalizeTo(number: number): void {
    const at = this.branchOf(this.head)[number];
    if (at !== undefined && number > this.finalized.ref.number) this.finalized = at;
  }

  #leave(): void {
    this.formerHeads.push(this.head);
    if (this.formerHeads.length > 6) this.formerHeads.shift();
  }

  #child(parent: L1Block, dice: Dice, quiet: boolean): L1Block {
    const number = parent.ref.number + 1;
    const ref: L1BlockRef = {
      number,
      hash: hashOf(this.blocks.size, number),
      parentHash: parent.ref.hash,
      timestamp: L1_GENESIS_TIME + number * L1_BLOCK_SECONDS,
    };
    const count = quiet ? 0 : Number(dice.weighted(this.#profile.batchesPerBlock));
    const contents: Content[] = [];
    let tip = parent.tip;
    for (let i = 0; i < count; i++) {
      const content = this.#content(tip, parent.lastBatch + i + 1, dice);
      contents.push(content);
      // After a wrong batch sequencers build on what it claims, or on what was right before it.
      const claimed = content.blocks.at(-1);
      if (claimed !== undefined && (content.flaw === null || dice.chance(0.5))) tip = claimed;
    }
    const commits = contents.map((content, index) =>
      commitOf(content, parent.lastBatch + index + 1, ref, index),
    );
    const block = { ref, parent, commits, contents, lastBatch: parent.lastBatch + count, tip };
    this.blocks.set(ref.hash, block);
    return block;
  }

  /** What the next batch holds: what another branch committed under this number, or something else. */
  #content(tip: L2Block, batchNumber: number, dice: Dice): Content {
    const { sameContent, blobs, longBatches, flawed, reuseBlocks } = this.#profile;
    if (dice.chance(sameContent)) {
      const before = this.#l2.contents.findLast(
        (one) => one.flaw === null && one.blocks[0]?.parentHash === tip.hash,
      );
      if (before !== undefined) return before;
    }
    const inBlob = dice.chance(blobs);
    const flaw: Flaw | null = dice.chance(flawed)
      ? dice.pick(['unreadable', 'link', 'empty', 'execution'] as const)
      : null;
    if (flaw === 'empty') return this.#l2.content([], flaw, inBlob);
    const length = dice.chance(longBatches) ? dice.between(60, 140) : dice.between(1, 4);
    if (flaw === 'link') return this.#l2.content([this.#l2.build(this.#stranger(tip, dice))], flaw, inBlob);
    const blocks = this.#l2.grow(tip, length, batchNumber % 2 === 0 ? reuseBlocks : 0.5, dice);
    if (flaw !== 'execution') return this.#l2.content(blocks, flaw, inBlob);
    const good = blocks.slice(0, dice.int(blocks.length));
    const bad = [this.#l2.build(good.at(-1) ?? tip, true)];
    for (let i = dice.int(3); i > 0; i--) bad.push(this.#l2.build(bad.at(-1)!));
    return this.#l2.content([...good, ...bad], flaw, inBlob);
  }

  /** A block of the right height or not, that the batch must not build on. */
  #stranger(tip: L2Block, dice: Dice): L2Block {
    const parent = tip.parent ?? tip;
    return dice.chance(0.5) && parent !== tip ? parent : this.#l2.build(parent);
  }
}

const L1_SENDER = `0x${'aa'.repeat(20)}` as const;
const L1_CONTRACT = `0x${'0c'.repeat(20)}` as const;

function commitOf(content: Content, batchNumber: number, l1Block: L1BlockRef, logIndex: number): BatchCommit {
  const word = content.id.toString(16).padStart(60, '0');
  return {
    batchNumber,
    newStateRoot: `0x5e5e${word}`,
    l1Block,
    logIndex,
    transaction: {
      hash: `0x77${l1Block.hash.slice(4, 10)}${batchNumber.toString(16).padStart(56, '0')}`,
      from: L1_SENDER,
      to: L1_CONTRACT,
      input: content.inBlob ? new Uint8Array() : inputOf(content.id),
      blobVersionedHashes: content.inBlob ? [`0x0b0b${word}`] : [],
    },
  };
}

/** The bytes that stand for a batch, in calldata or in a blob. */
export const inputOf = (id: number): Uint8Array => Uint8Array.of(id >>> 24, id >>> 16, id >>> 8, id);

/** Which content those bytes name. */
export const contentIdOf = (bytes: Uint8Array): number =>
  ((bytes[0]! << 24) | (bytes[1]! << 16) | (bytes[2]! << 8) | bytes[3]!) >>> 0;

export const blobContentId = (versionedHash: Hash): number => Number.parseInt(versionedHash.slice(6), 16);
