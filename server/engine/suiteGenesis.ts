import { toHex } from '../protocol/bytes.ts';
import { BEACON_ROOTS, BLOCK_HASHES } from './embedded/systemCalls.ts';
import { testGenesis } from './embedded/testChain.ts';

const STOP = { balance: '0x0', code: '0x00' };
const EARLY = ['homestead', 'eip150', 'eip155', 'eip158', 'byzantium', 'constantinople', 'petersburg'];

/** A genesis that every engine takes: all hardforks by name, and code where Prague calls its request contracts. */
export const suiteGenesis = (options: { prague?: boolean } = {}) => {
  const { config, ...genesis } = testGenesis({
    prague: options.prague ?? true,
    alloc: {
      // They write at each block, so that no two blocks share a state.
      [BEACON_ROOTS.address]: { balance: '0x0', nonce: '0x1', code: toHex(BEACON_ROOTS.code) },
      [BLOCK_HASHES.address]: { balance: '0x0', nonce: '0x1', code: toHex(BLOCK_HASHES.code) },
      '0x00000961ef480eb55e80d19ad83579a64c007002': STOP,
      '0x0000bbddc7ce488642fb579f8b00f3a590007251': STOP,
    },
  });
  const blocks = [...EARLY, 'istanbul', 'berlin', 'london', 'mergeNetsplit'];
  return {
    ...genesis,
    config: {
      ...config,
      ...Object.fromEntries(blocks.map((name) => [`${name}Block`, 0])),
      terminalTotalDifficulty: 0,
      blobSchedule: {
        cancun: { target: 3, max: 6, baseFeeUpdateFraction: 3_338_477 },
        prague: { target: 6, max: 9, baseFeeUpdateFraction: 5_007_716 },
      },
    },
  };
};
