// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @title A counter for devnet traffic: the smallest call that changes state.
contract Counter {
    uint256 public count;

    event Incremented(address indexed by, uint256 count);

    function increment() external {
        count += 1;
        emit Incremented(msg.sender, count);
    }
}
