import { startAnvil } from './anvil.ts';
import { deployContracts } from './deploy.ts';
import { devAccounts } from './genesis.ts';
import { openReplay, type Replay } from './replay.ts';
import {
  type DevnetDeps,
  type DevnetOptions,
  emptyDir,
  genesisBlock,
  type RunningChain,
  rollupConfig,
} from './runningChain.ts';

export interface ReplayChainOptions extends DevnetOptions {
  /** Folder of recorded batches: `l2.json`, `N-1.blob`. */
  readonly recorded: string;
  /** Commit with the blobs instead of calldata. */
  readonly blobs: boolean;
}

/** Accounts of the development mnemonic, by use. */
const DEPLOYER = 0;
const SEQUENCER = 1;
const DEPOSITOR = 2;
const ACCOUNTS = 3;

/**
 * An L1 on which recorded batches are committed one after the other: deposits first, then commits, in the
 * background, while the node follows. Nobody sequences: the blocks were made elsewhere.
 */
export async function startReplay(options: ReplayChainOptions, deps: DevnetDeps): Promise<RunningChain> {
  const { progress, signal } = deps;
  emptyDir(options.dir);
  progress('1/3 recording: reading it');
  const recording = await openReplay(options.recorded);
  const genesis = await genesisBlock(recording.genesis);
  progress('2/3 L1: starting anvil');
  const anvil = await startAnvil({
    port: options.l1Port,
    blockTime: options.l1BlockTime,
    slotsInAnEpoch: options.slotsInAnEpoch,
    signal,
  });
  try {
    progress('3/3 contracts: deploying');
    const accounts = devAccounts(ACCOUNTS);
    const addresses = await deployContracts({
      l1Url: anvil.url,
      deployerKey: accounts[DEPLOYER]!.privateKey,
      genesisStateRoot: genesis.stateRoot,
      l2ChainId: recording.l2ChainId,
      batchesPerSequencer: options.batchesPerSequencer,
      validium: !options.blobs,
      sequencers: [accounts[SEQUENCER]!.address],
      signal,
    });
    const ending = new AbortController();
    const replay = await recording.start({
      anvil,
      addresses,
      sequencer: accounts[SEQUENCER]!,
      depositor: accounts[DEPOSITOR]!,
      source: options.blobs ? 'blob' : 'calldata',
      onProgress: (line) => progress(`replay: ${line}`),
      signal: ending.signal,
    });
    const done = commitAll(replay, ending.signal, progress);
    return {
      anvil,
      genesis: recording.genesis,
      config: rollupConfig({
        name: 'replay',
        l2ChainId: recording.l2ChainId,
        addresses,
        genesisHash: genesis.hash,
        genesisTimestamp: genesis.timestamp,
        batchesPerSequencer: options.batchesPerSequencer,
      }),
      l2Url: null,
      sequencerAddress: accounts[SEQUENCER]!.address,
      stop: async () => {
        ending.abort(new Error('the devnet is ending'));
        await done;
        await anvil.stop();
      },
    };
  } catch (error) {
    await anvil.stop();
    throw error;
  }
}

/** Never rejects: what goes wrong is said, and the node keeps following what was committed. */
async function commitAll(
  replay: Replay,
  signal: AbortSignal,
  progress: (line: string) => void,
): Promise<void> {
  try {
    await replay.prepare();
    while ((await replay.commitNext()) !== null);
    progress('replay: all batches are committed');
  } catch (error) {
    if (!signal.aborted)
      progress(`replay stopped: ${error instanceof Error ? error.message : String(error)}`);
  }
}
