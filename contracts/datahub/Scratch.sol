// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @title Memory that one round of a loop needs
/// @notice Giving it back keeps a long loop's price linear: else it grows with the square.
library Scratch {
    /// @dev Where free memory begins now.
    function mark() internal pure returns (uint256 pointer) {
        assembly ("memory-safe") {
            pointer := mload(0x40)
        }
    }

    /// @dev Gives back all memory taken since then; nothing may still point there.
    function reset(uint256 pointer) internal pure {
        assembly ("memory-safe") {
            mstore(0x40, pointer)
        }
    }
}
