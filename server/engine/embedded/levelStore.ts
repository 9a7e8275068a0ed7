import { ClassicLevel } from 'classic-level';
import { EngineDirError } from './engineDirError.ts';
import type { KeyValueStore } from './keyValueStore.ts';

/** Bytes of recently read values that LevelDB keeps in memory. */
const CACHE_BYTES = 32 * 1024 * 1024;
/** Bytes that collect in memory (and in the write-ahead log) before they become a sorted file. */
const WRITE_BUFFER_BYTES = 16 * 1024 * 1024;

/**
 * A store in a directory. A batch is one record of LevelDB's log, so kill -9 leaves it whole or absent, and the log
 * is replayed in order. Batches are not forced to the platter: a power cut may lose the newest ones, never a middle
 * one, and what is lost is derived from L1 again. Throws EngineDirError.
 */
export async function openLevelStore(dir: string): Promise<KeyValueStore> {
  const level = new ClassicLevel<string, Uint8Array>(dir, {
    keyEncoding: 'utf8',
    valueEncoding: 'view',
    cacheSize: CACHE_BYTES,
    writeBufferSize: WRITE_BUFFER_BYTES,
  });
  try {
    await level.open();
  } catch (error) {
    throw explain(dir, error);
  }
  return {
    inMemory: false,
    // Nearly every read is answered from memory, so it costs less than a trip through the thread pool would.
    get: (key) => level.getSync(key),
    write: (changes) =>
      level.batch(
        changes.map(({ key, value }) =>
          value === null ? { type: 'del', key } : { type: 'put', key, value },
        ),
      ),
    close: () => level.close(),
  };
}

function explain(dir: string, error: unknown): EngineDirError {
  const cause = error instanceof Error ? (error.cause as { code?: string } | undefined) : undefined;
  if (cause?.code === 'LEVEL_LOCKED') {
    return new EngineDirError(
      'dir_locked',
      `another process uses the engine directory ${dir}: stop it first`,
      error,
    );
  }
  return new EngineDirError(
    'dir_unreadable',
    `the engine directory ${dir} cannot be read (${messageOf(cause ?? error)}): remove it, the chain is derived again`,
    error,
  );
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
