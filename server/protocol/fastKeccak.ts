import { createKeccak } from 'hash-wasm';
import { installKeccak } from './keccak.ts';

/**
 * Installs the WebAssembly Keccak, several times as fast as the built-in JavaScript one. Compiling it is
 * asynchronous, which is why a process asks for it once when it starts. Without this call everything works, slower.
 */
export async function installFastKeccak(): Promise<void> {
  const hasher = await createKeccak(256);
  installKeccak((bytes) => hasher.init().update(bytes).digest('binary'));
}
