import { type FileHandle, open } from 'node:fs/promises';
import { exposedBy } from '../../lib/textFile.ts';
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
    const exposed = exposedBy((await handle.stat()).mode);
    if (exposed !== null) throw new KeyError('bad_mode', `${file} holds a password and ${exposed}`);
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
