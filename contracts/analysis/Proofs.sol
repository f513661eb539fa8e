// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {EntryTree} from "../datahub/EntryTree.sol";
import {Money} from "../datahub/Money.sol";

// What solc's model checker proves for every value (`make analyze`); nothing here is deployed.

/// @notice No wei is made and none is left over, whatever the escrow and the number of entries.
contract MoneyProof {
    /// @notice What all recipients get is the escrow and the hospital's bond. Written out, since the
    /// checker can't tell that two divisions of the same numbers agree: MoneyNames in Symbolic.sol
    /// has these as {Money.refund}, {Money.hospitalPart} and {Money.bondLeft}.
    function allIsPaid(uint256 escrow, uint256 count, uint256 bad) external pure {
        require(count > 0 && escrow > count && escrow < 2 ** 96 && count < 2 ** 16 && bad <= count);
        uint256 part = Money.part(escrow, count);
        uint256 bond = Money.bond(escrow);
        uint256 share = bond / count;
        uint256 good = count - bad;
        assert(
            bad * (part + share) + good * part + (escrow - part * count) + (bond - share * bad)
                == escrow + bond
        );
    }

    /// @notice Nobody's part is nothing, the hospital's and a dispute bond included.
    function everyPartIsWorthSomething(uint256 escrow, uint256 count) external pure {
        require(count > 0 && escrow > count && escrow < 2 ** 96 && count < 2 ** 16);
        uint256 part = Money.part(escrow, count);
        assert(part > 0);
        assert(part * count < escrow);
        assert(Money.disputeBond(part) > 0);
    }

    /// @notice The bonds are a tenth rounded up, never more than what they stand for.
    function bondsAreATenth(uint256 escrow) external pure {
        require(escrow > 0 && escrow < 2 ** 96);
        uint256 bond = Money.bond(escrow);
        assert(bond * 10 >= escrow && bond * 10 < escrow + 10 && bond <= escrow);
        assert(Money.disputeBond(escrow) == bond);
    }
}

/// @notice A part's tree is read and written inside its memory, for every number of entries.
contract TreeProof {
    /// @notice {EntryTree.root} as {Requests.deliver} and {Settlement.finalizeWithBodyHashes} call it.
    function root(bytes32[] memory tree, uint256 n) external pure {
        require(n > 0 && n <= 400 && tree.length == 2 * n - 1);
        EntryTree.root(tree, n);
    }

    /// @notice Where they put the leaves: inside the tree, none before its first leaf.
    function leafPlace(bytes32[] memory tree, uint256 n, uint256 i) external pure {
        require(n > 0 && n <= 400 && tree.length == 2 * n - 1 && i < n);
        assert(2 * n - 2 - i >= n - 1);
        tree[2 * n - 2 - i] = 0;
    }
}
