/** One change of a batch. A null value deletes. */
export interface Change {
  readonly key: string;
  readonly value: Uint8Array | null;
}

/** What the engine needs of a database: reads by key and batches that land whole or not at all. */
export interface KeyValueStore {
  /** Reads cost no more than a cache in front of them would. */
  readonly inMemory: boolean;
  get(key: string): Promise<Uint8Array | undefined> | Uint8Array | undefined;
  /** All changes or none, also when the process is killed in the middle. Later batches never land without earlier ones. */
  write(changes: readonly Change[]): Promise<void>;
  close(): Promise<void>;
}

export function createMemoryStore(): KeyValueStore {
  const values = new Map<string, Uint8Array>();
  return {
    inMemory: true,
    get: (key) => values.get(key),
    async write(changes) {
      for (const { key, value } of changes) {
        if (value === null) values.delete(key);
        else values.set(key, value);
      }
    },
    async close() {
      values.clear();
    },
  };
}
