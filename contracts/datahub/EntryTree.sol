// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Hashes} from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";
import {Entry} from "./Types.sol";

/// @title The Merkle tree over a part's entries
/// @notice OpenZeppelin's StandardMerkleTree, `sortLeaves: false`, of
/// (TAG, id, index, payout, bodyHash).
library EntryTree {
    bytes32 private constant ENTRY_TAG = keccak256("galen/entry/1");

    /// @dev Everything of an entry but its payout account.
    function bodyHash(Entry calldata entry) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                entry.releaseRoot,
                entry.releaseAddr,
                entry.bundleDigest,
                entry.minPayout,
                entry.keyVersion,
                keccak256(entry.sig),
                keccak256(entry.ys),
                keccak256(entry.consent)
            )
        );
    }

    /// @dev A leaf; index counts over all parts.
    function leaf(uint256 id, uint256 index, address payout, bytes32 body)
        internal
        pure
        returns (bytes32)
    {
        return keccak256(bytes.concat(keccak256(abi.encode(ENTRY_TAG, id, index, payout, body))));
    }

    /// @dev The root over n leaves: tree has 2n - 1 words and ends with them, last first.
    function root(bytes32[] memory tree, uint256 n) internal pure returns (bytes32) {
        for (uint256 i = n - 1; i > 0; --i) {
            tree[i - 1] = Hashes.commutativeKeccak256(tree[2 * i - 1], tree[2 * i]);
        }
        return tree[0];
    }
}
