// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {Entry, EntryStatus, RequestState, Terms} from "../../datahub/Types.sol";
import {Goods} from "./Goods.sol";

/// @notice Buyers ask and pay, hospitals deliver, anybody claims what is due.
abstract contract Trade is Goods {
    address[] internal _buyers;
    address[] internal _hospitals;
    mapping(address who => bool) internal _isRegistered;

    // ---------------------------------------------------------------- up to the delivery

    function open(uint256 seed) external {
        uint16 most = uint16(_at(seed, 1, 1, _at(seed, 2, 0, 7) == 0 ? 70 : 12));
        Terms memory terms = Terms(
            uint16(_at(seed, 3, 1, most < 4 ? most : 4)),
            most,
            uint32(_at(seed, 4, 1 hours, 5 days)),
            uint32(_at(seed, 5, 1 hours, 5 days)),
            uint32(_at(seed, 6, 1 hours, 4 days)),
            uint32(_at(seed, 7, 1 hours, 4 days))
        );
        bool may = _at(seed, 8, 0, 11) != 0;
        if (!may) _spoilTerms(seed, terms);
        uint256 escrow = _at(seed, 9, 40, 5 ether);
        uint256 kind = _at(seed, 10, 0, 15);
        if (kind < 3) escrow = most + _at(seed, 11, 0, 20);
        if (kind == 3) escrow = type(uint96).max - 1 + _at(seed, 11, 0, 2);
        may = may && escrow > most && escrow <= type(uint96).max;
        address who = _buyers[_at(seed, 12, 0, _buyers.length - 1)];
        bytes memory call = abi.encodeCall(hub.requestWithTerms, (TEMPLATE, terms));
        if (_act("open", who, escrow, call, may)) _bookOpen(who, escrow, terms);
    }

    function reply(uint256 seed) external {
        uint256 id = _pick(seed, _isReplyable);
        Deal storage d = _deals[id];
        address who = _at(seed, 1, 0, 7) == 0
            ? _person(seed)
            : _hospitals[_at(seed, 2, 0, _hospitals.length - 1)];
        uint256 bond = _bondOf(d.escrow);
        uint256 value = bond + (_at(seed, 3, 0, 15) == 0 ? 1 : 0);
        bool may = _isOpen(d) && !_isLate(d) && _isRegistered[who] && value == bond;
        if (_act("reply", who, value, abi.encodeCall(hub.reply, (id, MANIFEST)), may)) {
            _bookReply(d, who);
        }
    }

    function deliver(uint256 seed) public {
        uint256 id = _pick(seed, _isDeliverable);
        Deal storage d = _deals[id];
        uint256 n = _at(seed, 1, 0, _isDeliverable(d) ? 5 : 1);
        if (n > 2 && d.terms.maxRecords > 32) n *= 10; // its statuses take more than one slot
        uint256 count = d.lines.length + n;
        if (count > d.terms.maxRecords && _at(seed, 5, 0, 7) != 0) {
            (n, count) = (d.terms.maxRecords - d.lines.length, d.terms.maxRecords);
        }
        bool seal = count >= d.terms.minRecords
            ? n == 0 || _at(seed, 2, 0, 2) != 0
            : _at(seed, 2, 0, 15) == 0;
        (Entry[] memory part, bool[] memory valid, bool sellable) = _makePart(seed, id, n);
        uint256 highest = d.highestMinPayout;
        for (uint256 i = 0; i < n; ++i) {
            if (part[i].minPayout > highest) highest = part[i].minPayout;
        }
        bool may = _isReplied(d) && !_isLate(d) && sellable && count <= d.terms.maxRecords
            && (n != 0 || seal) && (!seal || count >= d.terms.minRecords)
            && highest <= d.escrow / (count + 1);
        address who = d.hospital;
        if (_at(seed, 3, 0, 15) == 0) (who, may) = (stranger, false);
        if (n != 0 && _at(seed, 4, 0, 15) == 0) {
            _spoilEntry(seed, id, part);
            may = false;
        }
        bytes memory call =
            abi.encodeCall(hub.deliver, (id, seal ? MANIFEST : bytes32(0), part, seal));
        if (!_act("deliver", who, 0, call, may)) return;
        if (n != 0) d.parts.push(n);
        d.highestMinPayout = highest;
        for (uint256 i = 0; i < n; ++i) {
            d.lines.push();
            d.lines[d.lines.length - 1].valid = valid[i];
            d.lines[d.lines.length - 1].payout = part[i].payout;
        }
        _keep(id, part);
        if (seal) _bookSeal(d);
    }

    // ---------------------------------------------------------------- and after it

    function finalize(uint256 seed) external {
        uint256 id = _pick(seed, _isDelivered);
        Deal storage d = _deals[id];
        address who = _buyerOrNot(seed, d);
        bool may = _isDelivered(d) && (_isLate(d) || who == d.buyer);
        bytes memory call = abi.encodeCall(hub.finalize, (id, true, new address payable[](0)));
        if (_act("finalize", who, 0, call, may)) d.state = RequestState.Finalized;
    }

    function refund(uint256 seed) external {
        uint256 id = _pick(seed, _isOverdue);
        Deal storage d = _deals[id];
        // no value: while Delivered it would be a dispute without bonds
        bool may = _isAwaited(d) && _isLate(d);
        bytes memory call = abi.encodeCall(hub.finalize, (id, false, new address payable[](0)));
        if (_act("refund", _buyerOrNot(seed, d), 0, call, may)) _bookRefund(d);
    }

    function expire(uint256 seed) external {
        _expire(_pick(seed, _isOverdue), _person(seed));
    }

    function push(uint256 seed) external {
        uint256 id = _pick(seed, _isPushable);
        Deal storage d = _deals[id];
        address who = _buyerOrNot(seed, d);
        bool may = d.parts.length == 1 && d.lines.length <= 64 && _has(d, _isUndisputed)
            && (d.state == RequestState.Finalized
                || (_isDelivered(d) && (_isLate(d) || who == d.buyer)));
        if (!_act("push", who, 0, _pushCall(id), may)) return;
        d.state = RequestState.Finalized;
        bool passed = false;
        for (uint256 i = 0; i < d.lines.length; ++i) {
            if (_isUndisputed(d.lines[i])) _bookPaid(d, d.lines[i]);
            else if (!_isSettled(d.lines[i])) passed = true;
        }
        if (passed) _count("push past a disputed entry", true);
    }

    function claim(uint256 seed) external {
        uint256 id = _pick(seed, _at(seed, 3, 0, 5) == 0 ? _isVerified : _hasClaimable);
        Deal storage d = _deals[id];
        uint256 count = d.lines.length;
        if (count == 0) return;
        uint256 index = _at(seed, 1, 0, count - 1);
        for (uint256 i = 0; i < count && _at(seed, 2, 0, 3) != 0; ++i) {
            if (_isClaimable(d, d.lines[index])) break;
            index = (index + 1) % count;
        }
        if (d.lines[index].payout == _fussy) starve();
        _claim(id, index, _buyerOrNot(seed, d));
    }

    function withdraw(uint256 seed) external {
        address who = _person(seed); // mostly one who is owed and takes it
        for (uint256 i = 0; i < _people.length && _at(seed, 1, 0, 5) != 0; ++i) {
            address other = _people[(_at(seed, 2, 0, 99) + i) % _people.length];
            if (_credit[other] == 0 || !_accepts(other)) continue;
            if (other == _fussy && _at(seed, 3, 0, 9) != 0) continue; // see starve
            who = other;
            break;
        }
        bool may = _credit[who] != 0 && _accepts(who);
        if (_act("withdraw", stranger, 0, abi.encodeCall(hub.withdraw, (who)), may)) {
            _credit[who] = 0;
        }
    }

    // ---------------------------------------------------------------- helpers

    function _expire(uint256 id, address who) internal {
        Deal storage d = _deals[id];
        bool may = _isLate(d) && (_isAwaited(d) || _isDelivered(d));
        if (!_act("expire", who, 0, abi.encodeCall(hub.expire, (id)), may)) return;
        if (_isDelivered(d)) d.state = RequestState.Finalized;
        else _bookRefund(d);
    }

    function _claim(uint256 id, uint256 index, address who) internal {
        Deal storage d = _deals[id];
        Line storage line = d.lines[index];
        string memory what = _isDisputed(line)
            ? "claim after ruleBy"
            : line.status == EntryStatus.RuledPay ? "claim of one ruled Pay" : "claim";
        if (!_act(what, who, 0, _claimCall(id, index), _isClaimable(d, line))) return;
        d.state = RequestState.Finalized;
        _bookPaid(d, line);
    }

    // n more entries of a request; valid: which are; sellable: whether their key versions are.
    function _makePart(uint256 seed, uint256 id, uint256 n)
        private
        view
        returns (Entry[] memory part, bool[] memory valid, bool sellable)
    {
        Deal storage d = _deals[id];
        (part, valid, sellable) = (new Entry[](n), new bool[](n), true);
        bytes32 last = _lastRoot(id);
        uint256 odd = n == 0 ? 0 : _at(seed, 30, 0, 4 * n); // there may be one of these
        for (uint256 i = 0; i < n; ++i) {
            uint256 own = uint256(keccak256(abi.encode(seed, i)));
            uint32 version = uint32(_focusKey == 0 ? _current : _focusKey);
            if (version == 0 || i == odd) {
                version =
                    uint32(_at(own, 31, _keys.length > 3 ? _keys.length - 3 : 0, _keys.length));
            }
            // what is sure to be paid, but for the odd one: the most there is now, or more
            uint256 price =
                _at(own, 32, 0, 3) == 0 ? d.escrow / (uint256(d.terms.maxRecords) + 1) : 1;
            if (i == odd) price = d.escrow / (d.lines.length + n + 1) + _at(own, 33, 0, 1);
            sellable = sellable && _isSellable(version);
            (part[i], valid[i]) = _makeEntry(own, id, d.lines.length + i, last, version, price);
            last = part[i].releaseRoot;
        }
    }

    function _spoilTerms(uint256 seed, Terms memory terms) private pure {
        uint32 window = _at(seed, 20, 0, 1) == 0 ? 1 hours - 1 : 90 days + 1;
        uint256 kind = _at(seed, 21, 0, 5);
        if (kind == 0) terms.minRecords = 0;
        else if (kind == 1) terms.minRecords = terms.maxRecords + 1;
        else if (kind == 2) terms.replyWindow = window;
        else if (kind == 3) terms.deliverWindow = window;
        else if (kind == 4) terms.verifyWindow = window;
        else terms.ruleWindow = window;
    }

    function _spoilEntry(uint256 seed, uint256 id, Entry[] memory part) private view {
        uint256 i = _at(seed, 20, 0, part.length - 1);
        uint256 kind = _at(seed, 21, 0, 6);
        if (kind == 0) part[i].payout = address(0);
        else if (kind == 1) part[i].payout = address(hub);
        else if (kind == 2) part[i].releaseRoot = i == 0 ? _lastRoot(id) : part[i - 1].releaseRoot;
        else if (kind == 3) part[i].sig = bytes.concat(part[i].sig, hex"00");
        else if (kind == 4) part[i].ys = "";
        else if (kind == 5) part[i].consent = new bytes(64);
        else part[i].keyVersion = uint32(_keys.length + 1);
    }

    function _buyerOrNot(uint256 seed, Deal storage d) internal view returns (address) {
        return _at(seed, 50, 0, 2) == 0 ? _person(seed) : d.buyer;
    }

    function _isReplyable(Deal storage d) private view returns (bool) {
        return _isOpen(d) && !_isLate(d);
    }

    function _isDeliverable(Deal storage d) internal view returns (bool) {
        return _isReplied(d) && !_isLate(d);
    }

    function _isOverdue(Deal storage d) internal view returns (bool) {
        return _isLate(d) && (_isAwaited(d) || _isDelivered(d));
    }

    function _isOpen(Deal storage d) internal view returns (bool) {
        return d.state == RequestState.Open;
    }

    function _isReplied(Deal storage d) internal view returns (bool) {
        return d.state == RequestState.Replied;
    }

    function _isAwaited(Deal storage d) internal view returns (bool) {
        return _isOpen(d) || _isReplied(d);
    }

    function _isDelivered(Deal storage d) internal view returns (bool) {
        return d.state == RequestState.Delivered;
    }

    function _isPushable(Deal storage d) private view returns (bool) {
        return _isSealed(d) && d.parts.length == 1 && _has(d, _isUndisputed);
    }

    function _hasClaimable(Deal storage d) private view returns (bool) {
        for (uint256 i = 0; i < d.lines.length; ++i) {
            if (_isClaimable(d, d.lines[i])) return true;
        }
        return false;
    }
}
