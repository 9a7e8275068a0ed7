// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @notice What the proposer asks of the bridge.
interface IBridgeOfProposer {
    function getPendingTransactionsVersionedHash(uint16 number) external view returns (bytes32);
    function hasExpiredPrivilegedTransactions() external view returns (bool);
    function removePendingTransactionHashes(uint16 number) external;
    function publishWithdrawals(uint256 batchNumber, bytes32 withdrawalsLogsMerkleRoot) external;
}

/// @notice What the proposer asks of the registry.
interface IRegistryOfProposer {
    function leaderSequencer() external view returns (address);
    function pushSequencer(uint256 batchNumber, address sequencer) external;
}

/// @title OnChainProposer of a based rollup, reduced to what a devnet and tests need
/// @notice Same functions, events, errors and order of checks as the contract that ethrex deploys in based
/// mode with no proof type required. Left out: proofs, ownership and upgrades.
/// @dev Like the original it reads neither the blocks in `commitBatch`'s calldata nor `newStateRoot`: whoever
/// follows the chain must check both.
contract OnChainProposer {
    /// @notice What is kept of a committed batch until its successor is verified.
    struct BatchCommitmentInfo {
        bytes32 newStateRoot;
        bytes32 blobVersionedHash;
        bytes32 processedPrivilegedTransactionsRollingHash;
        bytes32 withdrawalsLogsMerkleRoot;
        bytes32 lastBlockHash;
        uint256 nonPrivilegedTransactions;
        bytes32 commitHash;
    }

    /// @notice A batch was committed; its blocks are in the calldata of the transaction.
    event BatchCommitted(uint256 indexed number, bytes32 indexed newStateRoot);
    /// @notice A batch was verified, and all before it.
    event BatchVerified(uint256 indexed lastVerifiedBatch);

    error CallerHasNoSequencingRights();
    error BatchNumberNotSuccessor();
    error BatchAlreadyCommitted();
    error LastBlockHashIsZero();
    error InvalidPrivilegedTransactionLogs();
    error CommitHashIsZero();
    error ValidiumBlobPublished();
    error RollupBlobNotPublished();
    error EmptyBatchArray();
    error BatchArrayLengthMismatch();
    error BatchNotSequential();
    error BatchNotCommitted();
    error ExpiredPrivilegedTransactionDeadline();

    /// @notice The L1 end of the bridge.
    address public immutable BRIDGE;
    /// @notice Says whose turn it is.
    address public immutable SEQUENCER_REGISTRY;
    /// @notice True: no blob is published and blocks travel in calldata alone. False: each commit carries one.
    bool public immutable VALIDIUM;
    /// @notice Chain id of the L2.
    uint256 public immutable CHAIN_ID;

    /// @notice Highest batch number committed; 0 is the genesis.
    uint256 public lastCommittedBatch;
    /// @notice Highest batch number verified.
    uint256 public lastVerifiedBatch;
    /// @notice Commitments from `lastVerifiedBatch` to `lastCommittedBatch`; older ones are deleted.
    mapping(uint256 batchNumber => BatchCommitmentInfo) public batchCommitments;

    constructor(bool validium, address bridge, address sequencerRegistry, bytes32 genesisStateRoot, uint256 chainId) {
        VALIDIUM = validium;
        BRIDGE = bridge;
        SEQUENCER_REGISTRY = sequencerRegistry;
        CHAIN_ID = chainId;
        batchCommitments[0].newStateRoot = genesisStateRoot;
    }

    /// @notice Appends the next batch. Only the registry's leader may call.
    /// @param processedPrivilegedTransactionsRollingHash Count and hash of the L1 messages in the batch, which
    /// must be the first ones not yet verified; zero when there are none.
    /// @param nonPrivilegedTransactions Number of the batch's transactions that are not L1 messages.
    /// @param commitHash Names the program that the batch's proof is made with; any value but zero.
    function commitBatch(
        uint256 batchNumber,
        bytes32 newStateRoot,
        bytes32 withdrawalsLogsMerkleRoot,
        bytes32 processedPrivilegedTransactionsRollingHash,
        bytes32 lastBlockHash,
        uint256 nonPrivilegedTransactions,
        bytes32 commitHash,
        bytes[] calldata // rlpEncodedBlocks
    ) external {
        if (msg.sender != IRegistryOfProposer(SEQUENCER_REGISTRY).leaderSequencer()) {
            revert CallerHasNoSequencingRights();
        }
        if (batchNumber != lastCommittedBatch + 1) revert BatchNumberNotSuccessor();
        if (batchCommitments[batchNumber].newStateRoot != 0) revert BatchAlreadyCommitted();
        if (lastBlockHash == 0) revert LastBlockHashIsZero();
        if (processedPrivilegedTransactionsRollingHash != 0) _checkMessages(processedPrivilegedTransactionsRollingHash);
        if (withdrawalsLogsMerkleRoot != 0) {
            IBridgeOfProposer(BRIDGE).publishWithdrawals(batchNumber, withdrawalsLogsMerkleRoot);
        }
        if (commitHash == 0) revert CommitHashIsZero();

        batchCommitments[batchNumber] = BatchCommitmentInfo({
            newStateRoot: newStateRoot,
            blobVersionedHash: _publishedBlob(),
            processedPrivilegedTransactionsRollingHash: processedPrivilegedTransactionsRollingHash,
            withdrawalsLogsMerkleRoot: withdrawalsLogsMerkleRoot,
            lastBlockHash: lastBlockHash,
            nonPrivilegedTransactions: nonPrivilegedTransactions,
            commitHash: commitHash
        });
        emit BatchCommitted(batchNumber, newStateRoot);
        lastCommittedBatch = batchNumber;
        IRegistryOfProposer(SEQUENCER_REGISTRY).pushSequencer(batchNumber, msg.sender);
    }

    /// @notice Marks batches as verified, one for each element, from `firstBatchNumber` on. Anyone may call: no
    /// proof type is required, so the proofs are not read.
    function verifyBatches(
        uint256 firstBatchNumber,
        bytes[] calldata risc0BlockProofs,
        bytes[] calldata sp1ProofsBytes,
        bytes[] calldata tdxSignatures
    ) external {
        uint256 count = risc0BlockProofs.length;
        if (count == 0) revert EmptyBatchArray();
        if (sp1ProofsBytes.length != count || tdxSignatures.length != count) revert BatchArrayLengthMismatch();
        for (uint256 i = 0; i < count; i++) {
            _verifyBatch(firstBatchNumber + i);
        }
    }

    /// @dev The first two bytes are the number of messages.
    function _checkMessages(bytes32 rollingHash) private view {
        bytes32 pending =
            IBridgeOfProposer(BRIDGE).getPendingTransactionsVersionedHash(uint16(bytes2(rollingHash)));
        if (pending != rollingHash) revert InvalidPrivilegedTransactionLogs();
    }

    function _publishedBlob() private view returns (bytes32 versionedHash) {
        versionedHash = blobhash(0);
        if (VALIDIUM && versionedHash != 0) revert ValidiumBlobPublished();
        if (!VALIDIUM && versionedHash == 0) revert RollupBlobNotPublished();
    }

    function _verifyBatch(uint256 batchNumber) private {
        if (batchNumber != lastVerifiedBatch + 1) revert BatchNotSequential();
        BatchCommitmentInfo storage batch = batchCommitments[batchNumber];
        if (batch.newStateRoot == 0) revert BatchNotCommitted();

        uint16 messages = uint16(bytes2(batch.processedPrivilegedTransactionsRollingHash));
        if (messages > 0) IBridgeOfProposer(BRIDGE).removePendingTransactionHashes(messages);
        if (IBridgeOfProposer(BRIDGE).hasExpiredPrivilegedTransactions() && batch.nonPrivilegedTransactions != 0) {
            revert ExpiredPrivilegedTransactionDeadline();
        }

        lastVerifiedBatch = batchNumber;
        delete batchCommitments[batchNumber - 1];
        emit BatchVerified(batchNumber);
    }
}
