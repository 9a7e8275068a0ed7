import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type AbiItem, toEventSelector, toFunctionSelector } from 'viem';
import { formatAbiItem } from 'viem/utils';
import { expect, test } from 'vitest';
import {
  BATCH_COMMITTED_TOPIC,
  BATCH_VERIFIED_TOPIC,
  commonBridgeAbi,
  onChainProposerAbi,
  PRIVILEGED_TX_SENT_TOPIC,
  SEQUENCER_REGISTERED_TOPIC,
  SEQUENCER_UNREGISTERED_TOPIC,
  sequencerRegistryAbi,
} from '../server/protocol/contractsAbi.ts';
import { ARTIFACTS, artifactText, compileContracts } from './compile.ts';

const compiled = await compileContracts();

test('the committed artifacts are what the sources compile to, no more and no less', async () => {
  const files = (await readdir(ARTIFACTS, { recursive: true })).filter((name) => name.endsWith('.json'));
  expect(files.map((name) => name.replaceAll('\\', '/')).sort()).toEqual([...compiled.keys()].sort());
  for (const [path, artifact] of compiled) {
    const committed = await readFile(join(ARTIFACTS, path), 'utf8');
    expect(committed === artifactText(artifact), `${path} is stale: npm run contracts`).toBe(true);
  }
});

/** One line an item, so that two ABIs compare by what a caller can see and not by the order of keys. */
const lines = (abi: readonly unknown[]): string[] => (abi as readonly AbiItem[]).map(lineOf);
function lineOf(item: AbiItem): string {
  if (item.type === 'constructor' || item.type === 'fallback' || item.type === 'receive') return item.type;
  const outputs = item.type === 'function' ? item.outputs.map((output) => output.type) : [];
  const mutability = item.type === 'function' ? item.stateMutability : '';
  const indexed = item.inputs.map((input) => ('indexed' in input ? input.indexed : false));
  return [
    item.type,
    formatAbiItem(item, { includeName: item.type === 'event' }),
    mutability,
    indexed,
    outputs,
  ].join('|');
}

test.each([
  ['OnChainProposer', onChainProposerAbi],
  ['SequencerRegistry', sequencerRegistryAbi],
  ['CommonBridge', commonBridgeAbi],
] as const)('every item of the typed ABI of %s is in the compiled one', (name, abi) => {
  const inArtifact = new Set(lines(compiled.get(`${name}.json`)?.abi ?? []));
  expect(lines(abi).filter((line) => !inArtifact.has(line))).toEqual([]);
});

/** Selectors of the contracts that ethrex deploys (solc output of the originals). */
const SELECTORS: Readonly<Record<string, string>> = {
  'OnChainProposer.commitBatch': '0x4008fd7c',
  'OnChainProposer.verifyBatches': '0x9711f750',
  'OnChainProposer.lastCommittedBatch': '0x67c773ab',
  'OnChainProposer.lastVerifiedBatch': '0x7fcb3653',
  'OnChainProposer.batchCommitments': '0x651716ba',
  'OnChainProposer.BRIDGE': '0xee9a31a2',
  'OnChainProposer.SEQUENCER_REGISTRY': '0x99bd2115',
  'OnChainProposer.VALIDIUM': '0x4c9a689b',
  'OnChainProposer.CHAIN_ID': '0x85e1f4d0',
  'OnChainProposer.CallerHasNoSequencingRights': '0xac0192af',
  'OnChainProposer.BatchNumberNotSuccessor': '0xcd1793fe',
  'OnChainProposer.BatchAlreadyCommitted': '0x884923cf',
  'OnChainProposer.LastBlockHashIsZero': '0xf1cbbe55',
  'OnChainProposer.InvalidPrivilegedTransactionLogs': '0x9e6e5638',
  'OnChainProposer.CommitHashIsZero': '0x1f14b5aa',
  'OnChainProposer.ValidiumBlobPublished': '0x0c9c8061',
  'OnChainProposer.RollupBlobNotPublished': '0xe1aa9667',
  'OnChainProposer.BatchNotSequential': '0xceb05a46',
  'OnChainProposer.BatchNotCommitted': '0xc26a3294',
  'OnChainProposer.EmptyBatchArray': '0x7dc57e7b',
  'OnChainProposer.BatchArrayLengthMismatch': '0xfc5221bd',
  'OnChainProposer.ExpiredPrivilegedTransactionDeadline': '0x1420ad0b',
  'SequencerRegistry.MIN_COLLATERAL': '0xfa779648',
  'SequencerRegistry.BATCHES_PER_SEQUENCER': '0x641f9768',
  'SequencerRegistry.collateral': '0xa5fdc5de',
  'SequencerRegistry.sequencers': '0x6ba7ccff',
  'SequencerRegistry.sequencerForBatch': '0x7652d301',
  'SequencerRegistry.ON_CHAIN_PROPOSER': '0x45044095',
  'SequencerRegistry.register': '0x4420e486',
  'SequencerRegistry.unregister': '0x2ec2c246',
  'SequencerRegistry.isRegistered': '0xc3c5a547',
  'SequencerRegistry.pushSequencer': '0xc7893161',
  'SequencerRegistry.leaderSequencer': '0xbd3b7295',
  'SequencerRegistry.leadSequencerForBatch': '0x90bd9837',
  'CommonBridge.lastFetchedL1Block': '0x69dd5ae2',
  'CommonBridge.getPendingTransactionHashes': '0x022a91d4',
  'CommonBridge.getPendingTransactionsVersionedHash': '0x5292da8b',
  'CommonBridge.hasExpiredPrivilegedTransactions': '0x7aa25542',
  'CommonBridge.privilegedTxDeadline': '0x4e52dd8d',
  'CommonBridge.PRIVILEGED_TX_MAX_WAIT_BEFORE_INCLUSION': '0x0f052a70',
  'CommonBridge.transactionId': '0x7e2f42e7',
  'CommonBridge.l2GasLimit': '0xcf6e65b7',
  'CommonBridge.batchWithdrawalLogsMerkleRoots': '0x25e5de9a',
  'CommonBridge.deposit': '0xf340fa01',
  'CommonBridge.sendToL2': '0x327091d3',
};

test('functions and errors have the selectors of the originals', () => {
  const ours = [...compiled].flatMap(([path, { abi }]) =>
    (abi as readonly AbiItem[])
      .filter((item) => item.type === 'function' || item.type === 'error')
      .map((item) => [`${path.replace('.json', '')}.${item.name}`, toFunctionSelector(formatAbiItem(item))]),
  );
  expect(Object.fromEntries(ours)).toMatchObject(SELECTORS);
});

test('events have the topics of the originals', () => {
  const topics = [...onChainProposerAbi, ...sequencerRegistryAbi, ...commonBridgeAbi]
    .filter((item) => item.type === 'event')
    .map((item) => [item.name, toEventSelector(item)]);
  expect(Object.fromEntries(topics)).toEqual({
    BatchCommitted: BATCH_COMMITTED_TOPIC,
    BatchVerified: BATCH_VERIFIED_TOPIC,
    PrivilegedTxSent: PRIVILEGED_TX_SENT_TOPIC,
    SequencerRegistered: SEQUENCER_REGISTERED_TOPIC,
    SequencerUnregistered: SEQUENCER_UNREGISTERED_TOPIC,
    WithdrawalsPublished: '0xa4bbd926e3bfc126ffe2bb04fc16c1958ae2f3567d4332468e2d544895736c12',
  });
});
