// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {
    EntryStatus,
    GroupKeyInfo,
    OpeningInfo,
    RequestInfo,
    RequestState,
    Verdict
} from "../../datahub/Types.sol";
import {Office} from "./Office.sol";

/// @notice DataHub held against the books, and against the invariants by themselves.
abstract contract Checks is Office {
    uint256 internal constant FUNDS = 1 << 110; // everybody's at first

    uint256 private _turn;

    /// @notice What the last call may have changed, and in turn what it must not have.
    function checkSome() external {
        _checkMoney();
        if (dealCount != 0) {
            _checkDeal(_turn % dealCount + 1);
            if (_touched != 0) _checkDeal(_touched);
        }
        if (_recordIds.length != 0) {
            _checkRecord(_recordIds[_turn % _recordIds.length]);
            _checkRecord(_recordIds[_recordIds.length - 1]);
        }
        ++_turn;
    }

    function checkAll() public view {
        _checkMoney();
        uint256 held = forced;
        for (uint256 id = 1; id <= dealCount; ++id) {
            held += _checkDeal(id);
        }
        for (uint256 i = 0; i < _people.length; ++i) {
            held += hub.credits(_people[i]);
        }
        vm.assertEq(address(hub).balance, held, "balance by the contract's own figures");
        for (uint256 i = 0; i < _recordIds.length; ++i) {
            _checkRecord(_recordIds[i]);
        }
        _checkDirectory();
    }

    function _checkDirectory() private view {
        vm.assertEq(hub.pendingGroupManager(), _nextGm, "next group manager");
        vm.assertEq(hub.pendingRevocationManager(), _nextRm, "next revocation manager");
        for (uint256 i = 0; i < _hospitals.length; ++i) {
            vm.assertEq(hub.isHospital(_hospitals[i]), _isRegistered[_hospitals[i]], "hospital");
        }
        vm.assertEq(uint256(hub.groupKeyCount()), _keys.length, "keys");
        for (uint256 i = 0; i < _keys.length; ++i) {
            GroupKeyInfo memory info = hub.getGroupKey(uint32(i + 1));
            vm.assertEq(info.confirmedAt != 0, _keys[i].confirmed, "confirmed");
            vm.assertEq(info.retiredAt, _keys[i].retiredAt, "retired");
            vm.assertEq(info.compromised, _keys[i].compromised, "compromised");
        }
    }

    // Balance = what requests hold + what is owed + what was forced on it. Everybody has got, or is
    // credited, exactly what is due, and nobody else got anything.
    function _checkMoney() private view {
        uint256 owed = 0;
        for (uint256 i = 0; i < _people.length; ++i) {
            address who = _people[i];
            uint256 credit = _credit[who];
            vm.assertEq(hub.credits(who), credit, "credit");
            vm.assertEq(who.balance + credit + _spent[who], FUNDS + _due[who], "due");
            owed += credit;
        }
        vm.assertEq(address(hub).balance, totalHeld + owed + forced, "balance");
        vm.assertEq(hub.requestCount(), dealCount, "requests");
        vm.assertEq(hub.groupManager(), _gm, "group manager");
        vm.assertEq(hub.revocationManager(), _rm, "revocation manager");
        vm.assertEq(uint256(hub.currentKeyVersion()), uint256(_current), "key version");
    }

    // Returns what the contract must hold for the request by its own figures.
    function _checkDeal(uint256 id) private view returns (uint256 held) {
        RequestInfo memory info = hub.getRequest(id);
        Deal storage d = _deals[id];
        uint256 count = d.lines.length;
        vm.assertEq(uint256(info.state), uint256(d.state), "state");
        vm.assertEq(info.buyer, d.buyer, "buyer");
        vm.assertEq(info.hospital, d.hospital, "hospital");
        vm.assertEq(info.deadline, d.deadline, "deadline");
        vm.assertEq(info.ruleBy, _isSealed(d) ? _ruleBy(d) : 0, "ruleBy");
        vm.assertEq(info.count, count, "count");
        vm.assertEq(info.settled, d.settled, "settled");
        vm.assertEq(info.invalid, d.bad, "invalid");
        vm.assertEq(info.highestMinPayout, d.highestMinPayout, "highest minPayout");
        vm.assertEq(info.lastReleaseRoot, _lastRoot(id), "last root");

        (uint256 settled, uint256 bad, uint256 bonds) = (0, 0, 0);
        for (uint256 i = 0; i < count; ++i) {
            EntryStatus status = _checkLine(id, i, d.lines[i]);
            if (status >= EntryStatus.Refunded) ++bad;
            if (status == EntryStatus.Disputed || status == EntryStatus.RuledPay) ++bonds;
            else if (status != EntryStatus.Unsettled) ++settled;
        }
        vm.assertEq(settled, info.settled, "settled by statuses");
        vm.assertEq(bad, info.invalid, "bad by statuses");

        if (info.state == RequestState.Open) held = info.escrow;
        if (info.state == RequestState.Replied) held = info.escrow + info.bond;
        if (_isSealed(d) && settled != count) {
            uint256 part = info.escrow / (count + 1);
            held = info.escrow + info.bond + bonds * _bondOf(part);
            held -= settled * part + bad * (info.bond / count);
        }
        vm.assertEq(held, d.held, "held");
    }

    // One manager alone changes nothing in any entry, and only an entry ruled Fraud is opened, by both.
    function _checkLine(uint256 id, uint256 index, Line storage line)
        private
        view
        returns (EntryStatus status)
    {
        Verdict first;
        Verdict second;
        (status, first, second) = hub.getEntryStatus(id, index);
        vm.assertEq(uint256(status), uint256(line.status), "status");
        vm.assertEq(uint256(first), uint256(line.gmVote), "group manager's vote");
        vm.assertEq(uint256(second), uint256(line.rmVote), "revocation manager's vote");
        Verdict both = first == second ? first : Verdict.None;
        if (status == EntryStatus.Unsettled) {
            vm.assertEq(uint256(first) + uint256(second), 0, "no vote without a dispute");
        } else if (status == EntryStatus.Disputed) {
            vm.assertEq(uint256(both), 0, "agreed, but not ruled");
        } else if (status == EntryStatus.RuledPay) {
            vm.assertEq(uint256(both), uint256(Verdict.Pay), "Pay by one");
        } else if (status == EntryStatus.Refunded) {
            vm.assertEq(uint256(both), uint256(Verdict.Refund), "Refund by one");
        } else if (status == EntryStatus.Fraud) {
            vm.assertEq(uint256(both), uint256(Verdict.Fraud), "Fraud by one");
        }
        if (status == EntryStatus.Invalid) vm.assertTrue(!line.valid, "a good entry voided");

        OpeningInfo memory opening = hub.getOpening((id << 16) | index);
        vm.assertEq(opening.requested, line.openingRequested, "opening requested");
        vm.assertEq(opening.groupManagerApproved, line.gmApproved, "approved by GM");
        vm.assertEq(opening.revocationManagerApproved, line.rmApproved, "approved by RM");
        bool complete = line.gmApproved && line.rmApproved;
        vm.assertEq(_completions[(id << 16) | index], complete ? 1 : 0, "completed");
        if (opening.requested) {
            vm.assertEq(uint256(status), uint256(EntryStatus.Fraud), "opened without fraud");
        }
    }

    function _checkRecord(bytes32 id) private view {
        (uint256 timestamp, uint32 version, bool verified) = hub.getRecordStatus(id);
        vm.assertEq(timestamp, _anchors[id].timestamp, "timestamp");
        vm.assertEq(version, _anchors[id].keyVersion, "version");
        vm.assertEq(verified, _anchors[id].verified, "verified");
    }
}
