import { type FileHandle, open } from 'node:fs/promises';
import { Secret } from '../../telemetry/secret.ts';
import { KeyError } from './keyError.ts';

/** Some hundred times the largest honest one. */
const MAX_BYTES = 64 * 1024;

/** Reads a small text file. Errors: `unreadable`. */
export const readKeyFile = (file: string): Promise<string> =>
  withFile(file, (handle) => readText(file, handle));

/**
 * Reads a password: the file's text without the line end. Only its owner may be able to read the file.
 * Errors: `unreadable`, `bad_mode`.
 */
export async function readPasswordFile(file: string): Promise<Secret<string>> {
  const text = await withFile(file, async (handle) => {
    // Of the open file, so that it is the one that is read.
    const { mode } = await handle.stat();
    // Windows has no such bits; its file system's own rights apply there.
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
      const shown = (mode & 0o777).toString(8).padStart(4, '0');
      throw new KeyError(
        'bad_mode',
        `${file} holds a password and can be read by other users (mode ${shown}): run "chmod 600" on it`,
      );
    }
    return readText(file, handle);
  });
  return new Secret(text.replace(/\r?\n$/, ''));
}

async function withFile<T>(file: string, work: (handle: FileHandle) => Promise<T>): Promise<T> {
  let handle: FileHandle | null = null;
  try {
    handle = await open(file, 'r');
    return await work(handle);
  } catch (error) {
    if (error instanceof KeyError) throw error;
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    throw new KeyError('unreadable', `${file} cannot be read (${code})`);
  } finally {
    await handle?.close();
  }
}

async function readText(file: string, handle: FileHandle): Promise<string> {
  const { size } = await handle.stat();
  if (size > MAX_BYTES)
    throw new KeyError('unreadable', `${file} has ${size} bytes: that is no key or password`);
  return handle.readFile('utf8');
}
