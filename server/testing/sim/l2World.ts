import type { SealedBlock } from '../../protocol/block.ts';
import type { Hash, L2BlockRef } from '../../protocol/refs.ts';
import { ZERO_HASH } from '../../protocol/refs.ts';
import type { Dice } from './dice.ts';

/** Seconds since 1970 of the L2 genesis in every simulation. */
export const L2_GENESIS_TIME = 1_700_000_000;

/** One L2 block of the simulated world. `bad`: executing it fails, whoever executes it. */
export interface L2Block extends L2BlockRef {
  readonly parent: L2Block | null;
  readonly bad: boolean;
}

/**
 * What is wrong with a batch, and who can know: `unreadable`, `link` and `empty` show in the data (derivation),
 * `execution` only when an engine runs the block.
 */
export type Flaw = 'unreadable' | 'link' | 'empty' | 'execution';

/** What a commit transaction carries: some L2 blocks, right or wrong. Commits name it by `id`. */
export interface Content {
  readonly id: number;
  readonly blocks: readonly L2Block[];
  readonly flaw: Flaw | null;
  /** Only its blob says which blocks it holds. */
  readonly inBlob: boolean;
}

const hashOf = (id: number, number: number): Hash =>
  `0x22${id.toString(16).padStart(6, '0')}${number.toString(16).padStart(56, '0')}`;

/** Every L2 block that anybody ever made, and every batch content. Hashes are serial numbers. */
export class L2World {
  readonly genesis: L2Block;
  readonly blocks = new Map<Hash, L2Block>();
  readonly contents: Content[] = [];
  readonly #children = new Map<Hash, L2Block[]>();

  constructor() {
    this.genesis = {
      number: 0,
      hash: hashOf(0, 0),
      parentHash: ZERO_HASH,
      timestamp: L2_GENESIS_TIME,
      parent: null,
      bad: false,
    };
    this.blocks.set(this.genesis.hash, this.genesis);
  }

  build(parent: L2Block, bad = false): L2Block {
    const number = parent.number + 1;
    const block: L2Block = {
      number,
      hash: hashOf(this.blocks.size, number),
      parentHash: parent.hash,
      timestamp: L2_GENESIS_TIME + number * 2,
      parent,
      bad,
    };
    this.blocks.set(block.hash, block);
    const siblings = this.#children.get(parent.hash) ?? [];
    siblings.push(block);
    this.#children.set(parent.hash, siblings);
    return block;
  }

  /** `count` blocks on `parent`: those that exist already as often as `reuse` says, else new ones. */
  grow(parent: L2Block, count: number, reuse: number, dice: Dice): readonly L2Block[] {
    const made: L2Block[] = [];
    for (let at = parent; made.length < count; ) {
      const good = (this.#children.get(at.hash) ?? []).filter((child) => !child.bad);
      at = good.length > 0 && dice.chance(reuse) ? dice.pick(good) : this.build(at);
      made.push(at);
    }
    return made;
  }

  content(blocks: readonly L2Block[], flaw: Flaw | null, inBlob: boolean): Content {
    const content = { id: this.contents.length, blocks, flaw, inBlob };
    this.contents.push(content);
    return content;
  }

  /** From genesis to `tip`, in order. */
  chainTo(tip: L2Block): readonly L2Block[] {
    const chain: L2Block[] = [];
    for (let at: L2Block | null = tip; at !== null; at = at.parent) chain.push(at);
    return chain.reverse();
  }
}

/** A block as the driver hands it to an engine: of a sealed block it reads the reference alone. */
export const asSealed = (block: L2Block): SealedBlock => block as unknown as SealedBlock;
