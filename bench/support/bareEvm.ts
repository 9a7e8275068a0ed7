/**
 * The bare loop that the engine is held against: @ethereumjs' own `runBlock` on the same blocks, with the same native
 * cryptography and caches, in a thread of its own as the engine is. It decodes each block and executes it, and checks
 * what `runBlock` checks; it stores no blocks, keeps no indices and answers nobody.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { type Block, createBlockFromRLP } from '@ethereumjs/block';
import { createCommonFromGethGenesis, parseGethGenesisState } from '@ethereumjs/common';
import { MerklePatriciaTrie } from '@ethereumjs/mpt';
import { Caches, CacheType, MerkleStateManager } from '@ethereumjs/statemanager';
import { createVM, runBlock } from '@ethereumjs/vm';
import { createFastCrypto } from '../../server/engine/embedded/crypto.ts';

export interface BareInput {
  /** geth-format genesis. */
  readonly genesis: unknown;
  readonly hardfork: string;
  /** RLP with four items. */
  readonly blocks: readonly Uint8Array[];
}

/** Milliseconds for all blocks. */
export type BareOutput = number;

async function run({ genesis, hardfork, blocks }: BareInput): Promise<BareOutput> {
  const json = genesis as Parameters<typeof createCommonFromGethGenesis>[0];
  const customCrypto = await createFastCrypto();
  const common = createCommonFromGethGenesis(json, { hardfork, customCrypto });
  const caches = new Caches({
    account: { type: CacheType.LRU, size: 100_000 },
    storage: { type: CacheType.LRU, size: 100_000 },
    code: { type: CacheType.LRU, size: 10_000 },
  });
  const trie = new MerklePatriciaTrie({ useKeyHashing: true, common });
  const stateManager = new MerkleStateManager({ common, trie, caches });
  await stateManager.generateCanonicalGenesis(parseGethGenesisState(json));
  const known = new Map<number, Block>();
  const blockchain = {
    getBlock: async (number: number) => known.get(number)!,
    putBlock: async () => undefined,
    shallowCopy: () => blockchain,
  };
  const vm = await createVM({ common, stateManager, evmOpts: { blockchain } });
  let root = await stateManager.getStateRoot();
  const started = performance.now();
  for (const bytes of blocks) {
    const block = createBlockFromRLP(bytes, { common, skipConsensusFormatValidation: true });
    await runBlock(vm, {
      block,
      root,
      clearCache: false,
      skipBlockValidation: true,
      skipHardForkValidation: true,
    });
    known.set(Number(block.header.number), block);
    root = block.header.stateRoot;
  }
  return performance.now() - started;
}

parentPort?.postMessage(await run(workerData as BareInput));
