import { mkdir } from 'node:fs/promises';
import { createAccount, createAddressFromString, unpadBytes } from '@ethereumjs/util';
import type { SealedBlock } from '../../protocol/block.ts';
import { fromHex, toHex } from '../../protocol/bytes.ts';
import { headerHash } from '../../protocol/header.ts';
import { installKeccak } from '../../protocol/keccak.ts';
import type { Hash } from '../../protocol/refs.ts';
import { Chain } from './chain.ts';
import { createFastCrypto } from './crypto.ts';
import { EngineCore } from './engineCore.ts';
import { EngineDirError } from './engineDirError.ts';
import { forkAt, type Genesis, parseGenesis } from './genesis.ts';
import { createMemoryStore, type KeyValueStore } from './keyValueStore.ts';
import { openLevelStore } from './levelStore.ts';
import { createMachine, type Machine } from './machine.ts';
import { StateDb } from './stateDb.ts';

export interface CoreOptions {
  /** geth-format genesis, as parsed JSON. */
  readonly genesis: unknown;
  /** Null keeps everything in memory. */
  readonly dir: string | null;
  /** ethrex's rules: privileged transactions and P256VERIFY. */
  readonly l2Rules: boolean;
  /** Milliseconds spent on pool transactions of one block. */
  readonly buildBudget?: number | undefined;
}

export interface OpenCore {
  readonly core: EngineCore;
  close(): Promise<void>;
}

/** Opens the engine in this thread. Throws GenesisError and EngineDirError, each with one sentence. */
export async function openCore(options: CoreOptions): Promise<OpenCore> {
  const genesis = parseGenesis(options.genesis);
  const crypto = await createFastCrypto();
  if (crypto.keccak256 !== undefined) installKeccak(crypto.keccak256);
  const store = await openStore(options.dir);
  try {
    const stateDb = new StateDb(store);
    const fork = forkAt(genesis, genesis.header.timestamp);
    const { l2Rules } = options;
    const machine = await createMachine({ genesis, fork, crypto, stateDb, l2Rules, caches: false });
    const stateRoot = await writeGenesisState(machine, genesis);
    const block = genesisBlock(genesis, stateRoot);
    const where = options.dir === null ? 'the engine' : `the engine directory ${options.dir}`;
    const chain = await Chain.open(store, block, l2Rules, stateDb.takePending(), where);
    const now = () => performance.now();
    const { buildBudget } = options;
    const core = new EngineCore({
      ...{ genesis, chain, stateDb, crypto, l2Rules, now },
      ...(buildBudget === undefined ? {} : { buildBudget }),
    });
    return {
      core,
      async close() {
        await core.idle();
        await store.close();
      },
    };
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function openStore(dir: string | null): Promise<KeyValueStore> {
  if (dir === null) return createMemoryStore();
  try {
    await mkdir(dir, { recursive: true });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new EngineDirError('dir_unreadable', `the engine directory ${dir} cannot be made: ${why}`, error);
  }
  return openLevelStore(dir);
}

/** Computed on every start, because it is what says that the genesis file is the directory's: a second at most. */
async function writeGenesisState({ state }: Machine, genesis: Genesis): Promise<Hash> {
  await state.checkpoint();
  for (const { address, balance, nonce, code, storage } of genesis.accounts) {
    const target = createAddressFromString(address);
    await state.putAccount(target, createAccount({ balance, nonce }));
    if (code !== '0x') await state.putCode(target, fromHex(code));
    for (const [slot, value] of storage) {
      await state.putStorage(target, fromHex(slot), unpadBytes(fromHex(value)));
    }
  }
  await state.commit();
  return toHex(await state.getStateRoot());
}

function genesisBlock({ header }: Genesis, stateRoot: Hash): SealedBlock {
  const complete = { ...header, stateRoot };
  const { number, parentHash, timestamp } = complete;
  const withdrawals = complete.withdrawalsRoot === null ? null : [];
  return {
    number,
    parentHash,
    timestamp,
    hash: headerHash(complete),
    header: complete,
    transactions: [],
    withdrawals,
  };
}
