// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

/// @notice Takes no money until it is told to.
contract Refuser {
    bool public willing;

    function setWilling(bool yes) external {
        willing = yes;
    }

    receive() external payable {
        require(willing);
    }
}

/// @notice Burns all gas it is given until it is told not to.
contract Burner {
    bool public willing;

    function setWilling(bool yes) external {
        willing = yes;
    }

    receive() external payable {
        if (willing) return;
        assembly {
            invalid()
        }
    }
}

/// @notice Refuses with as much return data as its gas buys.
contract Bomber {
    bool public willing;

    function setWilling(bool yes) external {
        willing = yes;
    }

    receive() external payable {
        if (willing) return;
        assembly {
            revert(0, 20000)
        }
    }
}

/// @notice Takes money only with so much gas, and gives back the gas when it doesn't.
contract Fussy {
    uint256 private least = type(uint256).max;

    function setLeast(uint256 gas_) external {
        least = gas_;
    }

    receive() external payable {
        uint256 left = gasleft();
        require(left >= least);
    }
}

/// @notice Takes the money, and first calls back with what it was given. A call back that is not
/// reverted leaves a log, for its gas pays no counter.
contract Reenterer {
    bytes32 public constant GOT_IN = keccak256("got in");
    address private immutable hub;
    bytes private call;

    constructor(address hub_) {
        hub = hub_;
    }

    /// @notice What to call back with; nothing: just take the money.
    function arm(bytes calldata data) external {
        call = data;
    }

    receive() external payable {
        if (call.length == 0) return;
        (bool ok,) = hub.call(call);
        bytes32 topic = GOT_IN;
        if (ok) {
            assembly {
                log1(0, 0, topic)
            }
        }
    }
}

/// @notice A wallet that takes one hash as signed (ERC-1271).
contract Wallet1271 {
    bytes32 private immutable signed;

    constructor(bytes32 signed_) {
        signed = signed_;
    }

    function isValidSignature(bytes32 hash, bytes calldata) external view returns (bytes4) {
        return hash == signed ? this.isValidSignature.selector : bytes4(0);
    }
}
