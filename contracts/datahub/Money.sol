// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @title How a request's money is divided
/// @notice Integer division only, everything rounded so that what is paid out is what was paid in
/// (proved for all values: contracts/analysis). escrow < 2^96, 1 <= count < 2^16, count < escrow.
library Money {
    /// @dev What a hospital leaves with its reply: a tenth, rounded up.
    function bond(uint256 escrow) internal pure returns (uint256) {
        unchecked {
            return (escrow + 9) / 10;
        }
    }

    /// @dev What one of count entries gets; the hospital counts as one more.
    function part(uint256 escrow, uint256 count) internal pure returns (uint256) {
        unchecked {
            return escrow / (count + 1);
        }
    }

    /// @dev What a buyer leaves with a disputed entry: a tenth of its part, rounded up.
    function disputeBond(uint256 part_) internal pure returns (uint256) {
        return (part_ + 9) / 10;
    }

    /// @dev What goes back to the buyer with a bad entry, dispute bond apart.
    function refund(uint256 escrow, uint256 count) internal pure returns (uint256) {
        return part(escrow, count) + bond(escrow) / count;
    }

    /// @dev The hospital's part, with the remainder of the division.
    function hospitalPart(uint256 escrow, uint256 count) internal pure returns (uint256) {
        return escrow - part(escrow, count) * count;
    }

    /// @dev What bad entries leave of the hospital's bond.
    function bondLeft(uint256 escrow, uint256 count, uint256 bad) internal pure returns (uint256) {
        uint256 whole = bond(escrow);
        return whole - (whole / count) * bad;
    }
}
