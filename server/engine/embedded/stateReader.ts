import type { Common } from '@ethereumjs/common';
import { MerklePatriciaTrie } from '@ethereumjs/mpt';
import { MerkleStateManager } from '@ethereumjs/statemanager';
import { Account, createAddressFromString, hexToBytes, ValueEncoding } from '@ethereumjs/util';
import { toHex } from '../../protocol/bytes.ts';
import type { Hash, Hex } from '../../protocol/refs.ts';
import type { StateDb } from './stateDb.ts';

/** Reads one state, of any stored block. Entries are named by hash and never deleted, so it needs no lock. */
export interface StateReader {
  account(address: Hex): Promise<Account>;
  code(address: Hex): Promise<Uint8Array>;
  /** 32 bytes. */
  storage(address: Hex, slot: Uint8Array): Promise<Hex>;
}

export function readState(stateDb: StateDb, common: Common, stateRoot: Hash): StateReader {
  const trie = new MerklePatriciaTrie({
    db: stateDb,
    useKeyHashing: true,
    common,
    valueEncoding: ValueEncoding.Bytes,
    root: hexToBytes(stateRoot),
  });
  const state = new MerkleStateManager({ common, trie });
  return {
    account: async (address) => (await state.getAccount(createAddressFromString(address))) ?? new Account(),
    code: (address) => state.getCode(createAddressFromString(address)),
    async storage(address, slot) {
      const value = await state.getStorage(createAddressFromString(address), slot);
      return `0x${toHex(value).slice(2).padStart(64, '0')}`;
    },
  };
}
