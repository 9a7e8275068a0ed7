import type { BatchDBOp, DB } from '@ethereumjs/util';
import { EMPTY_TRIE_ROOT } from '../../protocol/trieRoot.ts';
import type { Change, KeyValueStore } from './keyValueStore.ts';

/** A state that a stored block refers to is not in the database: the data is damaged, which says nothing of the block. */
export class MissingStateError extends Error {
  override readonly name = 'MissingStateError';
  readonly code = 'missing_state';
}

/** The root of an empty trie, which names no entry. */
const EMPTY_ROOT = EMPTY_TRIE_ROOT.slice(2);
const PREFIX = 's';
/** Trie nodes kept in memory; most are under 600 bytes. */
const CACHED_NODES = 50_000;

/**
 * The database below the state tries. Everything in it is named by its hash and never deleted, so the states of all
 * branches stay readable and readers need no lock.
 *
 * Writes collect in memory until the block they belong to is stored: `takePending` hands them out for the batch that
 * also holds the block, so that a block is never on disk without its state.
 */
export class StateDb implements DB<string, string | Uint8Array> {
  readonly #store: KeyValueStore;
  readonly #cachedNodes: number;
  readonly #cache = new Map<string, Uint8Array>();
  #pending = new Map<string, Uint8Array>();

  constructor(store: KeyValueStore) {
    this.#store = store;
    this.#cachedNodes = store.inMemory ? 0 : CACHED_NODES;
  }

  /** Throws MissingStateError: whoever asks has the hash from an entry that was stored after this one. */
  async get(key: string): Promise<Uint8Array | undefined> {
    const recent = this.#pending.get(key) ?? this.#cache.get(key);
    if (recent !== undefined) return recent;
    const stored = this.#store.get(PREFIX + key);
    const value = stored instanceof Promise ? await stored : stored;
    if (value === undefined && key !== EMPTY_ROOT) throw new MissingStateError(`no state entry ${key}`);
    if (value === undefined) return undefined;
    this.#remember(key, value);
    return value;
  }

  async put(key: string, value: string | Uint8Array): Promise<void> {
    this.#pending.set(key, value as Uint8Array);
  }

  /** Other branches may still need what this one no longer does. */
  async del(): Promise<void> {}

  async batch(operations: BatchDBOp<string, string | Uint8Array>[]): Promise<void> {
    for (const operation of operations) {
      if (operation.type === 'put') this.#pending.set(operation.key, operation.value as Uint8Array);
    }
  }

  shallowCopy(): StateDb {
    return this;
  }

  async open(): Promise<void> {}

  /** What was written since the last call, to be stored with the block that caused it. */
  takePending(): Change[] {
    const changes: Change[] = [];
    for (const [key, value] of this.#pending) {
      changes.push({ key: PREFIX + key, value });
      this.#remember(key, value);
    }
    this.#pending = new Map();
    return changes;
  }

  /** Forgets what was written since then: the block was not valid. */
  dropPending(): void {
    this.#pending = new Map();
  }

  /** A Map iterates in the order of insertion, so its first key is the oldest. */
  #remember(key: string, value: Uint8Array): void {
    if (this.#cachedNodes === 0) return;
    this.#cache.set(key, value);
    if (this.#cache.size <= this.#cachedNodes) return;
    const oldest = this.#cache.keys().next();
    if (!oldest.done) this.#cache.delete(oldest.value);
  }
}
