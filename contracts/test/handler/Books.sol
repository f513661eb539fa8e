// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {EntryStatus, RequestState, Terms, Verdict} from "../../datahub/Types.sol";
import {Refuser} from "../Hostile.sol";
import {HubTest} from "../HubTest.sol";

/// @notice Where each request and entry stands and who is owed what, from the design alone: nothing
/// here asks DataHub.
abstract contract Books is HubTest {
    struct Line {
        EntryStatus status;
        Verdict gmVote;
        Verdict rmVote;
        bool valid; // in signature and consent
        bool openingRequested;
        bool gmApproved;
        bool rmApproved;
        address payout;
    }

    struct Deal {
        RequestState state;
        address buyer;
        address hospital;
        uint256 escrow;
        Terms terms;
        uint256 deadline;
        uint256 highestMinPayout;
        uint256[] parts; // how many entries each has
        Line[] lines;
        uint256 settled;
        uint256 bad;
        uint256 held; // in wei, by what came in and went out
    }

    mapping(uint256 id => Deal) internal _deals;
    uint256 public dealCount;
    uint256 public totalHeld;
    uint256 public forced;

    address[] internal _people; // everyone who can send or get money
    mapping(address who => bool) internal _isHostile; // a Refuser, or one like it
    address internal _fussy; // wants all the gas that every payment has
    bool internal _isSulking; // takes nothing at all
    mapping(address who => uint256) internal _spent;
    mapping(address who => uint256) internal _due;
    mapping(address who => uint256) internal _credit; // of what is due, what was not taken

    uint256 internal constant OPENING_WINDOW = 30 days;

    constructor() {
        setUp();
    }

    // ---------------------------------------------------------------- a request's life

    function _bookOpen(address who, uint256 escrow, Terms memory terms) internal {
        Deal storage d = _deals[++dealCount];
        d.state = RequestState.Open;
        d.buyer = who;
        d.escrow = escrow;
        d.terms = terms;
        d.deadline = block.timestamp + terms.replyWindow;
        _bookIn(d, who, escrow);
    }

    function _bookReply(Deal storage d, address who) internal {
        d.state = RequestState.Replied;
        d.hospital = who;
        d.deadline = block.timestamp + d.terms.deliverWindow;
        _bookIn(d, who, _bondOf(d.escrow));
    }

    function _bookSeal(Deal storage d) internal {
        d.state = RequestState.Delivered;
        d.deadline = block.timestamp + d.terms.verifyWindow;
    }

    function _bookRefund(Deal storage d) internal {
        d.state = RequestState.Refunded;
        _bookOut(d, d.buyer, d.held);
    }

    // ---------------------------------------------------------------- an entry's life

    function _bookDispute(Deal storage d, Line storage line) internal {
        line.status = EntryStatus.Disputed;
        _bookIn(d, d.buyer, _disputeBond(d));
    }

    function _bookVote(Deal storage d, Line storage line, bool asGm, Verdict verdict) internal {
        if (line.status != EntryStatus.Disputed) return;
        if (asGm) line.gmVote = verdict;
        else line.rmVote = verdict;
        if (line.gmVote != line.rmVote) return;
        if (verdict == Verdict.Pay) {
            line.status = EntryStatus.RuledPay;
        } else {
            _bookBad(d, line, verdict == Verdict.Fraud ? EntryStatus.Fraud : EntryStatus.Refunded);
        }
    }

    function _bookPaid(Deal storage d, Line storage line) internal {
        _bookOut(d, line.payout, _part(d));
        if (line.status == EntryStatus.RuledPay) _bookOut(d, line.payout, _disputeBond(d));
        if (line.status == EntryStatus.Disputed) _bookOut(d, d.buyer, _disputeBond(d));
        line.status = EntryStatus.Paid;
        _bookSettled(d);
    }

    function _bookBad(Deal storage d, Line storage line, EntryStatus outcome) internal {
        _bookOut(d, d.buyer, _part(d) + _bondOf(d.escrow) / d.lines.length);
        if (line.status != EntryStatus.Unsettled) _bookOut(d, d.buyer, _disputeBond(d));
        line.status = outcome;
        ++d.bad;
        _bookSettled(d);
    }

    // Nothing stays with the last one.
    function _bookSettled(Deal storage d) private {
        uint256 count = d.lines.length;
        if (++d.settled < count) return;
        if (count - d.bad < d.terms.minRecords) {
            _bookOut(d, d.buyer, d.escrow - _part(d) * count);
        }
        _bookOut(d, d.hospital, d.held);
    }

    // ---------------------------------------------------------------- money

    function _bookIn(Deal storage d, address from, uint256 amount) private {
        _spent[from] += amount;
        d.held += amount;
        totalHeld += amount;
    }

    function _bookOut(Deal storage d, address to, uint256 amount) private {
        d.held -= amount;
        totalHeld -= amount;
        _due[to] += amount;
        if (!_accepts(to)) _credit[to] += amount;
    }

    // Came with a call and was not needed.
    function _bookReturned(address who, uint256 amount) internal {
        _spent[who] += amount;
        _due[who] += amount;
        _credit[who] += amount;
    }

    function _part(Deal storage d) internal view returns (uint256) {
        return d.escrow / (d.lines.length + 1);
    }

    function _disputeBond(Deal storage d) internal view returns (uint256) {
        return _bondOf(_part(d)); // a tenth, rounded up, too
    }

    function _accepts(address who) internal view returns (bool) {
        if (who == _fussy) return !_isSulking;
        return !_isHostile[who] || Refuser(payable(who)).willing();
    }

    // ---------------------------------------------------------------- what holds now

    function _isSealed(Deal storage d) internal view returns (bool) {
        return d.state == RequestState.Delivered || d.state == RequestState.Finalized;
    }

    function _isLate(Deal storage d) internal view returns (bool) {
        return block.timestamp >= d.deadline;
    }

    function _isVerified(Deal storage d) internal view returns (bool) {
        return d.state == RequestState.Delivered && !_isLate(d);
    }

    function _ruleBy(Deal storage d) internal view returns (uint256) {
        return d.deadline + d.terms.ruleWindow;
    }

    function _isRuled(Deal storage d) internal view returns (bool) {
        return _isSealed(d) && block.timestamp < _ruleBy(d);
    }

    function _isClaimable(Deal storage d, Line storage line) internal view returns (bool) {
        if (d.state == RequestState.Delivered ? !_isLate(d) : d.state != RequestState.Finalized) {
            return false;
        }
        return line.status == EntryStatus.Unsettled || line.status == EntryStatus.RuledPay
            || (line.status == EntryStatus.Disputed && block.timestamp >= _ruleBy(d));
    }

    function _isSettled(Line storage line) internal view returns (bool) {
        return !_isUndisputed(line) && !_isSpared(line);
    }

    function _isUnsettled(Line storage line) internal view returns (bool) {
        return !_isSettled(line);
    }

    function _isUndisputed(Line storage line) internal view returns (bool) {
        return line.status == EntryStatus.Unsettled;
    }

    function _isDisputed(Line storage line) internal view returns (bool) {
        return line.status == EntryStatus.Disputed;
    }

    // Was disputed and may yet be paid.
    function _isSpared(Line storage line) internal view returns (bool) {
        return _isDisputed(line) || line.status == EntryStatus.RuledPay;
    }

    function _isFraud(Line storage line) internal view returns (bool) {
        return line.status == EntryStatus.Fraud;
    }

    function _isProvable(Line storage line) internal view returns (bool) {
        return !line.valid && _isUnsettled(line);
    }
}
