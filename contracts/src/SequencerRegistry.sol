// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @notice What the registry asks of the proposer.
interface IProposerOfRegistry {
    function lastCommittedBatch() external view returns (uint256);
}

/// @title SequencerRegistry of a based rollup
/// @notice Who may commit the next batch. Terms are counted in batches, not in time: an idle leader halts the
/// chain until somebody registers or unregisters a sequencer, which anyone may do for anyone.
/// @dev As in the contract that ethrex deploys, except that the length of a term is chosen at deployment.
contract SequencerRegistry {
    event SequencerRegistered(address indexed sequencer, uint256 collateralAmount);
    event SequencerUnregistered(address indexed sequencer);

    /// @notice Least value that `register` takes.
    uint256 public constant MIN_COLLATERAL = 1 ether;
    /// @notice Length of a term: 32 in ethrex's contract.
    uint256 public immutable BATCHES_PER_SEQUENCER;
    /// @notice The only caller of `pushSequencer`.
    address public immutable ON_CHAIN_PROPOSER;

    /// @notice What each registered sequencer has put down, in wei.
    mapping(address sequencer => uint256 amount) public collateral;
    /// @notice The registered sequencers in the order of their turns.
    address[] public sequencers;
    /// @notice Who committed a batch.
    mapping(uint256 batchNumber => address sequencer) public sequencerForBatch;

    constructor(address onChainProposer, uint256 batchesPerSequencer) {
        require(onChainProposer != address(0), "SequencerRegistry: Invalid onChainProposer");
        require(batchesPerSequencer != 0, "SequencerRegistry: Invalid term");
        ON_CHAIN_PROPOSER = onChainProposer;
        BATCHES_PER_SEQUENCER = batchesPerSequencer;
    }

    /// @notice Adds a sequencer at the end of the order. Who pays need not be who is registered.
    function register(address sequencer) external payable {
        require(collateral[sequencer] == 0, "SequencerRegistry: Already registered");
        require(msg.value >= MIN_COLLATERAL, "SequencerRegistry: Insufficient collateral");
        collateral[sequencer] = msg.value;
        sequencers.push(sequencer);
        emit SequencerRegistered(sequencer, msg.value);
    }

    /// @notice Removes a sequencer and pays its collateral back to it. The last one takes its place, so turns
    /// change at once. Open to anyone.
    function unregister(address sequencer) external {
        uint256 amount = collateral[sequencer];
        require(amount > 0, "SequencerRegistry: Not registered");
        collateral[sequencer] = 0;
        uint256 last = sequencers.length - 1;
        for (uint256 i = 0; i <= last; i++) {
            if (sequencers[i] != sequencer) continue;
            sequencers[i] = sequencers[last];
            sequencers.pop();
            break;
        }
        // Sending value always grants the 2,300 gas stipend, and nothing is added to it: a contract without a
        // cheap receive function cannot be removed.
        (bool paid,) = sequencer.call{value: amount, gas: 0}("");
        require(paid, "SequencerRegistry: Refund failed");
        emit SequencerUnregistered(sequencer);
    }

    function isRegistered(address sequencer) external view returns (bool) {
        return collateral[sequencer] >= MIN_COLLATERAL;
    }

    /// @notice Who may commit the next batch; the zero address when nobody is registered.
    function leaderSequencer() external view returns (address) {
        return leadSequencerForBatch(IProposerOfRegistry(ON_CHAIN_PROPOSER).lastCommittedBatch() + 1);
    }

    /// @notice Who committed the batch, or who would by today's order.
    function leadSequencerForBatch(uint256 batchNumber) public view returns (address) {
        uint256 next = IProposerOfRegistry(ON_CHAIN_PROPOSER).lastCommittedBatch() + 1;
        if (batchNumber < next) return sequencerForBatch[batchNumber];
        uint256 count = sequencers.length;
        if (count == 0) return address(0);
        return sequencers[(batchNumber / BATCHES_PER_SEQUENCER) % count];
    }

    /// @notice Records who committed a batch.
    function pushSequencer(uint256 batchNumber, address sequencer) external {
        require(msg.sender == ON_CHAIN_PROPOSER, "SequencerRegistry: Only onChainProposer can push sequencer");
        sequencerForBatch[batchNumber] = sequencer;
    }
}
