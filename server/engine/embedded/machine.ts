import { paramsBlock } from '@ethereumjs/block';
import {
  type Common,
  type CustomCrypto,
  createCustomCommon,
  type HardforksDict,
  Mainnet,
} from '@ethereumjs/common';
import { createEVM, type EVM } from '@ethereumjs/evm';
import { MerklePatriciaTrie } from '@ethereumjs/mpt';
import { Caches, CacheType, MerkleStateManager } from '@ethereumjs/statemanager';
import { paramsTx } from '@ethereumjs/tx';
import { hexToBytes, ValueEncoding } from '@ethereumjs/util';
import { createVM, type VM } from '@ethereumjs/vm';
import type { Hash } from '../../protocol/refs.ts';
import type { Fork, Genesis } from './genesis.ts';
import { GAS_PER_BLOB } from './headerRules.ts';
import type { StateDb } from './stateDb.ts';

/** P256VERIFY at 0x100, which an ethrex L2 has from genesis while L1 gets it with Osaka. */
const P256_EIP = 7951;

/** Hash of the ancestor with that number of the block being executed. */
export type AncestorHash = (number: number) => Promise<Hash>;

export interface MachineOptions {
  readonly genesis: Genesis;
  readonly fork: Fork;
  readonly crypto: CustomCrypto;
  readonly stateDb: StateDb;
  readonly l2Rules: boolean;
  /** Keep accounts, slots and code in memory between blocks: for the machine that follows the chain. */
  readonly caches: boolean;
}

/** The EIPs of the hardforks that have a blob schedule: the library wants them repeated where the schedule is given. */
const BLOB_FORK_EIPS = {
  cancun: [1153, 4844, 4788, 5656, 6780, 7516],
  prague: [2537, 2935, 6110, 7002, 7251, 7623, 7685, 7691, 7702],
};

/** An EVM with one hardfork's rules, standing on one state. */
export interface Machine {
  readonly fork: Fork;
  readonly common: Common;
  readonly vm: VM;
  readonly evm: EVM;
  readonly state: MerkleStateManager;
  /** Set by whoever begins a block; BLOCKHASH asks it. */
  ancestorHash: AncestorHash;
  /** Moves to a state that the database holds. Throws MissingStateError when it does not. */
  standOn(stateRoot: Hash): Promise<void>;
  /** Told after execution: the state it stands on now, or null when its caches cannot be trusted. */
  stands(stateRoot: Hash | null): void;
}

export async function createMachine(options: MachineOptions): Promise<Machine> {
  const { fork, stateDb } = options;
  const common = createCommon(options);
  const trie = new MerklePatriciaTrie({
    db: stateDb,
    useKeyHashing: true,
    common,
    valueEncoding: ValueEncoding.Bytes,
  });
  const state = new MerkleStateManager({
    common,
    trie,
    ...(options.caches ? { caches: createCaches() } : {}),
  });
  const blockchain = createBlockHashSource();
  const evm = (await createEVM({ common, stateManager: state, blockchain })) as EVM;
  const vm = await createVM({ common, stateManager: state, evm });
  shareRules(common);
  let standing: Hash | null = null;
  return {
    fork,
    common,
    vm,
    evm,
    state,
    get ancestorHash() {
      return blockchain.ancestorHash;
    },
    set ancestorHash(source) {
      blockchain.ancestorHash = source;
    },
    async standOn(stateRoot) {
      const moved = standing !== stateRoot;
      standing = null;
      await state.setStateRoot(hexToBytes(stateRoot), moved);
      standing = stateRoot;
    },
    stands(stateRoot) {
      standing = stateRoot;
    },
  };
}

/** The hardfork's rules with this chain's id and blob schedule. */
function createCommon({ genesis, fork, crypto, l2Rules }: MachineOptions): Common {
  const customHardforks: HardforksDict = {};
  for (const name of ['cancun', 'prague'] as const) {
    const schedule = genesis.blobSchedules[name];
    customHardforks[name] = {
      eips: BLOB_FORK_EIPS[name],
      params: {
        targetBlobGasPerBlock: schedule.target * Number(GAS_PER_BLOB),
        maxBlobGasPerBlock: schedule.max * Number(GAS_PER_BLOB),
        blobGasPriceUpdateFraction: schedule.baseFeeUpdateFraction,
      },
    };
  }
  const chain = {
    name: 'plumbline',
    chainId: genesis.chainId.toString(),
    customHardforks,
    depositContractAddress: genesis.depositContract,
  };
  return createCustomCommon(chain, Mainnet, {
    hardfork: fork,
    eips: l2Rules ? [P256_EIP] : [],
    customCrypto: crypto,
  });
}

/**
 * The library gives each transaction and each header a copy of the rules and merges its parameters into it, a tenth of
 * the time of a transfer. A machine's rules never change, so all of them can share one.
 */
function shareRules(common: Common): void {
  common.updateParams(paramsTx);
  common.updateParams(paramsBlock);
  common.updateParams = () => undefined;
  common.copy = () => common;
}

/** Entries kept between blocks. Above what one block of 150 M gas can touch, because the caches hold its changes. */
const createCaches = (): Caches =>
  new Caches({
    account: { type: CacheType.LRU, size: 100_000 },
    storage: { type: CacheType.LRU, size: 100_000 },
    code: { type: CacheType.LRU, size: 10_000 },
  });

/** The library asks a blockchain for whole blocks and uses only their hashes. */
function createBlockHashSource() {
  const source = {
    ancestorHash: async (number: number): Promise<Hash> => {
      throw new Error(`no block is being executed that could ask for the hash of block ${number}`);
    },
    async getBlock(number: number) {
      const hash = hexToBytes(await source.ancestorHash(number));
      return { hash: () => hash };
    },
    async putBlock(): Promise<void> {},
    shallowCopy: () => source,
  };
  return source;
}
