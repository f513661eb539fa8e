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

/// @notice Takes the money, and first calls back with what it was given. How that ended it leaves in a
/// log with the error's selector, for its gas pays no counter.
contract Reenterer {
    bytes32 public constant GOT_IN = keccak256("got in");
    bytes32 public constant KEPT_OUT = keccak256("kept out");
    address private immutable hub;
    address private call; // in code, which is cheaper to read than slots

    constructor(address hub_) {
        hub = hub_;
    }

    /// @notice What to call back with; nothing: just take the money.
    function arm(bytes calldata data) external {
        call = data.length == 0 ? address(0) : address(new Code(data));
    }

    receive() external payable {
        address where = call;
        if (where == address(0)) return;
        bytes memory data = new bytes(where.code.length - 1);
        assembly {
            extcodecopy(where, add(data, 32), 1, mload(data))
        }
        (bool ok, bytes memory why) = hub.call(data);
        (bytes32 topic, bytes4 fault) = (ok ? GOT_IN : KEPT_OUT, bytes4(why));
        assembly {
            log2(0, 0, topic, fault)
        }
    }
}

/// @notice Its code is STOP and what it was given.
contract Code {
    constructor(bytes memory data) {
        bytes memory code = bytes.concat(hex"00", data);
        assembly {
            return(add(code, 32), mload(code))
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
