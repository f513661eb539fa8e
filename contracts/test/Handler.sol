// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Entry, PAYMENT_GAS, RequestState} from "../datahub/Types.sol";
import {Bomber, Burner, Fussy, Reenterer, Refuser} from "./Hostile.sol";
import {Checks} from "./handler/Checks.sol";

/// @notice Acts on DataHub as everybody at random, and keeps books of its own: for every call it
/// knows from the design whether it must succeed, and what it owes to whom.
contract Handler is Checks {
    // How the reenterer is armed.
    enum Weapon {
        Guarded,
        Seal,
        ApproveAsGm,
        ApproveAsRm
    }

    Weapon private _weapon;
    uint256 private _target; // a request or an opening

    constructor() {
        (_gm, _rm) = (gm, rm);
        for (uint256 i = 0; i < 4; ++i) {
            _people.push(_payout(i));
        }
        address[3] memory hostile =
            [address(new Refuser()), address(new Burner()), address(new Bomber())];
        for (uint256 i = 0; i < 3; ++i) {
            _people.push(hostile[i]);
            _isHostile[hostile[i]] = true;
        }
        _fussy = address(new Fussy());
        _people.push(_fussy);
        _setSulking(true); // and soon owed something: a credit that grows is cheaper than a new one
        _reenterer = new Reenterer(address(hub));
        _people.push(address(_reenterer));
        // the hostile ones are hospitals and buyers, too; the reenterer may even come into office
        _hospitals = [hospital, _people[0], hostile[0], hostile[1], hostile[2], address(_reenterer)];
        _buyers = [buyer, _fussy, hostile[0], hostile[1], hostile[2], address(_reenterer)];
        _officers = [gm, rm, _people[2], address(_reenterer)];
        _people.push(hospital);
        _people.push(buyer);
        _people.push(stranger);
        _people.push(gm);
        _people.push(rm);
        for (uint256 i = 0; i < _people.length; ++i) {
            vm.deal(_people[i], FUNDS);
        }
        for (uint256 i = 0; i < _hospitals.length; ++i) {
            vm.prank(gm);
            hub.setHospital(_hospitals[i], true);
            _isRegistered[_hospitals[i]] = true;
        }
    }

    // ---------------------------------------------------------------- time and hostility

    /// @notice Time goes on by itself, or just up to the next deadline, or to the second before; rarely
    /// to when an opening is requested no longer, or nearly to when a retired key is.
    function passTime(uint256 seed) external {
        uint256 to = block.timestamp + _at(seed, 1, 1, 12 hours);
        uint256 kind = _at(seed, 2, 0, 127);
        (_focus, _focusKey) = (0, 0);
        if (kind < 48) {
            to = _nextDeadline() - kind % 2;
        } else if (kind < 54) {
            to = _openingDeadline(to) - kind % 2;
        } else if (kind < 56) {
            to = _keys[_at(seed, 3, 0, _keys.length - 1)].retiredAt + SALE_PERIOD - 1 days;
        }
        if (to > block.timestamp) vm.warp(to);
        if (kind >= 48 && kind < 54) requestOpening(seed);
        if (_focusKey != 0) deliver(seed);
    }

    // Of the newest twelve requests, or of a key's sale.
    function _nextDeadline() private returns (uint256 next) {
        next = block.timestamp + 2 days;
        for (uint256 id = dealCount; id > 0 && id + 12 > dealCount; --id) {
            Deal storage d = _deals[id];
            uint256 deadline = _isLate(d) && _isSealed(d) ? _ruleBy(d) : d.deadline;
            if (deadline > block.timestamp && deadline < next) (next, _focus) = (deadline, id);
        }
        for (uint256 i = 0; i < _keys.length; ++i) {
            uint256 deadline = _keys[i].retiredAt + SALE_PERIOD;
            if (deadline <= block.timestamp || deadline >= next) continue;
            (next, _focus, _focusKey) = (deadline, 0, i + 1);
        }
    }

    // Of the newest request with a fraud that is not opened yet.
    function _openingDeadline(uint256 otherwise) private returns (uint256) {
        for (uint256 id = dealCount; id > 0; --id) {
            uint256 deadline = _ruleBy(_deals[id]) + OPENING_WINDOW;
            if (block.timestamp >= deadline || !_hasFraud(_deals[id])) continue;
            _focus = id;
            return deadline;
        }
        return otherwise;
    }

    function change(uint256 seed) external {
        uint256 kind = _at(seed, 1, 0, 3);
        if (kind == 3) _setSulking(!_isSulking);
        else Refuser(payable(_people[4 + kind])).setWilling(_at(seed, 2, 0, 2) == 0);
    }

    function _setSulking(bool yes) private {
        _isSulking = yes;
        Fussy(payable(_fussy)).setLeast(yes ? type(uint256).max : PAYMENT_GAS);
    }

    function force(uint256 seed) external {
        uint256 amount = seed % 100;
        vm.deal(address(hub), address(hub).balance + amount);
        forced += amount;
    }

    /// @notice Whenever it is paid, the reenterer calls back with something that might well succeed.
    function arm(uint256 seed) external {
        uint256 kind = _at(seed, 1, 0, 12);
        _weapon = Weapon.Guarded;
        _reenterer.arm(kind < 3 ? _unguarded(seed) : _guarded(seed, kind));
    }

    function _guarded(uint256 seed, uint256 kind) private returns (bytes memory) {
        uint256 id = _pick(seed, kind == 6 ? _isOverdue : kind < 9 ? _isVerified : _isSealed);
        Deal storage d = _deals[id];
        address payable[] memory none;
        if (kind == 3) return abi.encodeCall(hub.withdraw, (_person(seed)));
        if (kind == 4) return abi.encodeCall(hub.finalize, (id, true, none));
        if (kind == 5) return abi.encodeCall(hub.finalize, (id, false, none));
        if (kind == 6) return abi.encodeCall(hub.expire, (id));
        if (kind == 7) return _pushCall(id);
        if (d.lines.length == 0) return "";
        uint256[] memory indices = _pickIndices(seed, d, kind == 8 ? _isUndisputed : _isDisputed);
        uint256 index = _pickLine(seed, d, kind == 10 ? _isProvable : _isUnsettled);
        if (kind == 8) return abi.encodeCall(hub.dispute, (id, indices));
        if (kind == 9) {
            return abi.encodeWithSelector(hub.rule.selector, id, indices, _at(seed, 2, 1, 3));
        }
        if (kind == 10) return _proveInvalidCall(id, index, _entryOf(id, index));
        return kind == 11 ? bytes("") : _claimCall(id, index);
    }

    // What is not guarded may succeed: it is no different from a call at another time.
    function _unguarded(uint256 seed) private returns (bytes memory call) {
        _target = _pick(seed, _isSealableByReenterer);
        if (_isSealableByReenterer(_deals[_target])) {
            _weapon = Weapon.Seal;
            return abi.encodeCall(hub.deliver, (_target, MANIFEST, new Entry[](0), true));
        }
        _target = _pickOpening(seed);
        bool asGm = _gm == address(_reenterer);
        _weapon = asGm ? Weapon.ApproveAsGm : Weapon.ApproveAsRm;
        (call,) = _approval(_target, asGm, address(_reenterer), MANIFEST);
    }

    function _isSealableByReenterer(Deal storage d) private view returns (bool) {
        return _isDeliverable(d) && d.hospital == address(_reenterer)
            && d.lines.length >= d.terms.minRecords;
    }

    function _bookCallBack() internal override {
        bool may = false;
        if (_weapon == Weapon.Seal) {
            Deal storage d = _deals[_target];
            may = _isSealableByReenterer(d);
            if (may) _bookSeal(d);
        } else if (_weapon != Weapon.Guarded) {
            bool asGm = _weapon == Weapon.ApproveAsGm;
            (, may) = _approval(_target, asGm, address(_reenterer), MANIFEST);
            if (may) _bookApproval(_target, asGm);
        }
        vm.assertTrue(may, "the reenterer got in");
        _count("call back", true);
    }

    // ---------------------------------------------------------------- the end of all things

    /// @notice Time alone, and a stranger, bring each request to its end, each wei to its owner.
    function finish() external {
        (_isStarving, _weapon) = (false, Weapon.Guarded);
        _reenterer.arm("");
        for (uint256 id = 1; id <= dealCount; ++id) {
            Deal storage d = _deals[id];
            if (_isAwaited(d) || _isDelivered(d)) {
                if (!_isLate(d)) vm.warp(d.deadline);
                _expire(id, stranger);
            }
            for (uint256 i = 0; i < d.lines.length; ++i) {
                if (_isClaimable(d, d.lines[i])) _claim(id, i, stranger);
            }
        }
        // what waits for ruleBy comes last: the clock does not go back
        for (uint256 id = 1; id <= dealCount; ++id) {
            Deal storage d = _deals[id];
            for (uint256 i = 0; i < d.lines.length; ++i) {
                if (!_isDisputed(d.lines[i])) continue;
                if (block.timestamp < _ruleBy(d)) vm.warp(_ruleBy(d));
                _claim(id, i, stranger);
            }
            vm.assertTrue(
                d.state == RequestState.Refunded || d.settled == d.lines.length, "at its end"
            );
        }
        for (uint256 i = 0; i < _people.length; ++i) {
            address who = _people[i];
            if (_isHostile[who]) Refuser(payable(who)).setWilling(true);
            if (who == _fussy) _setSulking(false);
            if (_credit[who] == 0) continue;
            _act("withdraw", stranger, 0, abi.encodeCall(hub.withdraw, (who)), true);
            _credit[who] = 0;
        }
        checkAll();
        vm.assertEq(address(hub).balance, forced, "no wei stays");
    }
}
