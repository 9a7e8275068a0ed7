/**
 * ABIs of the based rollup's L1 contracts, as data: the parts that a reader, a sequencer and a devnet use.
 * They are a subset of what `contracts/artifacts` holds, which a test compares them with.
 */
import type { Hash } from './refs.ts';

/** `BatchCommitted(uint256 indexed number, bytes32 indexed newStateRoot)` of the based OnChainProposer. */
export const BATCH_COMMITTED_TOPIC: Hash =
  '0xca348ea06d572b79810738bb6a9640589c4f3b153ce819b8b9f07353ab9aacf0';
/** `BatchVerified(uint256 indexed lastVerifiedBatch)`, one for each batch of a `verifyBatches` call. */
export const BATCH_VERIFIED_TOPIC: Hash =
  '0x1ee066b0cc077ae247f731c0ad7cb81d140e8062773445294e6b74944ad455e3';
/** `PrivilegedTxSent(address indexed l1From, address from, address to, uint256 transactionId, …)`. */
export const PRIVILEGED_TX_SENT_TOPIC: Hash =
  '0x7d76dd36798b00b9c38def780dc4741f49a0f441afba4260388a8f5634eac186';
export const SEQUENCER_REGISTERED_TOPIC: Hash =
  '0x5c9c212b05f6fc5efb85e88524f097f84e6944815d4973eb06c66a2babd4a539';
export const SEQUENCER_UNREGISTERED_TOPIC: Hash =
  '0x5a96d2734b18249700de9b5bb1b6271265a45567f571247bd6cb03f30845e0ab';

/** Based OnChainProposer: what readers, the sequencer and the devnet call. */
export const onChainProposerAbi = [
  {
    name: 'BatchCommitted',
    type: 'event',
    inputs: [
      { type: 'uint256', name: 'number', indexed: true },
      { type: 'bytes32', name: 'newStateRoot', indexed: true },
    ],
  },
  {
    name: 'BatchVerified',
    type: 'event',
    inputs: [{ type: 'uint256', name: 'lastVerifiedBatch', indexed: true }],
  },
  {
    name: 'commitBatch',
    type: 'function',
    stateMutability: 'nonpayable',
    inputs: [
      { type: 'uint256', name: 'batchNumber' },
      { type: 'bytes32', name: 'newStateRoot' },
      { type: 'bytes32', name: 'withdrawalsLogsMerkleRoot' },
      { type: 'bytes32', name: 'processedPrivilegedTransactionsRollingHash' },
      { type: 'bytes32', name: 'lastBlockHash' },
      { type: 'uint256', name: 'nonPrivilegedTransactions' },
      { type: 'bytes32', name: 'commitHash' },
      { type: 'bytes[]', name: 'rlpEncodedBlocks' },
    ],
    outputs: [],
  },
  {
    name: 'verifyBatches',
    type: 'function',
    stateMutability: 'nonpayable',
    inputs: [
      { type: 'uint256', name: 'firstBatchNumber' },
      { type: 'bytes[]', name: 'risc0BlockProofs' },
      { type: 'bytes[]', name: 'sp1ProofsBytes' },
      { type: 'bytes[]', name: 'tdxSignatures' },
    ],
    outputs: [],
  },
  {
    name: 'lastCommittedBatch',
    type: 'function',
    stateMutability: 'view',
    inputs: [],
    outputs: [{ type: 'uint256' }],
  },
  {
    name: 'lastVerifiedBatch',
    type: 'function',
    stateMutability: 'view',
    inputs: [],
    outputs: [{ type: 'uint256' }],
  },
  {
    name: 'batchCommitments',
    type: 'function',
    stateMutability: 'view',
    inputs: [{ type: 'uint256', name: 'batchNumber' }],
    outputs: [
      { type: 'bytes32', name: 'newStateRoot' },
      { type: 'bytes32', name: 'blobVersionedHash' },
      { type: 'bytes32', name: 'processedPrivilegedTransactionsRollingHash' },
      { type: 'bytes32', name: 'withdrawalsLogsMerkleRoot' },
      { type: 'bytes32', name: 'lastBlockHash' },
      { type: 'uint256', name: 'nonPrivilegedTransactions' },
      { type: 'bytes32', name: 'commitHash' },
    ],
  },
  { name: 'BRIDGE', type: 'function', stateMutability: 'view', inputs: [], outputs: [{ type: 'address' }] },
  {
    name: 'SEQUENCER_REGISTRY',
    type: 'function',
    stateMutability: 'view',
    inputs: [],
    outputs: [{ type: 'address' }],
  },
  { name: 'VALIDIUM', type: 'function', stateMutability: 'view', inputs: [], outputs: [{ type: 'bool' }] },
  { name: 'CHAIN_ID', type: 'function', stateMutability: 'view', inputs: [], outputs: [{ type: 'uint256' }] },
  { name: 'CallerHasNoSequencingRights', type: 'error', inputs: [] },
  { name: 'BatchNumberNotSuccessor', type: 'error', inputs: [] },
  { name: 'BatchAlreadyCommitted', type: 'error', inputs: [] },
  { name: 'LastBlockHashIsZero', type: 'error', inputs: [] },
  { name: 'InvalidPrivilegedTransactionLogs', type: 'error', inputs: [] },
  { name: 'CommitHashIsZero', type: 'error', inputs: [] },
  { name: 'ValidiumBlobPublished', type: 'error', inputs: [] },
  { name: 'RollupBlobNotPublished', type: 'error', inputs: [] },
  { name: 'BatchNotSequential', type: 'error', inputs: [] },
  { name: 'BatchNotCommitted', type: 'error', inputs: [] },
  { name: 'EmptyBatchArray', type: 'error', inputs: [] },
  { name: 'BatchArrayLengthMismatch', type: 'error', inputs: [] },
  { name: 'ExpiredPrivilegedTransactionDeadline', type: 'error', inputs: [] },
] as const;

/** SequencerRegistry of the based mode. `sequencers` has no length: read until it reverts. */
export const sequencerRegistryAbi = [
  {
    name: 'SequencerRegistered',
    type: 'event',
    inputs: [
      { type: 'address', name: 'sequencer', indexed: true },
      { type: 'uint256', name: 'collateralAmount' },
    ],
  },
  {
    name: 'SequencerUnregistered',
    type: 'event',
    inputs: [{ type: 'address', name: 'sequencer', indexed: true }],
  },
  {
    name: 'register',
    type: 'function',
    stateMutability: 'payable',
    inputs: [{ type: 'address', name: 'sequencer' }],
    outputs: [],
  },
  {
    name: 'unregister',
    type: 'function',
    stateMutability: 'nonpayable',
    inputs: [{ type: 'address', name: 'sequencer' }],
    outputs: [],
  },
  {
    name: 'isRegistered',
    type: 'function',
    stateMutability: 'view',
    inputs: [{ type: 'address', name: 'sequencer' }],
    outputs: [{ type: 'bool' }],
  },
  {
    name: 'leaderSequencer',
    type: 'function',
    stateMutability: 'view',
    inputs: [],
    outputs: [{ type: 'address' }],
  },
  {
    name: 'leadSequencerForBatch',
    type: 'function',
    stateMutability: 'view',
    inputs: [{ type: 'uint256', name: 'batchNumber' }],
    outputs: [{ type: 'address' }],
  },
  {
    name: 'sequencerForBatch',
    type: 'function',
    stateMutability: 'view',
    inputs: [{ type: 'uint256', name: 'batchNumber' }],
    outputs: [{ type: 'address' }],
  },
  {
    name: 'collateral',
    type: 'function',
    stateMutability: 'view',
    inputs: [{ type: 'address', name: 'sequencer' }],
    outputs: [{ type: 'uint256' }],
  },
  {
    name: 'sequencers',
    type: 'function',
    stateMutability: 'view',
    inputs: [{ type: 'uint256', name: 'index' }],
    outputs: [{ type: 'address' }],
  },
  {
    name: 'pushSequencer',
    type: 'function',
    stateMutability: 'nonpayable',
    inputs: [
      { type: 'uint256', name: 'batchNumber' },
      { type: 'address', name: 'sequencer' },
    ],
    outputs: [],
  },
  {
    name: 'BATCHES_PER_SEQUENCER',
    type: 'function',
    stateMutability: 'view',
    inputs: [],
    outputs: [{ type: 'uint256' }],
  },
  {
    name: 'MIN_COLLATERAL',
    type: 'function',
    stateMutability: 'view',
    inputs: [],
    outputs: [{ type: 'uint256' }],
  },
  {
    name: 'ON_CHAIN_PROPOSER',
    type: 'function',
    stateMutability: 'view',
    inputs: [],
    outputs: [{ type: 'address' }],
  },
] as const;

/** CommonBridge: L1 to L2 messages. `lastFetchedL1Block` is its deployment block and never changes. */
export const commonBridgeAbi = [
  {
    name: 'PrivilegedTxSent',
    type: 'event',
    inputs: [
      { type: 'address', name: 'l1From', indexed: true },
      { type: 'address', name: 'from' },
      { type: 'address', name: 'to' },
      { type: 'uint256', name: 'transactionId' },
      { type: 'uint256', name: 'value' },
      { type: 'uint256', name: 'gasLimit' },
      { type: 'bytes', name: 'data' },
    ],
  },
  {
    name: 'WithdrawalsPublished',
    type: 'event',
    inputs: [
      { type: 'uint256', name: 'batchNumber', indexed: true },
      { type: 'bytes32', name: 'withdrawalsLogsMerkleRoot', indexed: true },
    ],
  },
  {
    name: 'deposit',
    type: 'function',
    stateMutability: 'payable',
    inputs: [{ type: 'address', name: 'l2Recipient' }],
    outputs: [],
  },
  {
    name: 'sendToL2',
    type: 'function',
    stateMutability: 'nonpayable',
    inputs: [
      {
        type: 'tuple',
        name: 'sendValues',
        components: [
          { type: 'address', name: 'to' },
          { type: 'uint256', name: 'gasLimit' },
          { type: 'uint256', name: 'value' },
          { type: 'bytes', name: 'data' },
        ],
      },
    ],
    outputs: [],
  },
  {
    name: 'getPendingTransactionHashes',
    type: 'function',
    stateMutability: 'view',
    inputs: [],
    outputs: [{ type: 'bytes32[]' }],
  },
  {
    name: 'getPendingTransactionsVersionedHash',
    type: 'function',
    stateMutability: 'view',
    inputs: [{ type: 'uint16', name: 'number' }],
    outputs: [{ type: 'bytes32' }],
  },
  {
    name: 'hasExpiredPrivilegedTransactions',
    type: 'function',
    stateMutability: 'view',
    inputs: [],
    outputs: [{ type: 'bool' }],
  },
  {
    name: 'privilegedTxDeadline',
    type: 'function',
    stateMutability: 'view',
    inputs: [{ type: 'bytes32', name: 'transactionHash' }],
    outputs: [{ type: 'uint256' }],
  },
  {
    name: 'PRIVILEGED_TX_MAX_WAIT_BEFORE_INCLUSION',
    type: 'function',
    stateMutability: 'view',
    inputs: [],
    outputs: [{ type: 'uint256' }],
  },
  {
    name: 'lastFetchedL1Block',
    type: 'function',
    stateMutability: 'view',
    inputs: [],
    outputs: [{ type: 'uint256' }],
  },
  {
    name: 'transactionId',
    type: 'function',
    stateMutability: 'view',
    inputs: [],
    outputs: [{ type: 'uint256' }],
  },
  {
    name: 'l2GasLimit',
    type: 'function',
    stateMutability: 'view',
    inputs: [],
    outputs: [{ type: 'uint256' }],
  },
  {
    name: 'batchWithdrawalLogsMerkleRoots',
    type: 'function',
    stateMutability: 'view',
    inputs: [{ type: 'uint256', name: 'batchNumber' }],
    outputs: [{ type: 'bytes32' }],
  },
] as const;
