// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @title The L2 end of the bridge, at 0x…ffff
/// @notice A deposit on L1 arrives as a privileged transaction from this address to itself whose value the
/// chain has minted. `mintETH` passes that value on. Nobody can hold this address's key, so a call whose
/// sender is the bridge itself can only be such a transaction.
contract L2Bridge {
    event DepositProcessed(address indexed receiver, uint256 amount);

    error OnlyPrivileged();
    error NothingToClaim();
    error TransferFailed();

    /// @notice Value whose receiver refused it, kept until `claim`.
    mapping(address receiver => uint256 amount) public unclaimed;

    /// @notice Passes `msg.value` on to `to`. A receiver that refuses must not make the deposit fail, because
    /// a message is included exactly once: its value is kept here instead.
    function mintETH(address to) external payable {
        if (msg.sender != address(this)) revert OnlyPrivileged();
        (bool sent,) = to.call{value: msg.value}("");
        if (!sent) unclaimed[to] += msg.value;
        emit DepositProcessed(to, msg.value);
    }

    /// @notice Sends what was kept for the caller to `to`.
    function claim(address payable to) external {
        uint256 amount = unclaimed[msg.sender];
        if (amount == 0) revert NothingToClaim();
        unclaimed[msg.sender] = 0;
        (bool sent,) = to.call{value: amount}("");
        if (!sent) revert TransferFailed();
    }
}
