// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Entry, EntryStatus, Verdict} from "../../datahub/Types.sol";
import {Trade} from "./Trade.sol";

/// @notice Buyers dispute, both managers rule, anybody proves, and who defrauded is opened.
abstract contract Judgement is Trade {
    address internal _gm;
    address internal _rm;
    uint256[] internal _openings;

    // ---------------------------------------------------------------- disputes and rulings

    function dispute(uint256 seed) external {
        uint256 id = _pick(seed, _isDisputable);
        Deal storage d = _deals[id];
        if (d.lines.length == 0) return;
        uint256 kind = _at(seed, 3, 0, 5);
        uint256[] memory indices =
            _pickIndices(seed, d, kind == 0 ? _isSpared : kind == 1 ? _isSettled : _isUndisputed);
        address who = _at(seed, 1, 0, 9) == 0 ? _person(seed) : d.buyer;
        uint256 bonds = indices.length * _disputeBond(d);
        uint256 value = _at(seed, 2, 0, 15) == 0 ? bonds + 1 : bonds;
        (uint256 fresh, bool listed) = _fresh(d, indices);
        bool may = listed && fresh != 0 && _isVerified(d) && who == d.buyer && value == bonds;
        if (!_act("dispute", who, value, abi.encodeCall(hub.dispute, (id, indices)), may)) return;
        _bookDisputes(d, indices, fresh);
        if (fresh != indices.length) _count("dispute of a settled entry too", true);
    }

    /// @notice By {DataHub-finalize} with false.
    function disputeAll(uint256 seed) external {
        uint256 id = _pick(seed, _isDisputable);
        Deal storage d = _deals[id];
        if (!_isDelivered(d)) return; // else it is a refund
        uint256[] memory indices = _range(0, d.lines.length);
        address who = _buyerOrNot(seed, d);
        uint256 value = indices.length * _disputeBond(d) - (_at(seed, 1, 0, 9) == 0 ? 1 : 0);
        uint256 fresh = 0;
        for (uint256 i = 0; i < indices.length; ++i) {
            if (_isUndisputed(d.lines[i])) ++fresh;
        }
        bool may = fresh != 0 && _isVerified(d) && who == d.buyer
            && value == indices.length * _disputeBond(d);
        bytes memory call = abi.encodeCall(hub.finalize, (id, false, new address payable[](0)));
        if (_act("disputeAll", who, value, call, may)) _bookDisputes(d, indices, fresh);
    }

    function rule(uint256 seed) external {
        uint256 id = _pick(seed, _isInCourt);
        Deal storage d = _deals[id];
        if (d.lines.length == 0) return;
        uint256[] memory indices =
            _pickIndices(seed, d, _at(seed, 2, 0, 1) == 0 ? _isDisputed : _isVotedOn);
        uint256 kind = _at(seed, 1, 0, 12);
        bool asGm = kind % 2 == 0;
        address who = kind < 12 ? asGm ? _gm : _rm : _buyerOrNot(seed, d);
        if (kind == 12) asGm = who == _gm; // a manager may be a buyer
        bool may = _isRuled(d) && (who == _gm || who == _rm);
        for (uint256 i = 0; i < indices.length; ++i) {
            may = may && indices[i] < d.lines.length && !_isUndisputed(d.lines[indices[i]]);
        }
        uint256 verdict = _verdict(seed, d, indices, asGm);
        may = may && verdict >= 1 && verdict <= 3;
        // verdicts that there are not can be sent, too
        bytes memory call = abi.encodeWithSelector(hub.rule.selector, id, indices, verdict);
        if (_act("rule", who, 0, call, may)) _bookVotes(d, indices, asGm, Verdict(verdict));
    }

    // ---------------------------------------------------------------- proofs

    function proveInvalid(uint256 seed) external {
        uint256 id = _pick(seed, _hasProvable);
        Deal storage d = _deals[id];
        if (d.lines.length == 0) return;
        bool any = _at(seed, 1, 0, 3) == 0;
        uint256 index = _pickLine(seed, d, any ? _isUnsettled : _isProvable);
        Entry memory e = _entryOf(id, index);
        bool altered = _at(seed, 2, 0, 9) == 0;
        if (altered) _alter(seed, e);
        Line storage line = d.lines[index];
        bool may = !altered && _isSealed(d) && _isProvable(line);
        string memory what = _isUndisputed(line)
            ? "prove"
            : line.status == EntryStatus.RuledPay
                ? "prove one ruled Pay"
                : _isDisputed(line) ? "prove a disputed one" : "prove a settled one";
        if (line.valid && !altered && _isUnsettled(line)) what = "prove a good one";
        if (_at(seed, 3, 0, 5) == 0) starve(); // which must not make a good one a bad one
        if (_act(what, _person(seed), 0, _proveInvalidCall(id, index, e), may)) {
            _bookBad(d, line, EntryStatus.Invalid);
        }
    }

    // ---------------------------------------------------------------- openings

    /// @notice Several attempts, of which one for each entry may succeed.
    function requestOpening(uint256 seed) public {
        uint256 id = _pick(seed, _at(seed, 1, 0, 5) == 0 ? _isSealed : _hasFraud);
        Deal storage d = _deals[id];
        if (d.lines.length == 0) return;
        for (uint256 i = 0; i < 6; ++i) {
            uint256 own = uint256(keccak256(abi.encode(seed, i)));
            _requestOpening(own, id, _pickLine(own, d, i % 3 == 0 ? _isSettled : _isFraud));
        }
    }

    function _requestOpening(uint256 seed, uint256 id, uint256 index) private {
        Deal storage d = _deals[id];
        Entry memory e = _entryOf(id, index);
        bytes32 signatureHash = keccak256(e.sig);
        uint256 kind = _at(seed, 2, 0, 4);
        if (kind == 0) _alter(seed, e);
        if (kind == 1) signatureHash = sha256(e.sig);
        address who = _at(seed, 3, 0, 5) == 0 ? _person(seed) : d.buyer;
        bool may = kind > 1 && who == d.buyer && _isUnopened(d.lines[index])
            && block.timestamp < _ruleBy(d) + OPENING_WINDOW;
        bytes memory call = _openingCall(id, index, e, signatureHash);
        if (!_act("requestOpening", who, 0, call, may)) return;
        d.lines[index].openingRequested = true;
        _openings.push((id << 16) | index);
    }

    function approve(uint256 seed) external {
        uint256 openingId = _pickOpening(seed);
        bool asGm = _at(seed, 4, 0, 1) == 0;
        uint256 kind = _at(seed, 5, 0, 9);
        address who = kind == 0 ? _person(seed) : (kind == 1) == asGm ? _rm : _gm;
        bytes32 share = _at(seed, 6, 0, 9) == 0 ? bytes32(0) : keccak256("share");
        (bytes memory call, bool may) = _approval(openingId, asGm, who, share);
        if (_act(asGm ? "approve as GM" : "approve as RM", who, 0, call, may)) {
            _bookApproval(openingId, asGm);
        }
    }

    // One of the newest four, mostly.
    function _pickOpening(uint256 seed) internal view returns (uint256 openingId) {
        uint256 count = _openings.length;
        if (count == 0 || _at(seed, 2, 0, 9) == 0) return _at(seed, 1, 0, type(uint32).max);
        return _openings[count - 1 - _at(seed, 3, 0, count < 4 ? count - 1 : 3)];
    }

    function _approval(uint256 openingId, bool asGm, address who, bytes32 share)
        internal
        view
        returns (bytes memory call, bool may)
    {
        call = asGm
            ? abi.encodeCall(hub.approveOpeningGroupManager, (openingId, share))
            : abi.encodeCall(hub.approveOpeningRevocationManager, (openingId, share));
        (Deal storage d, uint256 index) = (_deals[openingId >> 16], openingId & 0xffff);
        may = share != 0 && who == (asGm ? _gm : _rm) && index < d.lines.length;
        if (!may) return (call, false);
        Line storage line = d.lines[index];
        may = line.openingRequested && !(asGm ? line.gmApproved : line.rmApproved);
    }

    function _bookApproval(uint256 openingId, bool asGm) internal {
        Line storage line = _deals[openingId >> 16].lines[openingId & 0xffff];
        if (asGm) line.gmApproved = true;
        else line.rmApproved = true;
        if (line.gmApproved && line.rmApproved) _count("opening completed", true);
    }

    // ---------------------------------------------------------------- helpers

    // One to five of a request's entries, mostly of the wanted and mostly different; rarely one that is
    // not there.
    function _pickIndices(
        uint256 seed,
        Deal storage d,
        function(Line storage) view returns (bool) wanted
    ) internal view returns (uint256[] memory indices) {
        uint256 count = d.lines.length;
        uint256 n = _at(seed, 60, 1, count < 5 ? count : 5);
        indices = new uint256[](n);
        uint256 from = _pickLine(seed, d, wanted);
        for (uint256 i = 0; i < n; ++i) {
            if (_at(seed, 61 + i, 0, 25) != 0) from = _nextLine(d, from, wanted);
            indices[i] = from;
            if (_at(seed, 71 + i, 0, 60) == 0) indices[i] = count + _at(seed, 81, 0, 300);
        }
    }

    function _nextLine(
        Deal storage d,
        uint256 index,
        function(Line storage) view returns (bool) wanted
    ) private view returns (uint256) {
        uint256 count = d.lines.length;
        for (uint256 i = 1; i < count; ++i) {
            if (wanted(d.lines[(index + i) % count])) return (index + i) % count;
        }
        return (index + 1) % count;
    }

    // How many of these can be disputed anew; listed: none makes the list refused.
    function _fresh(Deal storage d, uint256[] memory indices)
        private
        view
        returns (uint256 fresh, bool listed)
    {
        listed = true;
        for (uint256 i = 0; i < indices.length; ++i) {
            if (indices[i] >= d.lines.length) return (0, false);
            Line storage line = d.lines[indices[i]];
            if (_isSettled(line)) continue;
            ++fresh;
            if (!_isUndisputed(line)) listed = false;
            for (uint256 k = 0; k < i; ++k) {
                if (indices[k] == indices[i]) listed = false;
            }
        }
    }

    function _bookDisputes(Deal storage d, uint256[] memory indices, uint256 fresh) private {
        for (uint256 i = 0; i < indices.length; ++i) {
            if (_isUndisputed(d.lines[indices[i]])) _bookDispute(d, d.lines[indices[i]]);
        }
        _bookReturned(d.buyer, (indices.length - fresh) * _disputeBond(d));
    }

    // Mostly what the other manager says, if it has voted; rarely none there is.
    function _verdict(uint256 seed, Deal storage d, uint256[] memory indices, bool asGm)
        private
        view
        returns (uint256)
    {
        if (_at(seed, 91, 0, 25) == 0) return _at(seed, 92, 0, 1) * 4;
        if (indices[0] < d.lines.length && _at(seed, 93, 0, 3) != 0) {
            Line storage line = d.lines[indices[0]];
            Verdict other = asGm ? line.rmVote : line.gmVote;
            if (other != Verdict.None) return uint256(other);
        }
        return _at(seed, 94, 0, 3) == 0 ? 3 : _at(seed, 95, 1, 3); // Fraud leads further
    }

    function _bookVotes(Deal storage d, uint256[] memory indices, bool asGm, Verdict verdict)
        internal
    {
        for (uint256 i = 0; i < indices.length; ++i) {
            Line storage line = d.lines[indices[i]];
            if (!_isDisputed(line)) continue;
            Verdict own = asGm ? line.gmVote : line.rmVote;
            if (own != Verdict.None && own != verdict) _count("vote changed", true);
            _bookVote(d, line, asGm, verdict);
            if (_isDisputed(line)) continue;
            string[4] memory names = ["", "ruled Pay", "ruled Refund", "ruled Fraud"];
            _count(names[uint256(verdict)], true);
        }
    }

    // Another entry than was delivered.
    function _alter(uint256 seed, Entry memory e) private pure {
        uint256 kind = _at(seed, 30, 0, 8);
        if (kind == 0) e.releaseRoot = ~e.releaseRoot;
        else if (kind == 1) e.releaseAddr = address(uint160(e.releaseAddr) ^ 1);
        else if (kind == 2) e.payout = address(uint160(e.payout) ^ 1);
        else if (kind == 3) e.bundleDigest = ~e.bundleDigest;
        else if (kind == 4) ++e.minPayout;
        else if (kind == 5) ++e.keyVersion;
        else if (kind == 6) _bend(seed, e.sig);
        else if (kind == 7) _bend(seed, e.ys);
        else _bend(seed, e.consent);
    }

    function _isInCourt(Deal storage d) private view returns (bool) {
        return _isRuled(d) && _has(d, _isDisputed);
    }

    function _isDisputable(Deal storage d) private view returns (bool) {
        return _isVerified(d) && _has(d, _isUndisputed);
    }

    function _hasProvable(Deal storage d) private view returns (bool) {
        return _isSealed(d) && _has(d, _isProvable);
    }

    function _hasFraud(Deal storage d) internal view returns (bool) {
        return _has(d, _isUnopened);
    }

    function _isVotedOn(Line storage line) private view returns (bool) {
        return _isDisputed(line) && (line.gmVote != Verdict.None || line.rmVote != Verdict.None);
    }

    function _isUnopened(Line storage line) private view returns (bool) {
        return line.status == EntryStatus.Fraud && !line.openingRequested;
    }
}
