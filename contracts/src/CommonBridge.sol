// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @notice What the L2 end of the bridge is called with.
interface IL2BridgeOfBridge {
    function mintETH(address to) external payable;
}

/// @title CommonBridge, the L1 end of the bridge, reduced to messages from L1 to L2
/// @notice Every message gets the next id and waits until a batch that includes it is verified. Messages,
/// hashes, events and checks are those of the contract that ethrex deploys. Left out: tokens, claims of
/// withdrawals, pausing, ownership and upgrades.
contract CommonBridge {
    /// @notice A message as its sender gives it.
    struct SendValues {
        address to;
        uint256 gasLimit;
        uint256 value;
        bytes data;
    }

    /// @notice A message was queued. `l1From` called; `from` is the sender that L2 sees.
    event PrivilegedTxSent(
        address indexed l1From,
        address from,
        address to,
        uint256 transactionId,
        uint256 value,
        uint256 gasLimit,
        bytes data
    );
    /// @notice A batch with withdrawals was committed.
    event WithdrawalsPublished(uint256 indexed batchNumber, bytes32 indexed withdrawalsLogsMerkleRoot);

    /// @notice The L2 end of the bridge; the chain mints what it sends.
    address public constant L2_BRIDGE_ADDRESS = address(0xffff);
    /// @notice Gas that a deposit is given on L2.
    uint256 public constant DEPOSIT_GAS_LIMIT = 105_000;
    /// @dev Added to a contract's address, so that no contract can speak for the account of the same address on L2.
    uint160 private constant ADDRESS_ALIASING = uint160(0xEe110000000000000000000000000000000011Ff);
    /// @dev Code of an account that delegates (EIP-7702): this prefix and an address.
    bytes3 private constant EIP7702_PREFIX = 0xef0100;
    uint256 private constant EIP7702_CODE_LENGTH = 23;

    /// @notice The only caller of `publishWithdrawals` and `removePendingTransactionHashes`.
    address public immutable ON_CHAIN_PROPOSER;
    /// @notice Chain id of the L2; part of every message's hash.
    uint256 public immutable CHAIN_ID;
    /// @notice Seconds that a message may wait before batches with other transactions stop being verifiable.
    uint256 public immutable PRIVILEGED_TX_MAX_WAIT_BEFORE_INCLUSION;
    /// @notice Block of the deployment: where a scan for messages begins. Never changes.
    uint256 public immutable lastFetchedL1Block;
    /// @notice Gas limit of L2 blocks, and so the most that a message may ask for.
    uint256 public immutable l2GasLimit;

    /// @notice Id of the next message, from 0; the nonce of its L2 transaction.
    uint256 public transactionId;
    /// @notice By message hash: the time, in seconds since 1970, by which it should be included.
    mapping(bytes32 transactionHash => uint256 deadline) public privilegedTxDeadline;
    /// @notice Roots of the withdrawals of committed batches.
    mapping(uint256 batchNumber => bytes32 root) public batchWithdrawalLogsMerkleRoots;

    bytes32[] private _messageHashes;
    /// @dev Index in `_messageHashes` of the first message that no verified batch includes.
    uint256 private _firstPending;

    modifier onlyOnChainProposer() {
        require(msg.sender == ON_CHAIN_PROPOSER, "CommonBridge: caller is not the OnChainProposer");
        _;
    }

    constructor(address onChainProposer, uint256 inclusionMaxWait, uint256 chainId, uint256 gasLimit) {
        require(onChainProposer != address(0), "CommonBridge: onChainProposer is the zero address");
        ON_CHAIN_PROPOSER = onChainProposer;
        PRIVILEGED_TX_MAX_WAIT_BEFORE_INCLUSION = inclusionMaxWait;
        CHAIN_ID = chainId;
        l2GasLimit = gasLimit;
        lastFetchedL1Block = block.number;
    }

    /// @notice Deposits for the sender.
    receive() external payable {
        deposit(msg.sender);
    }

    /// @notice Locks ether here and has the L2 bridge hand as much to `l2Recipient`.
    function deposit(address l2Recipient) public payable {
        require(msg.value > 0, "CommonBridge: amount to deposit is zero");
        _send(
            L2_BRIDGE_ADDRESS,
            SendValues({
                to: L2_BRIDGE_ADDRESS,
                gasLimit: DEPOSIT_GAS_LIMIT,
                value: msg.value,
                data: abi.encodeCall(IL2BridgeOfBridge.mintETH, (l2Recipient))
            })
        );
    }

    /// @notice Queues a call on L2, paid from the caller's L2 balance and, for gas, by gas burnt here.
    function sendToL2(SendValues calldata sendValues) external {
        _send(_l2Sender(), sendValues);
    }

    /// @notice Hashes of the messages that no verified batch includes, oldest first.
    function getPendingTransactionHashes() external view returns (bytes32[] memory hashes) {
        uint256 count = _pendingCount();
        hashes = new bytes32[](count);
        for (uint256 i = 0; i < count; i++) {
            hashes[i] = _messageHashes[_firstPending + i];
        }
    }

    /// @notice The rolling hash of the first `number` pending messages: two bytes of count, then the last 30
    /// bytes of the hash of their hashes.
    function getPendingTransactionsVersionedHash(uint16 number) external view returns (bytes32) {
        require(number > 0, "CommonBridge: number is zero (get)");
        require(
            number <= _pendingCount(),
            "CommonBridge: number is greater than the length of pendingTxHashes (get)"
        );
        bytes32[] memory hashes = new bytes32[](number);
        for (uint256 i = 0; i < number; i++) {
            hashes[i] = _messageHashes[_firstPending + i];
        }
        bytes32 all = keccak256(abi.encodePacked(hashes));
        return bytes32(bytes2(number)) | bytes32(uint256(uint240(uint256(all))));
    }

    /// @notice Whether the oldest pending message has waited too long.
    function hasExpiredPrivilegedTransactions() external view returns (bool) {
        if (_pendingCount() == 0) return false;
        return block.timestamp > privilegedTxDeadline[_messageHashes[_firstPending]];
    }

    /// @notice Called when a batch with `number` messages is verified.
    function removePendingTransactionHashes(uint16 number) external onlyOnChainProposer {
        require(
            number <= _pendingCount(),
            "CommonBridge: number is greater than the length of pendingTxHashes (remove)"
        );
        _firstPending += number;
    }

    /// @notice Called when a batch with withdrawals is committed.
    function publishWithdrawals(uint256 batchNumber, bytes32 withdrawalsLogsMerkleRoot) external onlyOnChainProposer {
        require(
            batchWithdrawalLogsMerkleRoots[batchNumber] == 0, "CommonBridge: withdrawal logs already published"
        );
        batchWithdrawalLogsMerkleRoots[batchNumber] = withdrawalsLogsMerkleRoot;
        emit WithdrawalsPublished(batchNumber, withdrawalsLogsMerkleRoot);
    }

    function _pendingCount() private view returns (uint256) {
        return _messageHashes.length - _firstPending;
    }

    function _send(address from, SendValues memory message) private {
        require(message.gasLimit <= l2GasLimit, "CommonBridge: gasLimit is above the L2 gas limit");
        _burnGas(message.gasLimit);
        uint256 id = transactionId;
        bytes32 messageHash = keccak256(
            abi.encodePacked(
                CHAIN_ID, from, message.to, id, message.value, message.gasLimit, keccak256(message.data)
            )
        );
        _messageHashes.push(messageHash);
        privilegedTxDeadline[messageHash] = block.timestamp + PRIVILEGED_TX_MAX_WAIT_BEFORE_INCLUSION;
        transactionId = id + 1;
        emit PrivilegedTxSent(msg.sender, from, message.to, id, message.value, message.gasLimit, message.data);
    }

    /// @dev L2 gas is paid for by burning as much on L1.
    function _burnGas(uint256 amount) private view {
        uint256 start = gasleft();
        while (start - gasleft() < amount) {}
    }

    /// @dev The caller itself when a key stands behind it, else its address moved by a constant.
    function _l2Sender() private view returns (address) {
        if (msg.sender == tx.origin || _delegates(msg.sender)) return msg.sender;
        unchecked {
            return address(uint160(msg.sender) + ADDRESS_ALIASING);
        }
    }

    function _delegates(address account) private view returns (bool) {
        return account.code.length == EIP7702_CODE_LENGTH && bytes3(account.code) == EIP7702_PREFIX;
    }
}
