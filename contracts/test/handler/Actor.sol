// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Openings} from "../../datahub/Openings.sol";
import {Reenterer} from "../Hostile.sol";
import {Vm} from "../Vm.sol";
import {Books} from "./Books.sol";

/// @notice How the handler calls DataHub, and whom and what it picks at random.
abstract contract Actor is Books {
    uint256 private constant PLENTY = 1 << 24; // of gas; no call needs more
    bytes32 private constant GOT_IN = keccak256("got in");
    bytes32 private constant KEPT_OUT = keccak256("kept out");

    string[] public deeds; // what was tried
    mapping(string what => uint256) public succeeded;
    mapping(string what => uint256) public refused;

    Reenterer internal _reenterer;
    bool internal _isStarving;
    uint256 internal _focus; // a request that time brought to a deadline
    uint256 internal _focusKey; // a key version, likewise
    uint256 internal _touched; // the request picked last
    mapping(uint256 openingId => uint256) internal _completions; // events

    function deedCount() external view returns (uint256) {
        return deeds.length;
    }

    /// @notice The next call gets too little gas at first, then ever more.
    function starve() public {
        _isStarving = true;
    }

    // Calls DataHub: must succeed if it may, with too little gas too if at all, and must not if not.
    function _act(string memory what, address who, uint256 value, bytes memory data, bool may)
        internal
        returns (bool ok)
    {
        vm.recordLogs();
        for (uint256 left = 30_000; _isStarving && !ok && left < 700_000; left += left / 16) {
            ok = _call(who, value, data, left);
            _count("with little gas", ok);
        }
        _isStarving = false;
        if (!ok) ok = _call(who, value, data, PLENTY);
        vm.assertEq(ok, may, what);
        _count(what, ok);
        if (ok) _readLogs(vm.getRecordedLogs());
    }

    function _call(address who, uint256 value, bytes memory data, uint256 gas_)
        private
        returns (bool ok)
    {
        address to = address(hub);
        vm.prank(who);
        assembly ("memory-safe") {
            ok := call(gas_, to, value, add(data, 32), mload(data), 0, 0)
        }
    }

    function _count(string memory what, bool ok) internal {
        if (succeeded[what] + refused[what] == 0) deeds.push(what);
        if (ok) ++succeeded[what];
        else ++refused[what];
    }

    // What the reenterer's call back, which has got in, did.
    function _bookCallBack() internal virtual;

    function _readLogs(Vm.Log[] memory logs) private {
        for (uint256 i = 0; i < logs.length; ++i) {
            bytes32 topic = logs[i].topics[0];
            if (topic == Openings.OpeningCompleted.selector) {
                ++_completions[uint256(logs[i].topics[1])];
            } else if (topic == GOT_IN) {
                _bookCallBack();
            } else if (topic == KEPT_OUT) {
                _count("call back", false);
            }
        }
    }

    // ---------------------------------------------------------------- picking

    // One of the newest twelve requests, mostly one of the wanted; 0, which is none, at first.
    function _pick(uint256 seed, function(Deal storage) view returns (bool) wanted)
        internal
        returns (uint256 id)
    {
        if (dealCount == 0) return 0;
        uint256 among = dealCount > 12 ? 12 : dealCount;
        uint256 from = _at(seed, 100, 0, among - 1);
        id = dealCount - from;
        for (uint256 i = 0; i < among && _at(seed, 101, 0, 5) != 0; ++i) {
            uint256 other = dealCount - (from + i) % among;
            if (!wanted(_deals[other])) continue;
            id = other;
            break;
        }
        if (_focus != 0 && _at(seed, 104, 0, 1) == 0) id = _focus;
        _touched = id;
    }

    // One of a request's entries, mostly one of the wanted.
    function _pickLine(
        uint256 seed,
        Deal storage d,
        function(Line storage) view returns (bool) wanted
    ) internal view returns (uint256 index) {
        uint256 count = d.lines.length;
        index = _at(seed, 102, 0, count - 1);
        for (uint256 i = 0; i < count && _at(seed, 103, 0, 7) != 0; ++i) {
            uint256 other = (index + i) % count;
            if (wanted(d.lines[other])) return other;
        }
    }

    // Whether a request has such an entry.
    function _has(Deal storage d, function(Line storage) view returns (bool) wanted)
        internal
        view
        returns (bool)
    {
        for (uint256 i = 0; i < d.lines.length; ++i) {
            if (wanted(d.lines[i])) return true;
        }
        return false;
    }

    function _person(uint256 seed) internal view returns (address) {
        return _people[_at(seed, 105, 0, _people.length - 1)];
    }

    function _at(uint256 seed, uint256 salt, uint256 low, uint256 high)
        internal
        pure
        returns (uint256)
    {
        return _bound(uint256(keccak256(abi.encode(seed, salt))), low, high);
    }
}
