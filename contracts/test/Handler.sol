// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.30;

import {DataHub} from "../DataHub.sol";
import {Entry, RequestState, Terms} from "../datahub/Types.sol";
import {Bomber, Burner, Reenterer, Refuser} from "./Hostile.sol";
import {HubTest} from "./HubTest.sol";

/// @notice Acts on DataHub as everybody at random, and keeps books of its own: for every call it
/// knows from the design whether it must succeed, and what it owes to whom.
contract Handler is HubTest {
    struct Deal {
        RequestState state;
        address buyer;
        address hospital;
        uint256 escrow;
        Terms terms;
        uint256 deadline;
        uint256[] parts; // how many entries each has
        uint256 count;
        uint256 settled;
        mapping(uint256 index => bool) paid;
    }

    struct Anchor {
        bytes32 id;
        uint256 timestamp;
        uint32 keyVersion;
    }

    mapping(uint256 id => Deal) private _deals;
    mapping(uint256 id => uint32[] part) private _versions;
    uint256 public dealCount;
    Anchor[] public anchors;
    uint256 public forced;
    uint32 private _keyVersion;

    address[] public people; // everyone who can send or get money
    address[] private _hospitals;
    address[] private _buyers;
    mapping(address who => uint256) public spent;
    mapping(address who => uint256) public due;
    mapping(string what => uint256) public succeeded;

    uint256 public constant FUNDS = 1000 ether;

    constructor() {
        setUp();
        _keyVersion = 1;
        for (uint256 i = 0; i < 4; ++i) {
            people.push(_payout(i));
        }
        people.push(address(new Refuser()));
        people.push(address(new Burner()));
        people.push(address(new Bomber()));
        Reenterer reenterer = new Reenterer(address(hub));
        reenterer.arm(abi.encodeCall(hub.withdraw, (people[4])));
        people.push(address(reenterer));
        // the last four are contracts: a hostile hospital and buyer are among them
        _hospitals = [hospital, people[4], people[1]];
        _buyers = [buyer, people[5], people[7]];
        people.push(hospital);
        people.push(buyer);
        for (uint256 i = 0; i < people.length; ++i) {
            vm.deal(people[i], FUNDS);
        }
        for (uint256 i = 1; i < 3; ++i) {
            vm.prank(gm);
            hub.setHospital(_hospitals[i], true);
        }
    }

    function theHub() external view returns (DataHub) {
        return hub;
    }

    function peopleCount() external view returns (uint256) {
        return people.length;
    }

    function anchorCount() external view returns (uint256) {
        return anchors.length;
    }

    // ---------------------------------------------------------------- acting

    /// @notice Time goes on by itself, or just up to a deadline, or to the second before.
    function passTime(uint256 seed) external {
        Deal storage d = _deals[_pick(seed, RequestState.Delivered)];
        uint256 to = block.timestamp + _at(seed, 1, 1, 4 hours);
        if (seed % 16 < 2 && d.deadline > block.timestamp + 1) to = d.deadline - seed % 16;
        vm.warp(to);
    }

    function open(uint256 seed) external {
        address who = _buyers[seed % 3];
        uint16 most = uint16(_at(seed, 1, 1, 12));
        Terms memory terms = Terms(
            uint16(_at(seed, 2, 1, most < 3 ? most : 3)),
            most,
            uint32(_at(seed, 3, 1 hours, 5 days)),
            uint32(_at(seed, 4, 1 hours, 5 days)),
            uint32(_at(seed, 5, 1 hours, 3 days)),
            uint32(_at(seed, 6, 1 hours, 3 days))
        );
        uint256 escrow = seed % 5 == 0 ? _at(seed, 7, 0, 30) : _at(seed, 7, 30, 5 ether);
        vm.prank(who);
        bool ok = _call(escrow, abi.encodeCall(hub.requestWithTerms, (TEMPLATE, terms)));
        _require("open", ok, escrow > most);
        if (!ok) return;
        Deal storage d = _deals[++dealCount];
        d.state = RequestState.Open;
        d.buyer = who;
        d.escrow = escrow;
        d.terms = terms;
        d.deadline = block.timestamp + terms.replyWindow;
        spent[who] += escrow;
    }

    function reply(uint256 seed) external {
        uint256 id = _pick(seed, RequestState.Open);
        Deal storage d = _deals[id];
        address who = seed % 7 == 0 ? stranger : _hospitals[seed % 3];
        uint256 value = _bondOf(d.escrow) + (seed % 11 == 0 ? 1 : 0);
        vm.deal(stranger, value);
        bool may = d.state == RequestState.Open && block.timestamp < d.deadline
            && hub.isHospital(who) && value == _bondOf(d.escrow);
        vm.prank(who);
        bool ok = _call(value, abi.encodeCall(hub.reply, (id, MANIFEST)));
        _require("reply", ok, may);
        if (!ok) return;
        d.state = RequestState.Replied;
        d.hospital = who;
        d.deadline = block.timestamp + d.terms.deliverWindow;
        spent[who] += value;
    }

    function deliver(uint256 seed) external {
        uint256 id = _pick(seed, RequestState.Replied);
        Deal storage d = _deals[id];
        address who = seed % 9 == 0 ? stranger : d.hospital;
        uint256 n = _at(seed, 1, 0, 4);
        bool seal = _at(seed, 2, 0, 2) != 0;
        uint256 count = d.count + n;
        Entry[] memory part = _partOf(id, d.count, n);
        for (uint256 i = 0; i < n; ++i) {
            part[i].keyVersion = _keyVersion;
        }
        bool may = d.state == RequestState.Replied && block.timestamp < d.deadline
            && who == d.hospital && count <= d.terms.maxRecords && (n != 0 || seal)
            && (!seal || count >= d.terms.minRecords);
        vm.prank(who);
        bool ok =
            _call(0, abi.encodeCall(hub.deliver, (id, seal ? MANIFEST : bytes32(0), part, seal)));
        _require("deliver", ok, may);
        if (!ok) return;
        d.count = count;
        if (n != 0) {
            d.parts.push(n);
            _versions[id].push(_keyVersion);
        }
        if (seal) {
            d.state = RequestState.Delivered;
            d.deadline = block.timestamp + d.terms.verifyWindow;
        }
    }

    function finalize(uint256 seed) external {
        bool yes = _at(seed, 1, 0, 2) != 0;
        uint256 id = _pick(seed, yes ? RequestState.Delivered : RequestState.Open);
        Deal storage d = _deals[id];
        address who = seed % 2 == 0 ? d.buyer : stranger;
        bool late = block.timestamp >= d.deadline;
        bool may = yes
            ? d.state == RequestState.Delivered && (late || who == d.buyer)
            : late && (d.state == RequestState.Open || d.state == RequestState.Replied);
        vm.prank(who);
        bool ok = _call(0, abi.encodeCall(hub.finalize, (id, yes, new address payable[](0))));
        _require(yes ? "finalize" : "refund", ok, may);
        if (ok && yes) d.state = RequestState.Finalized;
        else if (ok) _bookRefund(d);
    }

    function expire(uint256 seed) external {
        uint256 id = _pick(seed, RequestState.Delivered);
        Deal storage d = _deals[id];
        bool may = block.timestamp >= d.deadline
            && (d.state == RequestState.Open
                || d.state == RequestState.Replied
                || d.state == RequestState.Delivered);
        vm.prank(stranger);
        bool ok = _call(0, abi.encodeCall(hub.expire, (id)));
        _require("expire", ok, may);
        if (!ok) return;
        if (d.state == RequestState.Delivered) d.state = RequestState.Finalized;
        else _bookRefund(d);
    }

    function push(uint256 seed) external {
        uint256 id = _pick(seed, RequestState.Delivered);
        Deal storage d = _deals[id];
        address who = seed % 2 == 0 ? d.buyer : stranger;
        Entry[] memory all = _allOf(id);
        bool may = d.parts.length == 1 && d.settled < d.count
            && (d.state == RequestState.Finalized
                || (d.state == RequestState.Delivered
                    && (block.timestamp >= d.deadline || who == d.buyer)));
        vm.prank(who);
        bool ok = _call(
            0,
            abi.encodeCall(hub.finalizeWithBodyHashes, (id, true, _payouts(all), _bodyHashes(all)))
        );
        _require("push", ok, may);
        if (!ok) return;
        d.state = RequestState.Finalized;
        for (uint256 i = 0; i < d.count; ++i) {
            if (!d.paid[i]) _bookPaid(id, d, i);
        }
    }

    function claim(uint256 seed) external {
        uint256 id = _pick(seed, RequestState.Finalized);
        Deal storage d = _deals[id];
        if (d.count == 0) return;
        uint256 index = _at(seed, 1, 0, d.count - 1);
        for (uint256 i = 0; i < d.count && d.paid[index] && seed % 4 != 0; ++i) {
            index = (index + 1) % d.count; // mostly one that is not paid
        }
        _claimOne(id, index);
    }

    function withdraw(uint256 seed) external {
        // mostly someone who is owed
        address who = people[seed % people.length];
        for (uint256 i = 0; i < people.length && seed % 5 != 0; ++i) {
            if (hub.credits(people[i]) != 0) who = people[i];
        }
        bool may = hub.credits(who) != 0 && (who.code.length == 0 || _isWilling(who));
        vm.prank(stranger);
        bool ok = _call(0, abi.encodeCall(hub.withdraw, (who)));
        _require("withdraw", ok, may);
    }

    function store(uint256 seed) external {
        bytes32 cid = keccak256(abi.encode(seed % 8));
        address owner = people[seed % people.length];
        uint32 current = hub.currentKeyVersion();
        if (current == 0) return;
        bytes32 id;
        if (seed % 2 == 0) {
            id = hub.storeDataFor(cid, cid, sigs[0], owner, current);
        } else {
            vm.prank(owner);
            id = hub.storeData(cid, cid, sigs[0]);
        }
        for (uint256 i = 0; i < anchors.length; ++i) {
            if (anchors[i].id == id) return; // stored again: the first anchor must stay
        }
        anchors.push(Anchor(id, block.timestamp, current));
    }

    /// @notice The managers strike off and register, retire and renew.
    function govern(uint256 seed) external {
        if (seed % 4 == 0) {
            _keyVersion = _installKey();
        } else if (seed % 4 == 1 && hub.currentKeyVersion() != 0) {
            vm.prank(rm);
            hub.retireGroupKey(_keyVersion, false);
        } else {
            vm.prank(gm);
            hub.setHospital(_hospitals[seed % 3], _at(seed, 1, 0, 5) != 0);
        }
    }

    function change(uint256 seed) external {
        address who = people[4 + seed % 3];
        Refuser(payable(who)).setWilling(_at(seed, 1, 0, 2) == 0);
    }

    function force(uint256 seed) external {
        uint256 amount = seed % 100;
        vm.deal(address(hub), address(hub).balance + amount);
        forced += amount;
    }

    // ---------------------------------------------------------------- the end of all things

    /// @notice Time alone, and a stranger, bring each request to its end, each wei to its owner.
    function finish() external {
        for (uint256 id = 1; id <= dealCount; ++id) {
            Deal storage d = _deals[id];
            if (block.timestamp < d.deadline) vm.warp(d.deadline);
            if (d.state != RequestState.Finalized && d.state != RequestState.Refunded) {
                vm.prank(stranger);
                hub.expire(id);
                if (d.state == RequestState.Delivered) d.state = RequestState.Finalized;
                else _bookRefund(d);
            }
            for (uint256 i = 0; d.state == RequestState.Finalized && i < d.count; ++i) {
                if (!d.paid[i]) _claimOne(id, i);
            }
        }
        for (uint256 i = 0; i < people.length; ++i) {
            if (i >= 4 && i < 7) Refuser(payable(people[i])).setWilling(true);
            if (hub.credits(people[i]) != 0) hub.withdraw(people[i]);
        }
    }

    // ---------------------------------------------------------------- the books

    /// @notice What the contract must hold for a request.
    function held(uint256 id) public view returns (uint256) {
        Deal storage d = _deals[id];
        if (d.state == RequestState.Open) return d.escrow;
        if (d.state == RequestState.Refunded) return 0;
        if (d.state == RequestState.Finalized && d.settled == d.count) return 0;
        return d.escrow + _bondOf(d.escrow) - d.settled * _partOfMoney(d);
    }

    function book(uint256 id)
        external
        view
        returns (RequestState state, uint256 deadline, uint256 count, uint256 settled)
    {
        Deal storage d = _deals[id];
        return (d.state, d.deadline, d.count, d.settled);
    }

    function _partOfMoney(Deal storage d) private view returns (uint256) {
        return d.escrow / (d.count + 1);
    }

    function _bookRefund(Deal storage d) private {
        due[d.buyer] += d.escrow + (d.state == RequestState.Replied ? _bondOf(d.escrow) : 0);
        d.state = RequestState.Refunded;
    }

    function _bookPaid(uint256 id, Deal storage d, uint256 index) private {
        d.paid[index] = true;
        due[_payoutOf(id, index)] += _partOfMoney(d);
        if (++d.settled == d.count) {
            due[d.hospital] += d.escrow - _partOfMoney(d) * d.count + _bondOf(d.escrow);
        }
    }

    // ---------------------------------------------------------------- helpers

    function _claimOne(uint256 id, uint256 index) private {
        Deal storage d = _deals[id];
        uint256 number = 0;
        uint256 first = 0;
        while (first + d.parts[number] <= index) first += d.parts[number++];
        Entry[] memory part = _versioned(id, first, number);
        bool may = !d.paid[index]
            && (d.state == RequestState.Finalized
                || (d.state == RequestState.Delivered && block.timestamp >= d.deadline));
        bytes memory call = _claimCall(id, number, first, part, index);
        vm.prank(stranger);
        bool ok = _call(0, call);
        _require("claim", ok, may);
        if (!ok) return;
        d.state = RequestState.Finalized;
        _bookPaid(id, d, index);
    }

    function _claimCall(
        uint256 id,
        uint256 number,
        uint256 first,
        Entry[] memory part,
        uint256 index
    ) private view returns (bytes memory) {
        (, bytes32[] memory proof) = _prove(id, first, part, index);
        Entry memory entry = part[index - first];
        return abi.encodeCall(
            hub.claim, (id, number, index, payable(entry.payout), _bodyHash(entry), proof)
        );
    }

    // Entries first .. first + n - 1 of a request, but for their key version.
    function _partOf(uint256 id, uint256 first, uint256 n)
        private
        view
        returns (Entry[] memory part)
    {
        part = _entries(first, n);
        for (uint256 i = 0; i < n; ++i) {
            part[i].payout = _payoutOf(id, first + i);
        }
    }

    function _versioned(uint256 id, uint256 first, uint256 number)
        private
        view
        returns (Entry[] memory part)
    {
        part = _partOf(id, first, _deals[id].parts[number]);
        for (uint256 i = 0; i < part.length; ++i) {
            part[i].keyVersion = _versions[id][number];
        }
    }

    // All entries, as if delivered in one part.
    function _allOf(uint256 id) private view returns (Entry[] memory all) {
        all = _partOf(id, 0, _deals[id].count);
        for (uint256 i = 0; _versions[id].length == 1 && i < all.length; ++i) {
            all[i].keyVersion = _versions[id][0];
        }
    }

    function _payoutOf(uint256 id, uint256 index) private view returns (address) {
        return people[uint256(keccak256(abi.encode("payout of", id, index))) % people.length];
    }

    function _isWilling(address who) private view returns (bool) {
        for (uint256 i = 4; i < 7; ++i) {
            if (people[i] == who) return Refuser(payable(who)).willing();
        }
        return true;
    }

    function _call(uint256 value, bytes memory data) private returns (bool ok) {
        (ok,) = address(hub).call{value: value}(data);
    }

    function _require(string memory what, bool ok, bool may) private {
        vm.assertEq(ok, may, what);
        if (ok) ++succeeded[what];
    }

    // One of the newest eight requests, mostly one in this state; 0, which is none, at first.
    function _pick(uint256 seed, RequestState wanted) private view returns (uint256 id) {
        if (dealCount == 0) return 0;
        uint256 among = dealCount > 8 ? 8 : dealCount;
        uint256 from = _at(seed, 0, 0, among - 1);
        id = dealCount - from;
        for (uint256 i = 0; i < among && _at(seed, 8, 0, 5) != 0; ++i) {
            uint256 other = dealCount - (from + i) % among;
            if (_deals[other].state == wanted) return other;
        }
    }

    function _at(uint256 seed, uint256 salt, uint256 low, uint256 high)
        private
        pure
        returns (uint256)
    {
        return _bound(uint256(keccak256(abi.encode(seed, salt))), low, high);
    }
}
