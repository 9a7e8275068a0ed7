import type { SealedBlock } from '../../protocol/block.ts';
import { fromHex, toHex } from '../../protocol/bytes.ts';
import type { Hash } from '../../protocol/refs.ts';
import { transactionHash } from '../../protocol/transaction.ts';
import {
  decodeValue,
  encodeValue,
  keys,
  LAYOUT,
  type Labels,
  type Meta,
  type TransactionPlace,
} from './blockRecord.ts';
import { EngineDirError } from './engineDirError.ts';
import type { Change, KeyValueStore } from './keyValueStore.ts';
import type { Receipt } from './receipts.ts';
import { MissingStateError } from './stateDb.ts';

/** Blocks kept decoded: BLOCKHASH looks back 256, and a reorg walk touches its neighbours again. */
const CACHED_BLOCKS = 1_024;

/** What a change of the head did to the canonical branch, oldest first. */
export interface HeadChange {
  readonly removed: readonly SealedBlock[];
  readonly added: readonly SealedBlock[];
}

/**
 * The tree of valid blocks, which of its branches is canonical, and the labels.
 *
 * Order of writes: a block lands in one batch with its receipts and its state; labels and the canonical index land in
 * one batch after it. So whatever is on disk, a label names a block that is there with its state.
 */
export class Chain {
  readonly genesis: SealedBlock;
  readonly #store: KeyValueStore;
  readonly #blocks = new Map<Hash, SealedBlock>();
  #labels: Labels;

  private constructor(store: KeyValueStore, genesis: SealedBlock, labels: Labels) {
    this.#store = store;
    this.genesis = genesis;
    this.#labels = labels;
  }

  /**
   * Opens what the store holds, or begins a chain in an empty one. `genesisState` is the genesis block's state, for a
   * new chain. Throws EngineDirError when the store belongs to another chain.
   */
  static async open(
    store: KeyValueStore,
    genesis: SealedBlock,
    l2Rules: boolean,
    genesisState: readonly Change[],
    where: string,
  ): Promise<Chain> {
    const stored = await store.get(keys.meta);
    const meta: Meta = { layout: LAYOUT, genesisHash: genesis.hash, l2Rules };
    if (stored === undefined) {
      const labels: Labels = { head: genesis.hash, safe: null, finalized: null };
      await store.write([
        ...genesisState,
        { key: keys.block(genesis.hash), value: encodeValue(genesis) },
        { key: keys.receipts(genesis.hash), value: encodeValue([]) },
        { key: keys.canonical(0), value: fromHex(genesis.hash) },
        { key: keys.labels, value: encodeValue(labels) },
        { key: keys.meta, value: encodeValue(meta) },
      ]);
      return new Chain(store, genesis, labels);
    }
    checkMeta(decodeValue<Meta>(stored), meta, where);
    const labels = await store.get(keys.labels);
    if (labels === undefined) {
      throw new EngineDirError(
        'dir_unreadable',
        `${where} holds no labels: remove it, the chain is derived again`,
      );
    }
    return new Chain(store, genesis, decodeValue<Labels>(labels));
  }

  get labels(): Labels {
    return this.#labels;
  }

  async block(hash: Hash): Promise<SealedBlock | null> {
    const cached = this.#blocks.get(hash);
    if (cached !== undefined) return cached;
    const stored = await this.#store.get(keys.block(hash));
    if (stored === undefined) return null;
    const block = decodeValue<SealedBlock>(stored);
    this.#remember(block);
    return block;
  }

  /** A block that must be there because something stored refers to it. Throws MissingStateError. */
  async requireBlock(hash: Hash): Promise<SealedBlock> {
    const block = await this.block(hash);
    if (block === null) throw new MissingStateError(`no block ${hash}`);
    return block;
  }

  head(): Promise<SealedBlock> {
    return this.requireBlock(this.#labels.head);
  }

  async receipts(hash: Hash): Promise<readonly Receipt[] | null> {
    const stored = await this.#store.get(keys.receipts(hash));
    return stored === undefined ? null : decodeValue<readonly Receipt[]>(stored);
  }

  /** Hash of the canonical block of that number, or null above the head. */
  async canonicalHash(number: number): Promise<Hash | null> {
    const stored = await this.#store.get(keys.canonical(number));
    return stored === undefined ? null : toHex(stored);
  }

  async isCanonical(block: SealedBlock): Promise<boolean> {
    return (await this.canonicalHash(block.number)) === block.hash;
  }

  async transactionPlace(hash: Hash): Promise<TransactionPlace | null> {
    const stored = await this.#store.get(keys.transaction(hash));
    return stored === undefined ? null : decodeValue<TransactionPlace>(stored);
  }

  /** Stores a valid block with its receipts and its state, whole or not at all. */
  async add(block: SealedBlock, receipts: readonly Receipt[], state: readonly Change[]): Promise<void> {
    await this.#store.write([
      ...state,
      { key: keys.block(block.hash), value: encodeValue(block) },
      { key: keys.receipts(block.hash), value: encodeValue(receipts) },
    ]);
    this.#remember(block);
  }

  /** Hash of the ancestor of `block` with a number below its own. Walks the branch down to the canonical one. */
  async ancestorHash(block: SealedBlock, number: number): Promise<Hash> {
    let current = block;
    while (current.number > number) {
      if (await this.isCanonical(current)) {
        const canonical = await this.canonicalHash(number);
        if (canonical !== null) return canonical;
      }
      current = await this.requireBlock(current.parentHash);
    }
    return current.hash;
  }

  /** True when `ancestor` is `block` or on the way from it down to genesis. */
  async isAncestor(ancestor: SealedBlock, block: SealedBlock): Promise<boolean> {
    return (
      ancestor.number <= block.number && (await this.ancestorHash(block, ancestor.number)) === ancestor.hash
    );
  }

  /** Makes the branch of `head` canonical and sets the labels, in one batch. */
  async setLabels(head: SealedBlock, safe: Hash | null, finalized: Hash | null): Promise<HeadChange> {
    const change = await this.#changeTo(head);
    const changes: Change[] = [];
    for (const block of change.removed) {
      changes.push({ key: keys.canonical(block.number), value: null });
      for (const encoded of block.transactions) {
        changes.push({ key: keys.transaction(transactionHash(encoded)), value: null });
      }
    }
    for (const block of change.added) {
      changes.push({ key: keys.canonical(block.number), value: fromHex(block.hash) });
      block.transactions.forEach((encoded, index) => {
        const place: TransactionPlace = { blockHash: block.hash, index };
        changes.push({ key: keys.transaction(transactionHash(encoded)), value: encodeValue(place) });
      });
    }
    const labels: Labels = { head: head.hash, safe, finalized };
    changes.push({ key: keys.labels, value: encodeValue(labels) });
    await this.#store.write(changes);
    this.#labels = labels;
    return change;
  }

  async #changeTo(head: SealedBlock): Promise<HeadChange> {
    const added: SealedBlock[] = [];
    let fresh = head;
    while (!(await this.isCanonical(fresh))) {
      added.push(fresh);
      fresh = await this.requireBlock(fresh.parentHash);
    }
    const removed: SealedBlock[] = [];
    let old = await this.head();
    while (old.number > fresh.number) {
      removed.push(old);
      old = await this.requireBlock(old.parentHash);
    }
    return { removed: removed.reverse(), added: added.reverse() };
  }

  #remember(block: SealedBlock): void {
    this.#blocks.set(block.hash, block);
    if (this.#blocks.size <= CACHED_BLOCKS) return;
    const oldest = this.#blocks.keys().next();
    if (!oldest.done) this.#blocks.delete(oldest.value);
  }
}

function checkMeta(stored: Meta, wanted: Meta, where: string): void {
  if (stored.layout !== wanted.layout) {
    const message = `${where} has layout ${stored.layout}, not ${wanted.layout}: remove it, the chain is derived again`;
    throw new EngineDirError('dir_unreadable', message);
  }
  if (stored.genesisHash !== wanted.genesisHash) {
    const message = `${where} holds a chain with genesis ${stored.genesisHash}, not ${wanted.genesisHash}: use another directory`;
    throw new EngineDirError('dir_foreign_genesis', message);
  }
  if (stored.l2Rules !== wanted.l2Rules) {
    const message = `${where} was made ${stored.l2Rules ? 'with' : 'without'} the L2 rules: use another directory`;
    throw new EngineDirError('dir_foreign_genesis', message);
  }
}
