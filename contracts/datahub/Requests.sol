// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {EntryTree} from "./EntryTree.sol";
import {GroupKeys} from "./GroupKeys.sol";
import {Money} from "./Money.sol";
import {Scratch} from "./Scratch.sol";
import {
    Entry,
    EntryFault,
    MAX_PER_CALL,
    RequestInfo,
    RequestState,
    SIG_BYTES,
    Terms
} from "./Types.sol";

/// @title Requests for data, up to their sealed delivery
abstract contract Requests is GroupKeys {
    // one slot; windows fit 24 bits, counts 16
    struct Progress {
        RequestState state;
        uint40 deadline;
        uint16 minRecords;
        uint16 maxRecords;
        uint24 replyWindow;
        uint24 deliverWindow;
        uint24 verifyWindow;
        uint24 ruleWindow;
        uint16 count;
        uint16 parts;
        uint16 settled;
        uint16 invalid;
    }

    struct Request {
        address buyer;
        uint96 escrow;
        Progress progress;
        address hospital;
        uint96 highestMinPayout;
        bytes32 lastReleaseRoot;
        mapping(uint256 part => bytes32) roots;
        mapping(uint256 word => uint256) statuses;
    }

    uint256 private constant YS_BYTES = 240;
    uint256 private constant CONSENT_BYTES = 65;

    /// @notice How many requests were made; the newest has this id, the first has 1.
    uint256 public requestCount;

    mapping(uint256 id => Request) internal _requests;

    /// @notice A buyer opened a request and put amount into escrow.
    event RequestOpen(
        uint256 indexed id, bytes32 templateHash, address indexed buyer, uint256 amount
    );
    /// @notice A hospital took a request and left its bond.
    event ReplySubmitted(uint256 indexed id, bytes32 templateCid, address indexed hospital);
    /// @notice An entry was delivered: what a buyer, a judge or a claimant needs of it, in full.
    event EntryDelivered(
        uint256 indexed id, uint256 index, bytes32 indexed releaseRoot, Entry entry
    );
    /// @notice A delivery was sealed with count entries; its verification begins.
    event Delivered(uint256 indexed id, bytes32 manifestCid, uint256 count);

    /// @notice The request's state does not allow this; None: there is no such request.
    error BadState(uint256 id, RequestState state);
    /// @notice Acting was possible before this time.
    error DeadlinePassed(uint256 deadline);
    /// @notice This will be possible from this time on.
    error TooEarly(uint256 deadline);
    /// @notice The call must come with exactly this much wei.
    error WrongValue(uint256 given, uint256 expected);
    /// @notice The escrow is too small for maxRecords, or larger than the contract can count.
    error BadEscrow(uint256 given, uint256 least, uint256 most);
    /// @notice Record counts or windows are out of their range, see {Terms}.
    error BadTerms();
    /// @notice Only a registered hospital, or the one that replied, may do this.
    error NotHospital(address caller);
    /// @notice The manifest belongs to the seal, and only there.
    error BadManifest(bytes32 manifestCid, bool seal);
    /// @notice A part without entries is allowed only with the seal.
    error EmptyPart();
    /// @notice The entries are fewer or more than the terms say.
    error BadCount(uint256 count, uint256 least, uint256 most);
    /// @notice An entry breaks a rule.
    error BadEntry(uint256 index, EntryFault fault);
    /// @notice With so many entries each is paid less than a patient wants at least.
    error PayoutTooSmall(uint256 part, uint256 minPayout);

    /// @notice Opens a request with the default terms: 20 to 400 records, 3 days to reply, 14 to
    /// deliver, 7 to verify, 14 to rule. The escrow is msg.value, more than 400 wei.
    /// @param templateHash the template, whose min_records and price_wei must be these
    /// @return id the request's number
    function request(bytes32 templateHash) external payable returns (uint256 id) {
        return _open(templateHash, Terms(20, 400, 3 days, 14 days, 7 days, 14 days));
    }

    /// @notice Opens a request. The escrow is msg.value, more wei than terms.maxRecords.
    /// @param templateHash the template, whose min_records and price_wei must be these
    /// @param terms see {Terms}
    /// @return id the request's number
    function requestWithTerms(bytes32 templateHash, Terms calldata terms)
        external
        payable
        returns (uint256 id)
    {
        return _open(templateHash, terms);
    }

    /// @notice A registered hospital takes the request, before replyBy; msg.value is its bond, a
    /// tenth of the escrow rounded up.
    /// @param id the request
    /// @param templateCid the hospital's offer
    function reply(uint256 id, bytes32 templateCid) external payable {
        Request storage r = _requests[id];
        Progress storage p = r.progress;
        _requireState(id, p.state, RequestState.Open);
        if (block.timestamp >= p.deadline) revert DeadlinePassed(p.deadline);
        if (!isHospital[msg.sender]) revert NotHospital(msg.sender);
        _requireValue(Money.bond(r.escrow));
        r.hospital = msg.sender;
        p.state = RequestState.Replied;
        p.deadline = uint40(block.timestamp + p.deliverWindow);
        emit ReplySubmitted(id, templateCid, msg.sender);
    }

    /// @notice The request's hospital delivers a part of the entries, or the last part and the
    /// seal, before deliverBy. Release roots ascend strictly over all parts.
    /// @param id the request
    /// @param manifestCid the manifest with the seal, else 0
    /// @param entries at most {MAX_PER_CALL}; none only with the seal
    /// @param seal whether the delivery is complete
    function deliver(uint256 id, bytes32 manifestCid, Entry[] calldata entries, bool seal)
        external
    {
        Request storage r = _requests[id];
        Progress memory p = r.progress;
        _requireState(id, p.state, RequestState.Replied);
        if (msg.sender != r.hospital) revert NotHospital(msg.sender);
        if (block.timestamp >= p.deadline) revert DeadlinePassed(p.deadline);
        if (seal == (manifestCid == 0)) revert BadManifest(manifestCid, seal);
        if (entries.length > MAX_PER_CALL) revert TooMany(entries.length, MAX_PER_CALL);

        uint256 count = p.count + entries.length;
        if (count > p.maxRecords || (seal && count < p.minRecords)) {
            revert BadCount(count, p.minRecords, p.maxRecords);
        }
        if (entries.length != 0) {
            r.roots[p.parts] = _deliverPart(id, r, p.count, entries);
            r.progress.parts = p.parts + 1;
            r.progress.count = uint16(count);
        } else if (!seal) {
            revert EmptyPart();
        }
        if (seal) {
            r.progress.state = RequestState.Delivered;
            r.progress.deadline = uint40(block.timestamp + p.verifyWindow);
            emit Delivered(id, manifestCid, count);
        }
    }

    /// @notice A request's state, money, deadlines, counters and terms; reverts when there is no
    /// such request.
    /// @param id the request
    /// @return info see {RequestInfo}
    function getRequest(uint256 id) external view returns (RequestInfo memory info) {
        Request storage r = _requests[id];
        Progress memory p = r.progress;
        if (p.state == RequestState.None) revert BadState(id, p.state);
        info.state = p.state;
        info.buyer = r.buyer;
        info.hospital = r.hospital;
        info.escrow = r.escrow;
        info.bond = Money.bond(r.escrow);
        info.deadline = p.deadline;
        if (p.state == RequestState.Delivered || p.state == RequestState.Finalized) {
            info.ruleBy = uint256(p.deadline) + p.ruleWindow;
        }
        info.count = p.count;
        info.parts = p.parts;
        info.settled = p.settled;
        info.invalid = p.invalid;
        info.highestMinPayout = r.highestMinPayout;
        info.lastReleaseRoot = r.lastReleaseRoot;
        info.terms = Terms(
            p.minRecords, p.maxRecords, p.replyWindow, p.deliverWindow, p.verifyWindow, p.ruleWindow
        );
    }

    /// @notice The Merkle root of a delivered part.
    /// @param id the request
    /// @param part its number, from 0
    /// @return the root; 0 when there is no such part
    function getPartRoot(uint256 id, uint256 part) external view returns (bytes32) {
        return _requests[id].roots[part];
    }

    function _open(bytes32 templateHash, Terms memory terms) private returns (uint256 id) {
        if (
            terms.minRecords == 0 || terms.minRecords > terms.maxRecords
                || _badWindow(terms.replyWindow) || _badWindow(terms.deliverWindow)
                || _badWindow(terms.verifyWindow) || _badWindow(terms.ruleWindow)
        ) revert BadTerms();
        if (msg.value <= terms.maxRecords || msg.value > type(uint96).max) {
            revert BadEscrow(msg.value, uint256(terms.maxRecords) + 1, type(uint96).max);
        }
        id = ++requestCount;
        Request storage r = _requests[id];
        r.buyer = msg.sender;
        r.escrow = uint96(msg.value);
        Progress storage p = r.progress;
        p.state = RequestState.Open;
        p.deadline = uint40(block.timestamp + terms.replyWindow);
        p.minRecords = terms.minRecords;
        p.maxRecords = terms.maxRecords;
        p.replyWindow = uint24(terms.replyWindow);
        p.deliverWindow = uint24(terms.deliverWindow);
        p.verifyWindow = uint24(terms.verifyWindow);
        p.ruleWindow = uint24(terms.ruleWindow);
        emit RequestOpen(id, templateHash, msg.sender, msg.value);
    }

    function _badWindow(uint32 window) private pure returns (bool) {
        return window < 1 hours || window > 90 days;
    }

    // Checks and logs the entries of one part; returns the part's root.
    function _deliverPart(uint256 id, Request storage r, uint256 first, Entry[] calldata entries)
        private
        returns (bytes32)
    {
        uint256 n = entries.length;
        bytes32[] memory tree = new bytes32[](2 * n - 1);
        bytes32 last = r.lastReleaseRoot;
        uint256 highest = r.highestMinPayout;
        uint256 scratch = Scratch.mark();
        for (uint256 i = 0; i < n; ++i) {
            Entry calldata entry = entries[i];
            uint256 index = first + i;
            if (entry.releaseRoot <= last) revert BadEntry(index, EntryFault.Order);
            last = entry.releaseRoot;
            if (entry.minPayout > highest) highest = entry.minPayout;
            _checkEntry(index, entry);
            bytes32 body = EntryTree.bodyHash(entry);
            tree[2 * n - 2 - i] = EntryTree.leaf(id, index, entry.payout, body);
            emit EntryDelivered(id, index, last, entry);
            Scratch.reset(scratch);
        }
        uint256 part = Money.part(r.escrow, first + n);
        if (highest > part) revert PayoutTooSmall(part, highest);
        r.lastReleaseRoot = last;
        r.highestMinPayout = uint96(highest);
        return EntryTree.root(tree, n);
    }

    function _checkEntry(uint256 index, Entry calldata entry) private view {
        if (
            entry.sig.length != SIG_BYTES || entry.ys.length != YS_BYTES
                || entry.consent.length != CONSENT_BYTES
        ) revert BadEntry(index, EntryFault.Length);
        if (entry.payout == address(0) || entry.payout == address(this)) {
            revert BadEntry(index, EntryFault.Payout);
        }
        if (!_isSellable(entry.keyVersion)) revert BadEntry(index, EntryFault.KeyVersion);
    }

    function _requireState(uint256 id, RequestState state, RequestState wanted) internal pure {
        if (state != wanted) revert BadState(id, state);
    }

    function _requireValue(uint256 expected) internal view {
        if (msg.value != expected) revert WrongValue(msg.value, expected);
    }
}
